"""News that few payments give: several refunds that fail, payments settled by hand, events of which little is known."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.webhooks import signals
from tests.builders import Marketplace
from tests.money.news_heard import lines, news, only
from tests.money.odd_money import dispute
from tests.money.wide_world import with_funds


def refunds(market: Marketplace, payment: str, *amounts: int) -> list[str]:
    """Refunds in the Dashboard, each told."""
    made = []
    for amount in amounts:
        made.append(market.stripe.v1.refunds.create({"payment_intent": payment, "amount": amount}).id)
        market.deliver()
    return made


def fail(market: Marketplace, refund: str) -> None:
    """Have the bank send a refund back."""
    market.control("POST", f"/refunds/{refund}/fail", {})
    market.deliver()


def opened_by(told: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """The refunds whose failure opened a session again."""
    return [facts["id"].split(":")[1] for _, facts in only(told, "session-opened") if ":" in facts["id"]]


def test_a_refund_that_fails_opens_what_it_had_closed_together_with_others(market: Marketplace) -> None:
    """An earlier one that had failed whole is no part of that."""
    payment = market.paid()
    market.deliver()
    (whole,) = refunds(market, payment, 4725)
    fail(market, whole)
    first, _ = refunds(market, payment, 2000, 2725)

    with news() as told:
        fail(market, first)

    assert opened_by(told) == [first]


def test_each_of_two_refunds_that_fail_may_be_the_one_that_had_closed_the_session(market: Marketplace) -> None:
    """After the second the charge tells of no refund at all."""
    payment = market.paid()
    market.deliver()
    first, second = refunds(market, payment, 2000, 2725)

    with news() as told:
        fail(market, first)
        fail(market, second)

    assert opened_by(told) == [first, second]


def test_refunds_of_a_part_open_nothing_when_they_fail(market: Marketplace) -> None:
    """The session was never closed."""
    payment = market.paid()
    market.deliver()
    first, second = refunds(market, payment, 2000, 2724)

    with news() as told:
        fail(market, first)
        fail(market, second)

    assert opened_by(told) == []


def by_hand(market: Marketplace) -> str:
    """A payment that a person settles."""
    payment = market.paid()
    market.deliver()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlementMode": "manual"}})
    return payment


def test_the_refund_of_a_payment_that_a_person_settles_is_told(market: Marketplace) -> None:
    """Its money is not looked at; the refund is read by its id."""
    payment = by_hand(market)

    with news() as told:
        (refund,) = refunds(market, payment, 1000)

    assert [facts["id"] for _, facts in only(told, "refund-made")] == [refund]


def test_the_dispute_of_a_payment_that_a_person_settles_is_told(market: Marketplace) -> None:
    """With its end."""
    payment = by_hand(market)

    with news() as told:
        one = dispute(market, payment)
        market.deliver()
        market.control("POST", f"/disputes/{one}/lose", {})
        market.deliver()

    facts = [(name, facts["dispute_id"]) for name, facts in only(told, "dispute-opened", "dispute-closed")]
    assert facts == [("dispute-opened", one), ("dispute-closed", one)]


@pytest.mark.parametrize("marks", [{"app": "coaching-payments"}, {"slot": "0"}], ids=["no slot", "no mark"])
def test_a_transfer_that_no_settlement_wrote_is_looked_at(market: Marketplace, marks: dict[str, str]) -> None:
    """One without a slot is of an earlier version, one without a mark is a person's: the rest of the share follows."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    metadata = {**marks, "paymentIntentId": payment}
    params: Any = {"amount": 1000, "currency": "cad", "destination": account, "metadata": metadata}
    market.stripe.v1.transfers.create(params)

    assert market.send(market.event("transfer.created")) == 200

    sent = [one.amount for one in market.stripe.v1.transfers.list({"destination": account}).data]
    assert sorted(sent) == [1000, 3252]


@pytest.mark.parametrize("marks", [{}, {"slot": "0r0"}, {"app": "coaching-payments"}], ids=str)
def test_a_reversal_that_no_settlement_wrote_is_looked_at(market: Marketplace, marks: dict[str, str]) -> None:
    """A person's metadata may look a little like ours: the share is sent again."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    with_funds(market)
    params: Any = {"amount": 1000, "metadata": marks}
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, params)

    assert market.send(market.event("transfer.reversed")) == 200

    assert sum(one.amount - one.amount_reversed for one in market.transfers(payment)) == 4252


def test_an_account_event_is_delivered_again_while_search_is_down(market: Marketplace) -> None:
    """The payments among the newest events are settled all the same."""
    account = market.register()
    payment = market.paid()
    market.deliver()
    market.onboard(account)
    event = market.event_of(account, "account.updated")
    secret = market.settings.stripe_connect_webhook_secrets[0]
    market.fault("GET", "/v1/payment_intents/search", "before", {"status": 500}, times=20)

    assert market.send(event, secret) >= 500

    assert [one.amount for one in market.transfers(payment)] == [4252]


def test_the_failure_of_a_subscriber_is_logged_by_its_class(market: Marketplace) -> None:
    """No fact of the news is in that line."""
    market.paid()

    def take(_sender: object, **_facts: Any) -> None:
        raise LookupError

    with signals.session_opened.connected_to(take), capture_logs() as logs:
        market.deliver()

    assert lines(logs, "signal.failed") == [{"kind": "LookupError"}]
