"""The process dies on both sides of every call of every flow that writes; a retry finishes the job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.oracle import check_always, check_at_rest
from tests.money.workers import CrashPoint, KilledError

Action = Callable[[], Any]
COACH = {"coachId": "coach-1", "coachName": "Dana", "email": "dana@example.com", "sport": "golf"}


@dataclass(frozen=True)
class Flow:
    """A flow that writes: ``prepare`` answers with the request that will be cut short and then repeated."""

    prepare: Callable[[Marketplace], Action]
    check: Callable[[Marketplace], None]


def _buying(market: Marketplace) -> Action:
    market.ready_coach()
    order = market.order(customerEmail="pat@example.com", customerName="Pat")
    return lambda: market.post("/api/payments/create-intent", order, Idempotency_Key="try-1")


def _one_intent_one_customer(market: Marketplace) -> None:
    assert len(market.stripe.v1.payment_intents.list({}).data) == 1
    assert len(market.stripe.v1.customers.list({}).data) == 1


def _registering(market: Marketplace) -> Action:
    return lambda: market.post("/api/connect/create-account", COACH)


def _one_account(market: Marketplace) -> None:
    assert len(market.stripe.v1.accounts.list({}).data) == 1


def _taking_a_taken_id(market: Marketplace) -> Action:
    """A second coach whose account is made before the first one's registration is seen."""
    market.post("/api/connect/create-account", COACH)
    return lambda: market.post("/api/connect/create-account", {**COACH, "email": "eve@example.com"})


def _being_paid(market: Marketplace) -> Action:
    market.ready_coach()
    market.paid()
    event = market.event("payment_intent.succeeded")
    return lambda: market.send(event)


def _being_paid_late(market: Marketplace) -> Action:
    market.ready_coach()
    market.paid()
    event = market.event("payment_intent.succeeded")
    market.clock.advance(2 * 3600)
    return lambda: market.send(event)


def _being_held(market: Marketplace) -> Action:
    market.register()
    market.paid()
    event = market.event("payment_intent.succeeded")
    return lambda: market.send(event)


def _becoming_ready(market: Marketplace) -> Action:
    account = market.register()
    market.paid()
    market.deliver()
    market.onboard(account)
    event = market.event_of(account, "account.updated")
    return lambda: market.send(event, market.settings.stripe_connect_webhook_secrets[0])


def _settled_payment(market: Marketplace) -> str:
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    return payment


def _refunding(market: Marketplace) -> Action:
    body = {"paymentIntentId": _settled_payment(market), "amount": 2000}
    return lambda: market.post("/api/payments/refund", body, Idempotency_Key="once")


def _one_refund(market: Marketplace) -> None:
    assert [refund.amount for refund in market.stripe.v1.refunds.list({}).data] == [2000]


def _losing_a_dispute(market: Marketplace) -> Action:
    market.dispute(_settled_payment(market))
    event = market.event("charge.dispute.created")
    return lambda: market.send(event)


def _transferring(market: Marketplace) -> Action:
    account = market.ready_coach()
    body = {"paymentIntentId": market.paid(), "coachAccountId": account, "amount": 4725}
    return lambda: market.post("/api/connect/transfer", body)


def _nothing_more(_market: Marketplace) -> None:
    """The invariants say it all."""


FLOWS = {
    "buying": Flow(_buying, _one_intent_one_customer),
    "registering": Flow(_registering, _one_account),
    "taking a taken id": Flow(_taking_a_taken_id, _one_account),
    "being paid": Flow(_being_paid, _nothing_more),
    "being paid late": Flow(_being_paid_late, _nothing_more),
    "being held": Flow(_being_held, _nothing_more),
    "becoming ready": Flow(_becoming_ready, _nothing_more),
    "refunding": Flow(_refunding, _one_refund),
    "losing a dispute": Flow(_losing_a_dispute, _nothing_more),
    "transferring": Flow(_transferring, _nothing_more),
}


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())
def test_dying_at_any_call_loses_nothing(flow: Flow) -> None:
    """At each call in turn, before it leaves and after Stripe has done it; then the same request again."""
    calls = _calls_of(flow)
    assert calls > 0
    for call in range(calls):
        for side in ("before", "after"):
            _die_and_retry(flow, call, side)


def _calls_of(flow: Flow) -> int:
    market = Marketplace(NOW)
    action, point = flow.prepare(market), CrashPoint()
    with market.line.watched(point):
        action()
    return point.calls


def _die_and_retry(flow: Flow, call: int, side: str) -> None:
    market = Marketplace(NOW)
    action = flow.prepare(market)
    with market.line.watched(CrashPoint(call, side)), pytest.raises(KilledError):
        action()
    check_always(market)

    answer = action()

    status = answer.status_code if isinstance(answer, TestResponse) else answer
    assert status in (200, 409), (call, side, status)
    market.deliver()
    market.reconcile()
    check_always(market)
    check_at_rest(market)
    flow.check(market)
