"""A kept share is sent when the player accepts; and what refunds, disputes, people and sweeps make of one that is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.kept import (
    AFTER_DAYS,
    DEADLINE,
    ON_DELIVERY,
    SHARE,
    accept_work,
    deliver_work,
    reason_of,
    search_is_down,
    sell_so,
    sweep_hourly,
    town_of,
)
from tests.money.odd_money import choose
from tests.money.sweeping import DAY, HOUR, fund, pay_by_hand


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
