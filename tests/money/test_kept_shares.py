"""A share that is kept until the work is done: not a cent before its release, and all of it at the release."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.states import MoneyState
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.kept import (
    DAYS,
    GRACE,
    SHARE,
    accept_work,
    deliver_work,
    reason_of,
    search_is_down,
    sell_so,
    sweep_hourly,
    town_of,
)
from tests.money.odd_money import arrive, choose, debit
from tests.money.sweeping import DAY, HOUR, fund, heard, pay_by_hand, report, swept
from tests.money.test_no_date import Dateless

ON_DELIVERY, AFTER_DAYS = f"on_delivery:{DAYS}", f"after_days:{DAYS}"
DEADLINE = NOW + DAYS * DAY


@pytest.fixture(params=[ON_DELIVERY, AFTER_DAYS])
def either(request: pytest.FixtureRequest) -> Marketplace:
    """A marketplace that keeps shares, in either way."""
    return town_of(request.param)


@pytest.fixture
def town() -> Marketplace:
    """A marketplace that keeps shares until the work is delivered."""
    return town_of(ON_DELIVERY)


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


# The deadline.


def test_the_deadline_releases_to_the_second(either: Marketplace) -> None:
    """One second before it nothing is sent, and then all."""
    payment = either.paid()
    either.deliver()

    either.clock.set(DEADLINE - 1)
    early = either.settle(payment)
    either.clock.set(DEADLINE)
    either.settle(payment)

    assert (early.state, either.held(payment), either.note(payment)) == (MoneyState.HELD, SHARE, None)


@pytest.mark.parametrize("searches", [True, False])
def test_the_sweep_keeps_the_deadline(either: Marketplace, searches: bool) -> None:
    """Events lost, with Search and without: nothing early, and all of it by the first sweep after the deadline."""
    payment = either.paid()
    if not searches:
        search_is_down(either)
    sweep_hourly(either, DEADLINE - 1)
    early = either.held(payment)

    either.clock.set(DEADLINE + HOUR)
    either.reconcile()

    assert (early, either.held(payment)) == (0, SHARE)


def test_the_sweep_keeps_the_deadline_of_what_is_not_sold_any_more() -> None:
    """The number of days stands in a Product, since before the first sale."""
    market = town_of(ON_DELIVERY)
    payment = market.paid()
    sell_so(market, "at_once")
    search_is_down(market)
    sweep_hourly(market, DEADLINE - 1)

    market.clock.set(DEADLINE + HOUR)
    market.reconcile()

    assert market.held(payment) == SHARE


def test_the_sweep_keeps_the_deadline_when_the_list_of_days_is_lost(town: Marketplace) -> None:
    """Somebody deleted the Product: the catalogue of today says the days too."""
    payment = town.paid()
    search_is_down(town)
    town.reconcile()
    town.stripe.v1.products.delete("kept_days")
    town.clock.set(DEADLINE + HOUR)

    town.reconcile()

    assert town.held(payment) == SHARE


def test_a_walk_that_failed_is_made_again(town: Marketplace) -> None:
    """The mark moves on, and the next sweep still looks at the deadlines that this one has not seen."""
    payment = town.paid()
    search_is_down(town)
    sweep_hourly(town, DEADLINE - HOUR)
    town.clock.set(DEADLINE + HOUR)
    town.fault("GET", "/v1/products/kept_days", "before", {"status": 500}, times=3)
    town.reconcile()
    assert town.held(payment) == 0
    town.clock.advance(10 * HOUR)

    town.reconcile()

    assert town.held(payment) == SHARE


def test_a_sweep_after_a_long_pause_finds_every_deadline_in_it(town: Marketplace) -> None:
    """Nobody swept for three weeks."""
    payment = town.paid()
    town.reconcile()
    search_is_down(town)
    town.clock.set(NOW + 21 * DAY)

    town.reconcile()

    assert town.held(payment) == SHARE


@pytest.mark.parametrize("booked", ["success", "pending"])
def test_the_deadline_counts_from_the_moneys_arrival(town: Marketplace, booked: str) -> None:
    """Begun on day 0, paid on day 3: the share of a bank debit is released on day 17, Search down."""
    choose(town, debit_booked=booked)
    payment = debit(town)
    town.clock.set(NOW + 3 * DAY)
    arrive(town, payment)
    town.deliver()
    search_is_down(town)
    sweep_hourly(town, DEADLINE + 3 * DAY - 1)
    early = town.held(payment)

    town.clock.set(DEADLINE + 3 * DAY + HOUR)
    town.reconcile()

    assert (early, town.held(payment)) == (0, SHARE)


def test_an_answer_without_a_date_releases_nothing(town: Marketplace) -> None:
    """No deadline has passed as long as Stripe's time is not known; this machine's says nothing."""
    payment = town.paid()
    town.deliver()
    town.clock.set(DEADLINE + DAY)
    town.line = Dateless(town.sandbox)
    town.app = town.another_backend()

    ended = town.settle(payment)

    assert (ended.state, town.held(payment)) == (MoneyState.HELD, 0)


# Delivered, accepted, released.


def test_the_share_follows_some_days_after_the_delivery(town: Marketplace) -> None:
    """The coach says so on day 2; on day 5 the next sweep pays."""
    payment = town.paid()
    town.deliver()
    town.clock.advance(2 * DAY)
    answer = deliver_work(town, payment)

    town.clock.advance(GRACE * DAY - 1)
    town.reconcile()
    early = town.held(payment)
    town.clock.advance(1)
    town.reconcile()

    assert answer.json["release"] == {
        "paymentIntentId": payment,
        "released": False,
        "deliveredAt": moment(NOW + 2 * DAY),
        "releaseAt": moment(NOW + 5 * DAY),
    }
    assert (early, town.held(payment)) == (0, SHARE)


def moment(at: int) -> str:
    """A unix second as the API writes it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def test_the_first_delivery_stays(town: Marketplace) -> None:
    """Said again days later, with all keys forgotten: the same moment, and no write."""
    payment = town.paid()
    first = deliver_work(town, payment)
    town.clock.advance(2 * DAY)
    town.forget_calls()

    again = deliver_work(town, payment)

    assert again.json == first.json
    assert [call for call in town.calls() if not call.startswith("GET")] == []


def test_a_delivery_at_the_last_moment_does_not_move_the_deadline(town: Marketplace) -> None:
    """The deadline is what every hold has, and delivering never makes a coach wait longer."""
    payment = town.paid()
    town.clock.set(DEADLINE - HOUR)

    answer = deliver_work(town, payment)

    assert answer.json["release"]["releaseAt"] == moment(DEADLINE)


@pytest.mark.parametrize("text", ["soon", "-5", "1", "", "99999999999999"])
def test_a_moment_that_nobody_here_wrote_releases_nothing(town: Marketplace, text: str) -> None:
    """Neither words, nor a delivery or an acceptance of before the payment."""
    payment = town.paid()
    town.stripe.v1.payment_intents.update(payment, {"metadata": {"deliveredAt": text, "acceptedAt": text}})
    town.clock.advance(GRACE * DAY + HOUR)

    assert (town.settle(payment).state, town.held(payment)) == (MoneyState.HELD, 0)


def test_a_later_delivery_written_over_the_first_only_delays(town: Marketplace) -> None:
    """Somebody writes another moment in the Dashboard: the share comes later, at the latest on its deadline."""
    payment = town.paid()
    deliver_work(town, payment)
    later = NOW + 40 * DAY
    town.stripe.v1.payment_intents.update(payment, {"metadata": {"deliveredAt": str(later)}})
    town.clock.advance(GRACE * DAY + HOUR)
    town.settle(payment)
    delayed = town.held(payment)

    town.clock.set(DEADLINE)
    town.settle(payment)

    assert (delayed, town.held(payment)) == (0, SHARE)


@pytest.mark.parametrize("who", ["player", "operator"])
def test_an_acceptance_pays_at_once(either: Marketplace, who: str) -> None:
    """The player's, and an operator's word."""
    payment = either.paid()
    either.deliver()
    either.clock.advance(DAY)

    if who == "player":
        answer = accept_work(either, payment)
        assert answer.json["release"]["released"] is True
    else:
        either.release(payment)

    assert (either.held(payment), either.note(payment)) == (SHARE, None)


def test_a_second_acceptance_changes_nothing(either: Marketplace) -> None:
    """The answer is the same, and nothing is sent or written again."""
    payment = either.paid()
    first = accept_work(either, payment)
    either.forget_calls()

    again = accept_work(either, payment)

    assert again.json == first.json
    assert [call for call in either.calls() if not call.startswith("GET")] == []
    assert either.held(payment) == SHARE


def test_an_acceptance_whose_answer_was_lost_is_finished_by_the_next(either: Marketplace) -> None:
    """The transfer fails after the moment was written: 5xx, and the same request pays."""
    payment = either.paid()
    either.deliver()
    either.fault("POST", "/v1/transfers", "before", "close", times=9)
    failed = accept_work(either, payment)
    either.sandbox.faults.clear()

    again = accept_work(either, payment)

    assert (failed.status_code >= 500, again.status_code, either.held(payment)) == (True, 200, SHARE)


def test_an_acceptance_that_nobody_finished_is_finished_by_the_sweep(either: Marketplace) -> None:
    """The player went away after the failure."""
    payment = either.paid()
    either.deliver()
    either.fault("POST", "/v1/transfers", "before", "close", times=9)
    accept_work(either, payment)
    either.sandbox.faults.clear()
    either.clock.advance(HOUR)

    either.reconcile()

    assert either.held(payment) == SHARE


def test_a_share_that_waits_for_a_day_is_not_released_by_a_delivery() -> None:
    """``after_days`` is no promise to deliver."""
    market = town_of(AFTER_DAYS)
    payment = market.paid()

    assert deliver_work(market, payment).status_code == 409


@pytest.mark.parametrize("ask", [deliver_work, accept_work])
def test_what_waits_for_nothing_cannot_be_released(market: Marketplace, ask: Any) -> None:
    """A share that is sent at once, and one that is not paid yet."""
    market.ready_coach()
    sent, unpaid = market.paid(), None
    sell_so(market, ON_DELIVERY)
    unpaid = market.buy()["id"]

    assert (ask(market, sent).status_code, ask(market, unpaid).status_code) == (409, 409)


# Refunds, disputes, people.


@pytest.mark.parametrize("amount", [1_000, 4_725])
def test_a_refund_before_the_release_reverses_nothing(either: Marketplace, amount: int) -> None:
    """There is nothing to take back; at the deadline the coach gets the share of what is left."""
    payment = either.paid()
    either.deliver()
    either.refund(payment, amount=amount)
    either.deliver()
    before = either.held(payment)

    either.clock.set(DEADLINE + HOUR)
    either.reconcile()

    left = 4_725 - amount
    assert before == 0
    assert either.held(payment) == left - (left * 10 + 50) // 100
    assert [one.amount_reversed for one in either.transfers(payment)] == ([0] if left else [])


def test_a_refunded_payment_cannot_be_released(either: Marketplace) -> None:
    """All of it is with the player."""
    payment = either.paid()
    either.refund(payment)

    assert accept_work(either, payment).status_code == 409


@pytest.mark.parametrize("case_type", ["chargeback", "inquiry"])
def test_an_open_dispute_keeps_the_share_past_its_deadline(either: Marketplace, case_type: str) -> None:
    """An inquiry too, which takes no money: the player complains."""
    payment = either.paid()
    either.deliver()
    dispute_as(either, payment, case_type)
    either.deliver()

    either.clock.set(DEADLINE + HOUR)
    either.reconcile()
    accept_work(either, payment)

    assert either.held(payment) == 0


def dispute_as(market: Marketplace, payment: str, case_type: str) -> str:
    """The player's bank disputes, or asks."""
    made = market.control("POST", "/disputes", {"charge": market.charge(payment), "case_type": case_type})
    assert made.status_code == 200, made.text
    return str(made.json["id"])


@pytest.mark.parametrize("searches", [True, False])
def test_the_end_of_an_inquiry_releases_the_share(either: Marketplace, searches: bool) -> None:
    """It was due meanwhile, and no event tells of the end; an inquiry's end has no line in the books either."""
    payment = either.paid()
    either.deliver()
    inquiry = dispute_as(either, payment, "inquiry")
    either.deliver()
    if not searches:
        search_is_down(either)
    sweep_hourly(either, DEADLINE + DAY)
    early = either.held(payment)
    either.control("POST", f"/disputes/{inquiry}/win")
    either.clock.advance(HOUR)

    either.reconcile()

    assert (early, either.held(payment)) == (0, SHARE)


def test_an_inquiry_that_no_event_told_of_keeps_the_share(either: Marketplace) -> None:
    """The charge does not say that it was inquired about: before a kept share is sent, its disputes are read."""
    choose(either, dispute_marks_charge=False)
    payment = either.paid()
    either.deliver()
    dispute_as(either, payment, "inquiry")
    either.clock.set(DEADLINE + HOUR)

    either.reconcile()

    assert either.held(payment) == 0


def test_a_dispute_that_is_won_before_the_deadline_changes_nothing(either: Marketplace) -> None:
    """The share is sent on the deadline, not with the bank's decision."""
    payment = either.paid()
    either.deliver()
    dispute = either.dispute(payment)
    either.deliver()
    either.control("POST", f"/disputes/{dispute}/win")
    either.deliver()
    before = either.held(payment)

    either.clock.set(DEADLINE + HOUR)
    either.reconcile()

    assert (before, either.held(payment)) == (0, SHARE)


def test_a_person_who_settles_by_hand_stops_the_release(either: Marketplace) -> None:
    """Neither the deadline nor an acceptance sends anything."""
    payment = either.paid()
    either.deliver()
    either.app.extensions["payments"].payments.set_mode(payment, True)
    either.clock.set(DEADLINE + HOUR)

    either.reconcile()
    accept_work(either, payment)

    assert either.held(payment) == 0


def test_a_payment_by_hand_during_the_hold_is_not_taken_back(either: Marketplace) -> None:
    """The target has not changed; the deadline sends the rest."""
    account = str(either.stripe.v1.accounts.list({}).data[0].id)
    payment = either.paid()
    either.deliver()
    fund(either)
    transfer = pay_by_hand(either, account, 2_000, paymentIntentId=payment)
    either.deliver()
    kept = either.stripe.v1.transfers.retrieve(transfer.id).amount_reversed

    either.clock.set(DEADLINE + HOUR)
    either.reconcile()

    ours = [one for one in either.transfers(payment) if one.id != transfer.id]
    assert kept == 0
    assert sum(one.amount for one in ours) == SHARE - 2_000


def test_a_coach_who_becomes_ready_does_not_release() -> None:
    """The account was what nothing waited for; the event of a coach with many kept shares makes no call for each."""
    market = town_of(ON_DELIVERY)
    payments = [market.paid("coach-2") for _ in range(3)]
    market.deliver()
    market.clock.advance(2 * HOUR)
    account = market.register("coach-2")
    market.forget_calls()

    market.onboard(account)
    market.deliver()
    looks = [call for call in market.calls() if call.startswith("GET /v1/payment_intents/pi_")]

    assert (looks, [market.held(payment) for payment in payments]) == ([], [0, 0, 0])


def test_a_coach_who_is_not_ready_at_the_deadline_is_paid_when_ready(either: Marketplace) -> None:
    """The release and the account are two things; the last of the two pays."""
    payment = either.paid("coach-2")
    either.deliver()
    either.clock.set(DEADLINE + HOUR)
    either.reconcile()
    waits = reason_of(either, payment)

    account = either.register("coach-2")
    either.clock.advance(HOUR)  # Search is a minute behind
    either.onboard(account)
    either.deliver()

    assert (waits, either.held(payment)) == ("no_account", SHARE)


# The sum that is kept.


def test_an_unreleased_payment_balances_and_is_counted(either: Marketplace) -> None:
    """The sweep makes no call for it, and its report shows the sum that is kept."""
    for _ in range(3):
        either.paid()
    either.deliver()
    either.clock.advance(2 * DAY)
    either.reconcile()
    either.forget_calls()

    told = report(either)

    assert told["payments"] == []
    assert [(one["reason"], one["payments"], one["held"]) for one in told["waiting"]] == [("undelivered", 3, 3 * SHARE)]
    assert not [call for call in either.calls() if call.startswith("GET /v1/payment_intents/pi_")]


def test_the_first_sweep_notes_what_no_event_told_of(either: Marketplace) -> None:
    """So that it is found by Search, and shown."""
    payment = either.paid()

    either.reconcile()
    either.clock.advance(HOUR)
    again = swept(either)

    assert reason_of(either, payment) == "undelivered"
    assert (list(again.findings.kept), [one.payment_id for one in again.mended]) == ([payment], [])


def test_a_dry_run_says_that_an_unreleased_share_waits(either: Marketplace) -> None:
    """It owes nothing yet, so there is no work."""
    payment = either.paid()

    told = report(either, "--dry-run", payment)

    assert [(one["state"], one["reason"], one["moved"]) for one in told["payments"]] == [("held", "undelivered", 0)]


def test_a_released_share_is_done_with(either: Marketplace) -> None:
    """Accepted on day 1: on its deadline, Search down, no sweep looks at it again."""
    payment = either.paid()
    either.deliver()
    either.clock.advance(DAY)
    accept_work(either, payment)
    either.deliver()
    search_is_down(either)
    sweep_hourly(either, DEADLINE - HOUR)
    either.forget_calls()

    either.clock.set(DEADLINE + HOUR)
    either.reconcile()

    assert not [call for call in either.calls() if payment in call]
    assert either.held(payment) == SHARE
