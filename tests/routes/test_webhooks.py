"""Webhooks: believed only when signed, acted on by what Stripe says now, and told on to the host app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from blinker import Signal

from backend.webhooks import signals
from tests.builders import Marketplace


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """The list of what a subscriber of a signal is told."""
    told: list[dict[str, Any]] = []

    def subscriber(_sender: Any, **facts: Any) -> None:
        told.append(facts)

    with signal.connected_to(subscriber):
        yield told


def test_a_paid_webhook_opens_the_session_and_pays_the_coach(market: Marketplace) -> None:
    """The main job."""
    account = market.ready_coach()
    payment = market.paid()

    with heard(signals.session_opened) as sessions, heard(signals.transfer_made) as transfers:
        market.deliver()

    assert market.held(payment) == 4252
    assert {s["session"].payment_intent_id for s in sessions} == {payment}
    assert {(t["payment_id"], t["amount"], t["account_id"]) for t in transfers} == {(payment, 4252, account)}


def test_the_signals_session_is_the_one_that_confirm_gives(market: Marketplace) -> None:
    """Same id, same dates."""
    payment = market.paid()
    with heard(signals.session_opened) as sessions:
        market.deliver()

    session = market.confirm(payment).json["session"]

    assert sessions[0]["id"] == session["id"]
    assert sessions[0]["session"].session_expiry == session["sessionExpiry"]


def test_a_declined_payment_is_signalled_and_undoes_nothing(market: Marketplace) -> None:
    """The failure of the first card arrives after the success of the second."""
    market.ready_coach()
    intent = market.buy()
    market.decline(intent)
    failed = market.event("payment_intent.payment_failed")
    market.pay(intent)
    market.deliver()

    with heard(signals.payment_failed) as failures:
        assert market.send(failed) == 200

    assert [(f["payment_id"], f["code"], f["decline_code"]) for f in failures] == [
        (intent["id"], "card_declined", "generic_decline")
    ]
    assert market.held(intent["id"]) == 4252
    assert market.confirm(intent["id"]).status_code == 200


def test_a_canceled_payment_is_signalled(market: Marketplace) -> None:
    """The purchase was given up."""
    intent = market.buy()
    market.stripe.v1.payment_intents.cancel(intent["id"])

    with heard(signals.payment_failed) as failures:
        market.deliver()

    assert {(f["payment_id"], f["status"]) for f in failures} == {(intent["id"], "canceled")}


def test_a_foreign_payment_is_acknowledged_and_left_alone(market: Marketplace) -> None:
    """Other products may share the Stripe account."""
    stranger = market.stripe.v1.payment_intents.create({"amount": 5000, "currency": "cad"})
    market.pay({"id": stranger.id, "client_secret": stranger.client_secret})
    event = market.event("payment_intent.succeeded")
    market.forget_calls()

    assert market.send(event) == 200
    assert market.calls() == [f"GET /v1/payment_intents/{stranger.id}"]


def test_an_unknown_event_type_is_acknowledged_without_a_call(market: Marketplace) -> None:
    """So that Stripe does not deliver it for three days."""
    market.forget_calls()

    status = market.send({"id": "evt_1", "type": "invoice.paid", "livemode": False, "data": {"object": {"id": "in_1"}}})

    assert (status, market.calls()) == (200, [])


def test_an_event_of_the_other_mode_is_acknowledged_without_a_call(market: Marketplace) -> None:
    """A production endpoint for connected accounts receives their test events too."""
    market.paid()
    event = market.event("payment_intent.succeeded")
    market.forget_calls()

    assert market.send({**event, "livemode": True}) == 200
    assert market.calls() == []


def test_a_connected_accounts_payment_is_a_strangers(market: Marketplace) -> None:
    """An imitation of our metadata on a coach's own account moves nothing."""
    account = market.ready_coach()
    market.paid()
    event = market.event("payment_intent.succeeded")
    market.forget_calls()

    secret = market.settings.stripe_connect_webhook_secrets[0]
    assert market.send({**event, "account": account}, secret) == 200
    assert market.calls() == []


def test_a_stale_payload_is_not_believed(market: Marketplace) -> None:
    """An old snapshot says "unpaid coach, other amount"; Stripe says what is."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.deliver()
    market.clock.advance(71 * 3600)
    event["data"]["object"]["amount"] = 9_999_999

    assert market.send(event) == 200
    assert [t.amount for t in market.transfers(payment)] == [4252]


def test_a_subscriber_that_raises_has_the_event_delivered_again(market: Marketplace) -> None:
    """5xx now; the money has moved and does not move again."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")

    def broken(_sender: Any, **_facts: Any) -> None:
        raise RuntimeError("the host app's database is down")

    with signals.session_opened.connected_to(broken):
        first = market.send(event)
    with heard(signals.session_opened) as sessions:
        second = market.send(event)

    assert (first, second) == (500, 200)
    assert len(sessions) == 1
    assert len(market.transfers(payment)) == 1


def test_a_ready_coach_is_signalled(market: Marketplace) -> None:
    """Once onboarding is complete."""
    account = market.register()
    market.onboard(account)

    with heard(signals.account_ready) as ready:
        market.deliver()

    assert {(r["account_id"], r["coach_id"]) for r in ready} == {(account, "coach-1")}


def test_payouts_are_signalled(market: Marketplace) -> None:
    """Paid, or refused by the coach's bank."""
    account = market.ready_coach()
    market.paid()
    market.deliver()

    with heard(signals.payout_paid) as paid:
        market.clock.advance(14 * 86_400)
        market.deliver()

    assert {(p["account_id"], p["currency"]) for p in paid} == {(account, "cad")}
    assert sum({p["id"]: p["amount"] for p in paid}.values()) == 4252


def test_a_dispute_is_signalled(market: Marketplace) -> None:
    """With the payment it concerns."""
    payment = market.paid()
    dispute = market.dispute(payment)

    with heard(signals.dispute_opened) as disputes:
        market.deliver()

    assert {(d["id"], d["payment_id"], d["amount"]) for d in disputes} == {(dispute, payment, 4725)}


def test_held_money_is_signalled(market: Marketplace) -> None:
    """The player has the session all the same."""
    payment = market.paid()

    with heard(signals.transfer_held) as held, heard(signals.session_opened) as sessions:
        market.deliver()

    assert {(h["payment_id"], h["reason"]) for h in held} == {(payment, "no_account")}
    assert len(sessions) == 1


def test_a_refund_from_the_dashboard_is_signalled_and_settled(market: Marketplace) -> None:
    """Nobody called our route."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    refund = market.stripe.v1.refunds.create({"payment_intent": payment, "amount": 2000})

    with heard(signals.refund_made) as refunds:
        market.deliver()

    assert {(r["id"], r["payment_id"], r["amount"]) for r in refunds} == {(refund.id, payment, 2000)}
    assert market.held(payment) == 2725 - 273


@pytest.mark.parametrize("event_type", ["payment_intent.succeeded", "transfer.created"])
def test_stripe_being_down_asks_for_another_delivery(market: Marketplace, event_type: str) -> None:
    """503, and the next delivery does the work."""
    account = market.ready_coach()
    payment = market.paid()
    if event_type == "transfer.created":
        by_hand: Any = {
            "amount": 100,
            "currency": "cad",
            "destination": account,
            "source_transaction": market.charge(payment),
        }
        market.stripe.v1.transfers.create(by_hand)
    event = market.event(event_type)
    market.sandbox.faults.add({"match": {"path": "/v1/payment_intents"}, "stage": "before", "effect": "close"})

    assert market.send(event) == 503

    market.sandbox.faults.clear()
    assert market.send(event) == 200
    assert market.held(payment) == 4252
