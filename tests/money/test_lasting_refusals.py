"""Refusals that last, searches that are down, debts and accounts that are gone: nothing waits for them in vain."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.states import MoneyState
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.wide_world import HOUR, flask, pay_by_hand, sent_to, settle_or_not, with_funds

DAY = 24 * HOUR


# Refusals that last.


def test_a_capable_coach_whom_stripe_sends_nothing_is_asked_about_twice_and_acknowledged(market: Marketplace) -> None:
    """The capability is active and Stripe answers ``transfers_not_allowed``."""
    market.ready_coach()
    payment = market.paid()
    refusal: Any = {"status": 400, "code": "transfers_not_allowed", "message": "No.", "cache": True}
    market.fault("POST", "/v1/transfers", "before", refusal, times=100)
    market.forget_calls()

    answers = [market.send(market.event("payment_intent.succeeded")) for _ in range(3)]

    assert answers == [200, 200, 200]
    assert market.note(payment).startswith("held:transfers_not_allowed:")
    assert len(market.calls()) < 40


def test_a_refusal_and_then_a_partial_refund_is_no_unknown_outcome(market: Marketplace) -> None:
    """The refusal was seen to be pinned, so another amount under its key proves nothing new."""
    market.ready_coach()
    payment = market.paid()
    refusal: Any = {"status": 400, "code": "weird", "message": "No.", "cache": True}
    market.fault("POST", "/v1/transfers", "before", refusal)
    assert market.settle(payment).state == MoneyState.HELD

    market.refund_in_dashboard(payment, 1000)

    assert (market.settle(payment).state, market.held(payment)) == (MoneyState.SETTLED, 3725 - 373)


def test_a_waiting_share_is_answered_as_waiting(market: Marketplace) -> None:
    """The transfer was taken back by hand and the platform's balance is empty: a 409 that says so."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, {"amount": 4252})
    pay_by_hand(market, account, market.available(), metadata={"paymentIntentId": "none"})
    claim = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}

    answer = market.post("/api/connect/transfer", claim)

    assert (answer.status_code, "balance" in answer.json["message"]) == (409, True)


def test_a_charge_that_arrives_in_another_currency_is_held_for_good(market: Marketplace) -> None:
    """A terminal answer, no ``Retry-After``; a person who pays by hand ends it."""
    account = market.ready_coach()
    market.control("POST", "/settlement", {"charges_in": "cad", "settle_in": "usd", "rate": "0.7"})
    payment = market.paid()
    market.deliver()
    claim = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}

    answer = market.post("/api/connect/transfer", claim)

    assert (answer.status_code, "Retry-After" in answer.headers) == (409, False)
    assert market.note(payment).startswith("held:settlement_currency:")
    market.clock.advance(30 * DAY)
    market.forget_calls()
    market.settle(payment)
    assert [call for call in market.calls() if call.startswith("POST")] == []


# Many, and one of them broken.


def test_one_stored_500_keeps_no_other_waiting_payment_back(market: Marketplace) -> None:
    """The coach becomes ready; the second of four payments fails; the event asks to come again."""
    account = market.register()
    payments = [market.paid() for _ in range(4)]
    market.deliver()
    market.clock.advance(HOUR)
    stored: Any = {"status": 500, "cache": True}
    market.sandbox.faults.add(
        {"match": {"method": "POST", "path": "/v1/transfers", "nth": 3}, "stage": "before", "effect": stored}
    )
    market.onboard(account)

    market.deliver()

    assert sorted(market.held(payment) for payment in payments) == [0, 4252, 4252, 4252]


def test_search_that_is_down_hides_no_payment_of_the_last_hour(market: Marketplace) -> None:
    """The event is delivered again for what only Search would find."""
    account = market.register()
    payment = market.paid()
    market.deliver()
    market.fault("GET", "/v1/payment_intents/search", "before", {"status": 500}, times=2)
    market.onboard(account)
    event = market.event_of(account, "account.updated")

    first = market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    assert (first, market.held(payment)) == (503, 4252)


# Money that takes days, or comes back.


def test_a_coachs_debt_is_taken_in_parts_one_a_day(market: Marketplace) -> None:
    """The whole is asked for, and where the balance does not cover it, what is there is taken."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(7 * DAY)
    market.refund(payment)
    market.deliver()
    assert market.note(payment).startswith("held:clawback_pending:0r0.0:")

    with_funds(market)
    taken = []
    for _ in range(3):
        pay_by_hand(market, account, 1000, metadata={"paymentIntentId": "none"})
        taken += [market.settle(payment).moved, market.settle(payment).moved]
        market.clock.advance(DAY)

    assert taken[:2] == [-1000, 0]
    assert sum(taken) < -1000
    assert market.note(payment).startswith("held:clawback_pending:")


def test_the_unknown_is_noted_once_and_keeps_its_time(market: Marketplace) -> None:
    """However often it is asked again meanwhile."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "cache": True})
    settle_or_not(market, payment)
    market.clock.advance(HOUR)
    settle_or_not(market, payment)

    assert market.note(payment) == f"unknown:0.0:{NOW}p"


def test_a_busy_platform_does_not_keep_a_ready_coach_waiting(market: Marketplace) -> None:
    """Hundreds of other players paid within the hour: the coach's own waiting payment comes first, in a few calls."""
    account = market.register()
    payment = market.paid()
    market.deliver()
    market.clock.advance(120)
    for _ in range(400):
        market.stripe.v1.payment_intents.create(
            {
                "amount": 1000,
                "currency": "cad",
                "confirm": True,
                "payment_method": "pm_card_visa",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
    market.onboard(account)
    event = market.event_of(account, "account.updated")
    market.forget_calls()

    answer = market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    assert (answer, market.held(payment)) == (200, 4252)
    assert sum(call == "GET /v1/events" for call in market.calls()) <= 3


@pytest.mark.parametrize("code", ["resource_missing", "account_invalid"])
def test_a_payment_of_a_coach_whose_account_is_gone_is_held_and_answered_as_such(
    market: Marketplace, code: str
) -> None:
    """Deleted between purchase and payment. An operator binds the coach to another account and releases the payment."""
    market.control("POST", "/behaviour", {"gone_destination_code": code})
    account = market.ready_coach()
    payment = market.paid()
    market.stripe.v1.accounts.delete(account)

    market.deliver()

    assert market.note(payment).startswith("held:account_gone:")
    claim = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}
    answer = market.post("/api/connect/transfer", claim)
    assert (answer.status_code, "Retry-After" in answer.headers) == (409, False)
    newer = market.stripe.v1.accounts.create(
        {
            "type": "express",
            "country": "CA",
            "email": "coach-1@example.com",
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"coachId": "coach-1", "app": "coaching-payments"},
        }
    ).id
    market.onboard(newer)
    rebound = flask(market, "coaches", "rebind", "coach-1", "--to", newer, "--why", "the old account was closed")
    assert rebound.exit_code == 0, rebound.output
    released = flask(market, "settle", payment, "--release", newer)
    assert released.exit_code == 0, released.output
    assert sent_to(market, newer) == 4252
