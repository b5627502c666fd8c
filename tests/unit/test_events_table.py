"""The table of webhook events: what the contract promises to act on is in it, on the right side."""

from __future__ import annotations

import pytest

from backend.events import EVENT_TYPES

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
]
# All that Stripe has under ``charge.dispute.*``.
DISPUTES = ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"]


@pytest.mark.parametrize("event_type", [*PROMISED, *(f"charge.dispute.{what}" for what in DISPUTES)])
def test_every_event_of_the_contract_is_listened_to(event_type: str) -> None:
    """One that is missing would be acknowledged, and its money forgotten."""
    assert event_type in EVENT_TYPES


def test_a_type_is_written_as_stripe_writes_it() -> None:
    """A misspelt one would never come."""
    stripes = ("account.", "charge.", "payment_intent.", "payout.", "refund.", "transfer.")

    assert [name for name in EVENT_TYPES if not name.startswith(stripes) or name != name.strip().lower()] == []
