"""Receipts: the true state of a payment, for whoever holds its client secret."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import stripe

from backend.domain.sessions import Session
from backend.services.errors import NotFound
from backend.services.purchases.sessions import session_of
from backend.services.reads import NO_SUCH_PAYMENT, Payment, captured, refunded_by, refunds_of, sold_payment


class State(StrEnum):
    """The state of a payment, in the player's terms."""

    PAID = "paid"
    REFUNDED = "refunded"
    PROCESSING = "processing"
    UNFINISHED = "unfinished"  # the bank's question is still open
    DECLINED = "declined"
    NOT_PAID = "not_paid"
    CANCELED = "canceled"


@dataclass(frozen=True)
class Receipt:
    """A payment for its player. Amounts are minor units; the session is there when it is open.

    ``refunds``: every one, whatever became of it; ``refunded`` is what the player has back or will have.
    """

    payment: Payment
    state: State
    refunded: int = 0
    session: Session | None = None
    refunds: Sequence[stripe.Refund] = ()


class Receipts:
    """The use case of the return pages."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def read(self, payment_id: str, client_secret: str) -> Receipt:
        """The payment as it is now, whatever the address of the page says of it.

        Raises ``NotFound`` alike for what was not sold here and for a wrong secret: an id alone shows nothing.
        """
        payment = sold_payment(self._client, payment_id)
        if not holds_secret(payment, client_secret):
            raise NotFound(NO_SUCH_PAYMENT)
        if payment.charge is None:
            return Receipt(payment, _unpaid(payment.intent))
        # A refund that came back leaves nothing on the charge: the player is to hear of it all the same.
        refunds = refunds_of(self._client, payment, known=True)
        refunded = refunded_by(refunds)
        if refunded >= captured(payment.charge):
            return Receipt(payment, State.REFUNDED, refunded, refunds=refunds)
        return Receipt(payment, State.PAID, refunded, session_of(self._client, payment), refunds)


def holds_secret(payment: Payment, client_secret: str) -> bool:
    """True if it is the payment's client secret, compared in constant time."""
    return hmac.compare_digest((payment.intent.client_secret or "").encode(), client_secret.encode())


def _unpaid(intent: stripe.PaymentIntent) -> State:
    match intent.status:
        case "processing" | "requires_capture":
            return State.PROCESSING
        case "requires_action":
            return State.UNFINISHED
        case "canceled":
            return State.CANCELED
        case _:
            return State.DECLINED if intent.last_payment_error else State.NOT_PAID
