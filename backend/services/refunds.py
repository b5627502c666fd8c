"""Giving a player money back: the refund first, then the coach's part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import stripe
import structlog

from backend.domain.metadata import APP, APP_VALUE, ATTEMPT, ATTEMPT_BODY, attempt_hash
from backend.services.answers import Done, KeyTaken, Refused
from backend.services.creation import create_once
from backend.services.errors import Conflict, PaymentsError, Undecided
from backend.services.reads import NOT_REFUNDED, metadata_of, refunded_by, refunds_of, sold_payment
from backend.services.settlement import Settler

log = structlog.get_logger(__name__)

RefundReason = Literal["duplicate", "fraudulent", "requested_by_customer"]

KEY_USED = "This Idempotency-Key was already used for another refund."

# A look follows each answer that another refund of the same payment came first.
_MOST_LOOKS = 4


@dataclass(frozen=True)
class RefundRequest:
    """What to give back: ``amount`` in minor units, or all that is left when None."""

    payment_id: str
    reason: RefundReason = "requested_by_customer"
    amount: int | None = None


class Refunds:
    """The use case of ``/api/payments/refund``."""

    def __init__(self, client: stripe.StripeClient, settler: Settler) -> None:
        self._client = client
        self._settler = settler

    def refund(self, request: RefundRequest, attempt: str | None = None) -> stripe.Refund:
        """Refund the player, then settle with the coach. Answers once the refund exists.

        ``attempt`` is the caller's Idempotency-Key; it is kept on the refund itself, so that it holds longer
        than Stripe's own keys. Raises ``NotFound``, and ``Conflict`` for what cannot be refunded.
        """
        marks = _marks(request, attempt)
        for _ in range(_MOST_LOOKS):
            refund = self._refund(request, marks)
            if refund is not None:
                self._settle(request.payment_id)
                return refund
        if attempt is not None:
            raise Conflict(KEY_USED)
        raise Undecided("Another refund of this payment is being made. Please try again in a moment.")

    def _refund(self, request: RefundRequest, marks: dict[str, str]) -> stripe.Refund | None:
        """One try on a fresh view; None when another refund crossed it."""
        payment = sold_payment(self._client, request.payment_id)
        if payment.charge is None:
            raise Conflict("This payment has not been completed, so there is nothing to refund.")
        refunds = refunds_of(self._client, payment.charge)
        earlier = _earlier(refunds, marks)
        if earlier is not None:
            return earlier
        refunded = refunded_by(refunds)
        amount = _amount(request, payment.charge.amount_captured - refunded)
        # Two people may each mean a refund of the same amount; one who clicks twice means one. What was
        # refunded before tells them apart, and everything of one click sends the same bytes.
        key = f"refund:{payment.intent.id}:{marks.get(ATTEMPT) or f'{amount}:{refunded}'}"
        answer = create_once(
            key,
            lambda key: self._client.v1.refunds.create(
                {
                    "payment_intent": request.payment_id,
                    "amount": amount,
                    "reason": request.reason,
                    "metadata": {APP: APP_VALUE, **marks},
                },
                {"idempotency_key": key},
            ),
            self._standing,
        )
        match answer:
            case Done(refund):
                log.info("refund.made", payment=payment.intent.id, refund=refund.id, amount=amount)
                return refund
            case Refused(code, message):
                log.warning("stripe.refused", payment=payment.intent.id, code=code, said=message)
                raise _refusal(code)
            case KeyTaken():
                return None
            case _:
                raise Undecided("The refund is being processed. Please try again in a moment.")

    def _standing(self, refund_id: str) -> stripe.Refund | None:
        """The refund, unless it failed since: then the player still waits for the money."""
        refund = self._client.v1.refunds.retrieve(refund_id)
        return None if refund.status in NOT_REFUNDED else refund

    def _settle(self, payment_id: str) -> None:
        """The player has the money; the coach's part must not make that look like a failure.

        Stripe's ``refund.created`` and ``charge.refunded`` settle again whatever could not be done here.
        """
        try:
            self._settler.settle(payment_id)
        except (stripe.StripeError, PaymentsError) as error:
            log.warning("settlement.later", payment=payment_id, error=type(error).__name__)


def _marks(request: RefundRequest, attempt: str | None) -> dict[str, str]:
    if attempt is None:
        return {}
    body = attempt_hash(request.reason, str(request.amount))
    return {ATTEMPT: attempt_hash("refund", attempt), ATTEMPT_BODY: body}


def _earlier(refunds: list[stripe.Refund], marks: dict[str, str]) -> stripe.Refund | None:
    """The refund that the same Idempotency-Key made, however long ago."""
    for refund in refunds if marks else ():
        metadata = metadata_of(refund)
        if metadata.get(ATTEMPT) != marks[ATTEMPT]:
            continue
        if metadata.get(ATTEMPT_BODY) != marks[ATTEMPT_BODY]:
            raise Conflict(KEY_USED)
        return refund
    return None


def _amount(request: RefundRequest, left: int) -> int:
    if left <= 0:
        raise Conflict("This payment was already refunded.", status="refunded")
    if request.amount is not None and request.amount > left:
        raise Conflict("The amount is more than what is left of this payment.")
    return request.amount or left


def _refusal(code: str) -> Conflict:
    if code == "charge_disputed":
        return Conflict("The player's bank is disputing this payment, so it cannot be refunded now.")
    if code == "charge_already_refunded":
        return Conflict("This payment was already refunded.", status="refunded")
    return Conflict("Stripe does not allow this refund.")
