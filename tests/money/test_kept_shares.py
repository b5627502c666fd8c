"""A share that is kept until the work is done: not a cent before its release, and all of it at the release."""

from __future__ import annotations

import pytest

from backend.domain.states import MoneyState
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.kept import (
    DAYS,
    DEADLINE,
    GRACE,
    ON_DELIVERY,
    SHARE,
    deliver_work,
    reason_of,
    sell_so,
)
from tests.money.sweeping import DAY, heard


def metadata_of(market: Marketplace, payment: str) -> dict[str, str]:
    """The payment's metadata as it is at Stripe."""
    found: dict[str, str] = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
    return found


# The terms are frozen at purchase.


def test_the_terms_of_release_are_frozen_at_purchase(town: Marketplace) -> None:
    """A later catalogue changes nothing about what was sold."""
    payment = town.paid()
    sell_so(town, "at_once")
    town.deliver()

    frozen = {key: value for key, value in metadata_of(town, payment).items() if key.startswith("release")}
    assert frozen == {"release": "on_delivery", "releaseDays": str(DAYS), "releaseGraceDays": str(GRACE)}
    assert (town.held(payment), reason_of(town, payment)) == (0, "undelivered")


def test_a_later_grace_does_not_shorten_what_a_player_was_told(town: Marketplace) -> None:
    """Three days were sold, and three days are kept, although the setting is none by now."""
    payment = town.paid()
    sell_so(town, ON_DELIVERY, grace_days=0)

    answer = deliver_work(town, payment)

    assert (answer.json["release"]["released"], town.held(payment)) == (False, 0)


@pytest.mark.parametrize("release", ["at_once", None])
def test_a_share_that_is_sent_at_once_has_the_metadata_of_always(release: str | None) -> None:
    """The bytes of a purchase do not change, so a purchase that is tried again meets its own key."""
    market = Marketplace(now=NOW)
    before = metadata_of(market, market.buy()["id"])
    if release:
        sell_so(market, release)

    assert metadata_of(market, market.buy()["id"]) == before
    assert not [key for key in before if key.startswith("release")]


def test_a_share_that_is_sent_at_once_costs_no_further_call(market: Marketplace) -> None:
    """Buying, and the event that pays the coach, make the calls of always."""
    market.ready_coach()
    market.buy()
    market.forget_calls()

    payment = market.paid()
    bought = [call for call in market.calls() if "products" in call]
    market.deliver()

    assert (bought, market.held(payment)) == ([], SHARE)
    assert not [call for call in market.calls() if "kept_days" in call]


@pytest.mark.parametrize(
    "damage",
    [
        {"release": "sometime"},
        {"release": "on_delivery", "releaseDays": ""},
        {"releaseDays": "-3"},
        {"releaseDays": "soon"},
        {"releaseGraceDays": "x"},
    ],
    ids=str,
)
def test_damaged_terms_are_no_release(town: Marketplace, damage: dict[str, str]) -> None:
    """A payment whose terms cannot be read is held by name, and never paid by mistake."""
    payment = town.paid()
    town.stripe.v1.payment_intents.update(payment, {"metadata": damage})
    town.clock.set(DEADLINE + DAY)

    town.reconcile()

    assert (town.held(payment), reason_of(town, payment)) == (0, "unreadable")


# The hold forbids paying.


def test_nothing_is_sent_before_the_release(either: Marketplace) -> None:
    """Neither event, nor sweep, nor settling by hand, nor the manual transfer."""
    payment = either.paid()
    either.deliver()
    either.reconcile()
    ended = either.settle(payment)

    refused = either.post(
        "/api/connect/transfer",
        {
            "paymentIntentId": payment,
            "coachAccountId": metadata_of(either, payment)["coachAccountId"],
            "amount": 4725,
        },
    )

    assert (ended.state, ended.waits, refused.status_code) == (MoneyState.HELD, SHARE, 409)
    assert (either.held(payment), either.note(payment)) == (0, f"held:undelivered:0.0:{NOW}:{SHARE}")


def test_the_event_of_a_kept_payment_lists_nothing(either: Marketplace) -> None:
    """The hold is looked at before transfers are: a read and the note."""
    payment = either.paid()
    either.forget_calls()

    either.deliver()

    assert either.calls() == [f"GET /v1/payment_intents/{payment}", f"POST /v1/payment_intents/{payment}"]


def test_a_second_look_before_the_release_writes_nothing(either: Marketplace) -> None:
    """The note stands as it is."""
    payment = either.paid()
    either.deliver()
    either.clock.advance(DAY)
    either.forget_calls()

    either.settle(payment)
    either.reconcile([payment])

    assert [call for call in either.calls() if not call.startswith("GET")] == []


def test_the_player_gets_the_session_although_the_share_is_kept(either: Marketplace) -> None:
    """The session does not wait for the coach's money."""
    payment = either.paid()
    with heard(signals.session_opened) as told:
        either.deliver()

    assert [one["session"].payment_intent_id for one in told] == [payment]
    assert either.confirm(payment).status_code == 200
