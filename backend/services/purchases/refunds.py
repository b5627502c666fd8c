"""Giving a player money back: the refund first, then the coach's part of it.

A refund has a name, so that a repeated request finds it. With the caller's Idempotency-Key the name is that
key. Without one, two equal requests within minutes are one refund asked for twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import stripe
import structlog

from backend.domain import idempotency_keys
from backend.domain.metadata import IDEMPOTENCY_BODY, IDEMPOTENCY_KEY, idempotency_key_hash
from backend.domain.namespace import is_marked
from backend.domain.requests import RefundRequest
from backend.services.creation import create_once
from backend.services.errors import Conflict, PaymentsError, Undecided
from backend.services.reads import NOT_REFUNDED, PAGE, list_all, metadata_of, refunded_by, sold_payment
from backend.services.settlement.settle import Settler
from backend.services.write_outcome import Done, KeyTaken, Refused, answered_at
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)


KEY_USED = "This Idempotency-Key was already used for another refund."
ALREADY_REFUNDED = "This payment was already refunded."
REPEATED = (
    "The same amount of this payment was refunded a few minutes ago. To refund it once more, send the request "
    "with an Idempotency-Key of its own."
)

# A look follows each answer that another refund of the same payment came first.
_MOST_LOOKS = 4
# Long enough for a person who saw no answer and tries again, short enough for one who means a second refund.
REPEATS_WITHIN_SECONDS = 10 * 60
# As long as Stripe may take to make a 500 come true.
_SETTLED_AFTER_SECONDS = 3 * 3600


@dataclass(frozen=True)
class _Look:
    """The paid amount and every refund of it, whatever became of it, newest first, at one time of Stripe's.

    ``mark``: the mark of its deployment.
    """

    captured: int
    mark: Mapping[str, str]
    refunds: list[stripe.Refund]
    now: int | None

    @property
    def left(self) -> int:
        """The amount that can still be refunded, in minor units."""
        return self.captured - refunded_by(self.refunds)

    def younger_than(self, seconds: int, refund: stripe.Refund) -> bool:
        """True if a refund is that young. Without Stripe's time every one may be."""
        return self.now is None or self.now - refund.created < seconds


class Refunds:
    """The use case of ``/api/payments/refund``."""

    def __init__(self, client: stripe.StripeClient, settler: Settler) -> None:
        self._client = client
        self._settler = settler

    def refund(self, request: RefundRequest, idempotency_key: str | None = None) -> stripe.Refund:
        """Refund the player, then settle with the coach. Answers once the refund exists.

        ``idempotency_key`` is the caller's Idempotency-Key; it is kept on the refund itself, so that it holds longer
        than Stripe's own keys. Raises ``NotFound``, and ``Conflict`` for what cannot be refunded; where the
        request repeats a refund that was made without a key, the ``Conflict`` carries it.
        """
        try:
            return self._refund(request, idempotency_key)
        except Conflict as conflict:
            if conflict.refund is None:
                raise
            # The process that made it may have died before it settled, and its events may be lost.
            self._settle(request.payment_id)
            raise

    def _refund(self, request: RefundRequest, idempotency_key: str | None) -> stripe.Refund:
        for _ in range(_MOST_LOOKS):
            look = self._look(request.payment_id)
            refund = (
                self._unnamed(request, look) if idempotency_key is None else self._named(request, look, idempotency_key)
            )
            if refund is not None:
                self._settle(request.payment_id)
                return refund
        raise Undecided("Another refund of this payment is being made. Please try again in a moment.")

    def _look(self, payment_id: str) -> _Look:
        payment = sold_payment(self._client, payment_id)
        if payment.charge is None:
            raise Conflict("This payment has not been completed, so there is nothing to refund.")
        # Always listed: the charge's own sum leaves out refunds that failed, and may leave out pending ones.
        page = self._client.v1.refunds.list({"charge": payment.charge.id, "limit": PAGE})
        mark = namespace_of(self._client).mark_of(payment.metadata)
        return _Look(payment.charge.amount_captured, mark, list_all(page), answered_at(page))

    def _named(self, request: RefundRequest, look: _Look, idempotency_key: str) -> stripe.Refund:
        """The refund that belongs to the caller's Idempotency-Key.

        Stripe's key is the caller's alone, so that it cannot be used for a second payment while Stripe keeps
        it. The request depends on nothing that may change between two tries: what is left is Stripe's to say.

        Unlike a purchase's, it does not hold who asks. Only admins refund; and the same refund, asked for again by
        another admin, or under the bytes of another release, would be a second one.
        """
        name = idempotency_keys.refund_name(idempotency_key)
        marks = {
            **look.mark,
            IDEMPOTENCY_KEY: name,
            IDEMPOTENCY_BODY: idempotency_key_hash(request.reason, str(request.amount)),
        }
        earlier = _earlier(look.refunds, marks)
        if earlier is not None:
            return earlier
        _check_left(request, look)
        params = _params(request, request.amount, marks)
        key = idempotency_keys.named_refund(namespace_of(self._client), name)
        refund = self._create(key, params, self._client.v1.refunds.retrieve)
        if refund is None:
            raise Conflict(KEY_USED)
        return refund

    def _unnamed(self, request: RefundRequest, look: _Look) -> stripe.Refund | None:
        """The refund of a request without a key, on a fresh look; None when another one crossed it."""
        _check_repeat(request, look)
        _check_left(request, look)
        amount = request.amount or look.left
        known = {refund.id for refund in look.refunds}
        key = idempotency_keys.unnamed_refund(request.payment_id, amount, _refunded_before(amount, look))
        return self._create(
            key,
            _params(request, amount, look.mark),
            # What the key made and the look shows is an earlier refund, not this one. What the look does not
            # show was made since, by the same click sent twice.
            lambda refund_id: None if refund_id in known else self._standing(refund_id),
        )

    def _create(
        self,
        key: str,
        params: stripe.params.RefundCreateParams,
        retrieve: Callable[[str], stripe.Refund | None],
    ) -> stripe.Refund | None:
        """The refund under a key; None when the key was used with other parameters."""
        answer = create_once(
            key, lambda key: self._client.v1.refunds.create(params, {"idempotency_key": key}), retrieve
        )
        payment_id = params["payment_intent"]
        match answer:
            case Done(refund):
                log.info("refund.made", payment=payment_id, refund=refund.id, amount=refund.amount)
                return refund
            case Refused(code, message):
                log.warning("stripe.refused", payment=payment_id, code=code, said=message)
                raise _refusal(code)
            case KeyTaken():
                return None
            case _:
                raise Undecided("The refund is being processed. Please try again in a moment.")

    def _standing(self, refund_id: str) -> stripe.Refund | None:
        """The refund, unless it failed since: then the player still waits for the money."""
        refund = self._client.v1.refunds.retrieve(refund_id)
        return refund if _stands(refund) else None

    def _settle(self, payment_id: str) -> None:
        """The player has the money; the coach's part must not make that look like a failure.

        Stripe's ``refund.created`` and ``charge.refunded`` settle again whatever could not be done here.
        """
        try:
            self._settler.settle(payment_id, refunded=True)
        except (stripe.StripeError, PaymentsError) as error:
            log.warning("settlement.later", payment=payment_id, error=type(error).__name__)


def _params(request: RefundRequest, amount: int | None, marks: Mapping[str, str]) -> stripe.params.RefundCreateParams:
    params: stripe.params.RefundCreateParams = {
        "payment_intent": request.payment_id,
        "reason": request.reason,
        "metadata": dict(marks),
    }
    if amount is not None:
        params["amount"] = amount
    return params


def _stands(refund: stripe.Refund) -> bool:
    return refund.status not in NOT_REFUNDED


def _is_unnamed(refund: stripe.Refund) -> bool:
    """True if a refund was made here, without a caller's key."""
    metadata = metadata_of(refund)
    return is_marked(metadata) and IDEMPOTENCY_KEY not in metadata


def _refunded_before(amount: int, look: _Look) -> int:
    """The part of the key that tells a second refund of an amount from a second click on the first.

    It is what stands of the payment's refunds. One of another name that is not three hours old is left out:
    it may have come between the two clicks, or between a 500 and the refund that this 500 hides, and would
    give the second another key, and so the player the money twice. Otherwise the bytes are those of always:
    a request that an older process has under way, or whose answer it lost, meets its own refund here.
    """
    return sum(
        refund.amount
        for refund in look.refunds
        if _stands(refund)
        and ((refund.amount == amount and _is_unnamed(refund)) or not look.younger_than(_SETTLED_AFTER_SECONDS, refund))
    )


def _earlier(refunds: list[stripe.Refund], marks: dict[str, str]) -> stripe.Refund | None:
    """The refund that the same Idempotency-Key made, however long ago and whatever became of it."""
    for refund in refunds:
        metadata = metadata_of(refund)
        if metadata.get(IDEMPOTENCY_KEY) != marks[IDEMPOTENCY_KEY]:
            continue
        if metadata.get(IDEMPOTENCY_BODY) != marks[IDEMPOTENCY_BODY]:
            raise Conflict(KEY_USED)
        return refund
    return None


def _check_repeat(request: RefundRequest, look: _Look) -> None:
    """Refuse what a request without a key did minutes ago, and say what that came to.

    All that is left is asked for twice only when nothing is left; then the newest is the one.
    """
    for refund in look.refunds:
        same = refund.amount == request.amount if request.amount else look.left <= 0
        if same and _is_unnamed(refund) and _stands(refund) and look.younger_than(REPEATS_WITHIN_SECONDS, refund):
            told = {"id": refund.id, "amount": refund.amount, "status": refund.status, "reason": refund.reason}
            if look.left <= 0:
                raise Conflict(ALREADY_REFUNDED, status="refunded", refund=told)
            raise Conflict(REPEATED, refund=told)


def _check_left(request: RefundRequest, look: _Look) -> None:
    if look.left <= 0:
        raise Conflict(ALREADY_REFUNDED, status="refunded")
    if request.amount is not None and request.amount > look.left:
        raise Conflict("The amount is more than what is left of this payment.")


def _refusal(code: str) -> Conflict:
    if code == "charge_disputed":
        return Conflict("The player's bank is disputing this payment, so it cannot be refunded now.")
    if code == "charge_already_refunded":
        return Conflict(ALREADY_REFUNDED, status="refunded")
    return Conflict("Stripe does not allow this refund.")
