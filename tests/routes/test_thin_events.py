"""Thin events at the webhook route: verified like snapshots, read by their id, and refused where they are damaged."""

from __future__ import annotations

from typing import Any

import pytest

from backend.webhooks.handlers import CONNECTED_TYPES, PLATFORM_TYPES, V2_ACCOUNT_TYPES
from tests.builders import Marketplace
from tests.conftest import NOW

PAYMENT = {"id": "pi_1", "type": "payment_intent", "url": "/v1/payment_intents/pi_1"}
NOTIFICATION = {
    "id": "evt_65abc",
    "object": "v2.core.event",
    "type": "v1.payment_intent.succeeded",
    "created": "2026-11-02T15:00:00.123Z",
    "livemode": False,
    "context": None,
    "reason": None,
    "related_object": PAYMENT,
}


@pytest.fixture
def thin() -> Marketplace:
    """A marketplace that Stripe sends thin events to."""
    return Marketplace(now=NOW, thin=True)


def looked(market: Marketplace) -> list[str]:
    """The calls since the last look."""
    made = market.calls()
    market.forget_calls()
    return made


def told(market: Marketplace, kind: str, object_id: str, **changes: Any) -> int:
    """The answer to a notification about an object."""
    related = {"id": object_id, "type": "x", "url": f"https://attacker.example/{object_id}"}
    return market.send({**NOTIFICATION, "type": kind, "related_object": related, **changes})


def test_a_success_needs_no_read_more_than_a_snapshot(thin: Marketplace) -> None:
    """The id is enough: the payment is read in either case."""
    thin.ready_coach()
    payment = thin.paid()
    thin.deliver()
    thin.clock.advance(7_200)
    thin.forget_calls()
    assert thin.send(thin.event("payment_intent.succeeded")) == 200
    by_snapshot = looked(thin)

    assert told(thin, "v1.payment_intent.succeeded", payment) == 200
    assert looked(thin) == by_snapshot[1:]  # of which the first fetched the event for this test


@pytest.mark.parametrize(
    ("kind", "collection"),
    [("v1.charge.refunded", "charges"), ("v1.refund.created", "refunds"), ("v1.transfer.created", "transfers")],
)
def test_other_events_cost_one_read_at_an_address_of_ours(thin: Marketplace, kind: str, collection: str) -> None:
    """The address in the notification is not followed."""
    thin.forget_calls()

    assert told(thin, kind, "xx_gone") == 200
    assert looked(thin) == [f"GET /v1/{collection}/xx_gone"]


def test_a_failure_that_was_paid_meanwhile_is_not_told(thin: Marketplace) -> None:
    """The payment has succeeded by the time of the look."""
    intent = thin.buy()
    thin.decline(intent)
    thin.pay(intent)
    before = thin.stripe.v1.payment_intents.retrieve(intent["id"]).status

    assert (before, told(thin, "v1.payment_intent.payment_failed", intent["id"])) == ("succeeded", 200)


@pytest.mark.parametrize("kind", sorted(PLATFORM_TYPES | CONNECTED_TYPES))
def test_every_type_is_taken_when_its_object_is_gone(thin: Marketplace, kind: str) -> None:
    """A 200, with nothing done."""
    account = thin.register()
    context = account if kind in CONNECTED_TYPES else None
    secret = (thin.settings.stripe_connect_webhook_secrets if context else thin.settings.stripe_webhook_secrets)[0]
    related = {"id": "xx_gone", "type": "x", "url": "/v1/x/xx_gone"}
    body = {**NOTIFICATION, "type": f"v1.{kind}", "related_object": related, "context": context}

    assert thin.send(body, secret) == 200


@pytest.mark.parametrize("kind", sorted(V2_ACCOUNT_TYPES))
@pytest.mark.parametrize("which", ["stripe_webhook_secrets", "stripe_connect_webhook_secrets"])
def test_events_of_v2_accounts_may_come_from_either_endpoint(thin: Marketplace, kind: str, which: str) -> None:
    """Their scope is not documented clearly."""
    related = {"id": thin.register(), "type": "v2.core.account", "url": "/v2/core/accounts/x"}

    assert thin.send({**NOTIFICATION, "type": kind, "related_object": related}, getattr(thin.settings, which)[0]) == 200


@pytest.mark.parametrize(
    ("context", "which"), [(None, "stripe_connect_webhook_secrets"), ("acct_1", "stripe_webhook_secrets")]
)
def test_a_thin_event_keeps_to_the_secret_of_its_endpoint(thin: Marketplace, context: Any, which: str) -> None:
    """As a snapshot does."""
    kind = "v1.payout.paid" if context else "v1.payment_intent.succeeded"

    assert thin.send({**NOTIFICATION, "type": kind, "context": context}, getattr(thin.settings, which)[0]) == 400


@pytest.mark.parametrize(
    "damage",
    [
        {"id": None},
        {"type": 7},
        {"created": "yesterday"},
        {"livemode": "no"},
        {"context": ["acct_1"]},
        {"context": "somebody"},
        {"related_object": "pi_1"},
        {"related_object": {"id": "../balance"}},
        {"related_object": None, "type": "v1.charge.refunded"},
    ],
    ids=str,
)
def test_a_damaged_notification_is_refused(thin: Marketplace, damage: dict[str, Any]) -> None:
    """A 400, and Stripe is not asked."""
    thin.forget_calls()

    assert thin.send({**NOTIFICATION, **damage}) == 400
    assert looked(thin) == []


@pytest.mark.parametrize("kind", ["v1.invoice.paid", "v2.core.event_destination.ping", "v2.core.health.nonsense"])
def test_a_type_that_nobody_reads_is_acknowledged(thin: Marketplace, kind: str) -> None:
    """Whatever it is about, and without a call."""
    thin.forget_calls()

    assert told(thin, kind, "xx_1") == 200
    assert looked(thin) == []
