"""The process dies on both sides of every call of every flow that writes; another, which remembers nothing, finishes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders import Marketplace, key_of
from tests.conftest import NOW
from tests.money.oracle import check_always, check_at_rest
from tests.money.workers import CrashPoint, KilledError

Action = Callable[[], Any]
COACH = {"coachId": "coach-1", "coachName": "Dana", "email": "dana@example.com", "sport": "golf"}


@dataclass(frozen=True)
class Flow:
    """A flow that writes: ``prepare`` answers with the request that will be cut short and then repeated.

    ``check`` is what has to be true at the end, beside the invariants of all money.
    """

    prepare: Callable[[Marketplace], Action]
    check: Callable[[Marketplace], None]


def _buying(market: Marketplace) -> Action:
    market.ready_coach()
    order = market.order(customerEmail="pat@example.com", customerName="Pat")
    return lambda: market.post("/api/payments/create-intent", order, Idempotency_Key=key_of("try-1"))


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
    return lambda: market.post("/api/payments/refund", body, Idempotency_Key=key_of("once"))


def _one_refund(market: Marketplace) -> None:
    assert [refund.amount for refund in market.stripe.v1.refunds.list({}).data] == [2000]


def _losing_a_dispute(market: Marketplace) -> Action:
    market.dispute(_settled_payment(market))
    event = market.event("charge.dispute.created")
    return lambda: market.send(event)


def _winning_a_dispute(market: Marketplace) -> Action:
    dispute = market.dispute(_settled_payment(market))
    market.deliver()
    market.control("POST", f"/disputes/{dispute}/win")
    event = market.event("charge.dispute.closed")
    return lambda: market.send(event)


def _being_refunded_in_the_dashboard(market: Marketplace) -> Action:
    market.refund_in_dashboard(_settled_payment(market), 2000)
    event = market.event("charge.refunded")
    return lambda: market.send(event)


def _a_refund_failing(market: Marketplace) -> Action:
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    market.deliver()
    market.refund(intent["id"], amount=2000)
    market.clock.advance(60)
    market.deliver()
    event = market.event("refund.failed")
    return lambda: market.send(event)


def _sweeping(market: Marketplace) -> Action:
    market.ready_coach()
    market.paid()
    market.refund_in_dashboard(market.paid(), 2000)
    return lambda: _command(market, "reconcile", "--rate", "1000")


def _leaving_it_to_a_person_and_back(market: Marketplace) -> Action:
    market.ready_coach()
    payment = market.paid()
    return lambda: [_command(market, "settle", payment, mode) for mode in ("--manual", "--auto")][-1]


def _releasing(market: Marketplace) -> Action:
    """In production, where a coach who registered after the purchase waits for an operator's word."""
    market.go_live(RATELIMIT_ENABLED="false")
    payment = market.paid()
    account = market.ready_coach()
    return lambda: _command(market, "settle", payment, "--release", account)


def _command(market: Marketplace, *words: str) -> int:
    """The exit code of a command, as a request's status: a conflict is one that says that it was done already."""
    result = market.app.test_cli_runner().invoke(args=list(words), catch_exceptions=False)
    if result.exit_code == 1 and "already" in result.output:
        return 409
    return 200 if result.exit_code == 0 else 500


def _transferring(market: Marketplace) -> Action:
    account = market.ready_coach()
    body = {"paymentIntentId": market.paid(), "coachAccountId": account, "amount": 4725}
    return lambda: market.post("/api/connect/transfer", body)


def _nothing_more(_market: Marketplace) -> None:
    """The invariants say it all."""


FLOWS = {
    "buying": Flow(_buying, _one_intent_one_customer),
    "registering": Flow(_registering, _one_account),
    "taking_a_taken_id": Flow(_taking_a_taken_id, _one_account),
    "being_paid": Flow(_being_paid, _nothing_more),
    "being_paid_late": Flow(_being_paid_late, _nothing_more),
    "being_held": Flow(_being_held, _nothing_more),
    "becoming_ready": Flow(_becoming_ready, _nothing_more),
    "refunding": Flow(_refunding, _one_refund),
    "being_refunded_in_the_dashboard": Flow(_being_refunded_in_the_dashboard, _one_refund),
    "a_refund_failing": Flow(_a_refund_failing, _nothing_more),
    "losing_a_dispute": Flow(_losing_a_dispute, _nothing_more),
    "winning_a_dispute": Flow(_winning_a_dispute, _nothing_more),
    "transferring": Flow(_transferring, _nothing_more),
    "releasing": Flow(_releasing, _nothing_more),
    "leaving_it_to_a_person_and_back": Flow(_leaving_it_to_a_person_and_back, _nothing_more),
    "sweeping": Flow(_sweeping, _nothing_more),
}


@cache
def _calls_of(flow: Flow) -> int:
    """The number of calls to Stripe that the flow makes when nothing goes wrong."""
    market = Marketplace(NOW)
    action, point = flow.prepare(market), CrashPoint()
    with market.line.watched(point):
        action()
    return point.calls


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a flow, call and side: ``being_paid-call2-after``."""
    if "side" in metafunc.fixturenames:
        points = [
            pytest.param(flow, call, side, id=f"{name}-call{call}-{side}")
            for name, flow in FLOWS.items()
            for call in range(_calls_of(flow))
            for side in ("before", "after")
        ]
        metafunc.parametrize(("flow", "call", "side"), points)


def _restart(market: Marketplace) -> None:
    """Go on with a backend that remembers nothing."""
    market.app = market.another_backend()
    market.http = market.app.test_client()


def test_dying_at_a_call_loses_nothing(flow: Flow, call: int, side: str) -> None:
    """Before it leaves, or after Stripe has done it: a new process is sent the same request again."""
    market = Marketplace(NOW)
    action = flow.prepare(market)
    with market.line.watched(CrashPoint(call, side)), pytest.raises(KilledError):
        action()
    check_always(market)
    _restart(market)

    answer = action()

    status = answer.status_code if isinstance(answer, TestResponse) else answer
    assert status in (200, 409), status
    market.deliver()
    market.reconcile()
    check_always(market)
    check_at_rest(market)
    flow.check(market)


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())
def test_every_flow_has_calls_to_die_at(flow: Flow) -> None:
    """A flow that makes none would be tested by nothing."""
    assert _calls_of(flow) > 0
