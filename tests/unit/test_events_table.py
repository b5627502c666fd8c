"""The table of webhook events: what the contract promises to act on is in it, on the right side."""

from __future__ import annotations

import re

import pytest
import stripe
from stripe.events._event_classes import get_v2_event_class
from stripe.params import WebhookEndpointCreateParams

from backend.webhooks.handlers import EVENT_TYPES, V2_ACCOUNT_TYPES

PROMISED = [
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "account.updated",
    "account.application.deauthorized",
    "transfer.created",
    "transfer.updated",
    "transfer.reversed",
    "payout.paid",
    "payout.failed",
    "charge.refunded",
    # Beyond the contract: money that a bank returned, and a network's suspicion before there is a dispute.
    "charge.failed",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
]
# All that Stripe has under ``charge.dispute.*``.
DISPUTES = ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"]


@pytest.mark.parametrize("event_type", [*PROMISED, *(f"charge.dispute.{what}" for what in DISPUTES)])
def test_every_event_of_the_contract_is_listened_to(event_type: str) -> None:
    """One that is missing would be acknowledged, and its money forgotten."""
    assert event_type in EVENT_TYPES


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES | {f"v1.{one}" for one in EVENT_TYPES - V2_ACCOUNT_TYPES}))
def test_a_thin_type_is_written_as_stripe_writes_it(event_type: str) -> None:
    """The SDK has a class for each thin event, under its own name."""
    is_thin = event_type.startswith("v")
    assert (get_v2_event_class(event_type) is not stripe.StripeObject) == is_thin


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES - V2_ACCOUNT_TYPES))
def test_a_type_is_written_as_stripe_writes_it(event_type: str) -> None:
    """The SDK's own list of the types that an endpoint can be given has it: a misspelt one would never come."""
    taken = str(WebhookEndpointCreateParams.__annotations__["enabled_events"])

    assert re.search(rf"""["']{re.escape(event_type)}["']""", taken)
