"""Card testing: a purchase that too many cards were tried on is canceled.

Stripe itself lets one PaymentIntent be tried any number of times, and its confirmations go past this backend, so who tries
stolen cards needs to buy only once. Nothing is remembered here: the tries are the charges of the PaymentIntent, and that
it was stopped is its own ``cancellation_reason``.
https://docs.stripe.com/disputes/prevention/card-testing
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import stripe
import structlog

log = structlog.get_logger(__name__)

# The reason under which a purchase is stopped. A purchase that was given up has another, or none.
_STOPPED = "fraudulent"
# Those in which Stripe cancels a PaymentIntent that nobody has paid.
_OPEN = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
# Stripe's largest page, and more than any limit.
_PAGE = 100


@dataclass(frozen=True)
class Blocked:
    """A purchase that was stopped after ``declines`` declined cards; ``now`` if it was by this call."""

    declines: int
    now: bool


def is_blocked(intent: stripe.PaymentIntent) -> bool:
    """True if a PaymentIntent was stopped, rather than given up."""
    return intent.status == "canceled" and intent.cancellation_reason == _STOPPED


class Declines:
    """Counts declined cards. ``limit``: how many stop a purchase; 0 for any number."""

    def __init__(self, client: stripe.StripeClient, limit: int) -> None:
        self._client = client
        self._limit = limit

    def block(self, payment_id: str, error: Mapping[str, Any]) -> Blocked | None:
        """Stop the purchase if its card was declined once too often; None if it goes on.

        ``error``: the ``last_payment_error`` of the event. One call for each declined card, and one more for the last; none
        for what made no charge (an authentication that failed) and for bank debits. Raises ``StripeError``.
        """
        method = (error.get("payment_method") or {}).get("type", "card")
        if not self._limit or method != "card" or not error.get("charge"):
            return None
        charges = self._client.v1.charges.list(
            {"payment_intent": payment_id, "limit": _PAGE, "expand": ["data.payment_intent"]}
        ).data
        declines = sum(_is_declined_card(charge) for charge in charges)
        if declines < self._limit:
            return None
        # Read with the charges: the event's copy is older than a payment, or a cancellation, that came in between.
        intent = charges[0].payment_intent
        assert isinstance(intent, stripe.PaymentIntent)
        if is_blocked(intent):
            return Blocked(declines, now=False)
        if intent.status not in _OPEN or not self._cancel(payment_id):
            return None
        return Blocked(declines, now=True)

    def _cancel(self, payment_id: str) -> bool:
        try:
            self._client.v1.payment_intents.cancel(payment_id, {"cancellation_reason": _STOPPED})
        except stripe.InvalidRequestError as refusal:
            if refusal.error is None or refusal.error.code != "payment_intent_unexpected_state":
                raise
            # Paid, or canceled, a moment ago: the event of that says what to do.
            log.info("purchase.not_blocked", payment=payment_id)
            return False
        return True


def _is_declined_card(charge: stripe.Charge) -> bool:
    details = charge.payment_method_details
    return charge.status == "failed" and (details is None or details.type == "card")
