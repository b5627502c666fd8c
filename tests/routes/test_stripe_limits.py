"""Stripe's limits, by the whole backend on the sandbox: who finds no call left is told so, and nothing is half done."""

from __future__ import annotations

from dataclasses import replace

from tests.builders import Marketplace

# So few that one delivery takes all that there is for many seconds.
ONE_CALL_A_SECOND = 1


def _limited(market: Marketplace) -> None:
    """From now on the backend keeps within a budget that two deliveries use up."""
    market.app = market.another_backend(replace(market.settings, given_rate=ONE_CALL_A_SECOND))
    market.http = market.app.test_client()


def test_a_webhook_without_budget_is_refused_before_its_first_call(market: Marketplace) -> None:
    """A fast 503, which Stripe delivers again; what was let in is finished, with its transfer."""
    market.ready_coach()
    payments = [market.paid() for _ in range(4)]
    events = [event.to_dict() for event in market.stripe.v1.events.list({"type": "payment_intent.succeeded"}).data]
    _limited(market)

    statuses, calls = [], []
    for event in events:
        before = len(market.sandbox.requests)
        statuses.append(market.send(event))
        calls.append(len(market.sandbox.requests) - before)

    assert statuses[0] == 200
    assert statuses[-1] == 503
    assert all((status == 503) == (made == 0) for status, made in zip(statuses, calls, strict=True))
    assert len(market.stripe.v1.transfers.list({"limit": 100}).data) == statuses.count(200)
    assert len(payments) == 4


def test_webhooks_that_nobody_signed_use_no_budget(market: Marketplace) -> None:
    """A stranger's flood leaves Stripe's own deliveries everything."""
    market.ready_coach()
    market.paid()
    _limited(market)
    event = market.event("payment_intent.succeeded")

    strangers = {market.send(event, secret="whsec_strangers") for _ in range(50)}

    assert strangers == {400}
    assert market.send(event) == 200


def test_requests_that_are_wrong_use_no_budget(market: Marketplace) -> None:
    """Nor does a flood of nonsense."""
    _limited(market)

    assert {market.post("/api/payments/create-intent", {"sport": n}).status_code for n in range(50)} == {400}
    assert market.post("/api/payments/create-intent", market.order()).status_code == 200


def test_ready_is_answered_without_budget(market: Marketplace) -> None:
    """A machine that works is not taken away."""
    market.ready_coach()
    market.paid()
    _limited(market)
    event = market.event("payment_intent.succeeded")
    while market.send(event) == 200:
        pass

    assert market.http.get("/ready").status_code == 200
