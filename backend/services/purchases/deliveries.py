"""The work is delivered, or accepted: what releases a share that is kept until then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import stripe
import structlog

from backend.domain import idempotency_keys
from backend.domain.access import Caller
from backend.domain.metadata import ACCEPTED_AT, ACCEPTED_BY, DELIVERED_AT
from backend.domain.release import ReleaseKind, ReleaseTerms, moment_of
from backend.services.errors import Conflict, Forbidden, NotFound, Undecided
from backend.services.moments import write_once
from backend.services.purchases.receipts import holds_secret
from backend.services.purchases.sessions import is_open
from backend.services.reads import NO_SUCH_PAYMENT, Payment, sold_payment
from backend.services.release import facts_of, is_due, release_of
from backend.services.settlement.settle import Settlement, Settler

log = structlog.get_logger(__name__)

PLAYER, ADMIN, OPERATOR = "player", "admin", "operator"


@dataclass(frozen=True)
class Release:
    """The release of one payment's share. ``released_at``: from when it may be sent, unix second; None if not known.

    ``settlement``: what settling came to, where the share was released by this call.
    """

    payment_id: str
    released: bool
    delivered_at: int | None
    released_at: int | None
    settlement: Settlement | None = None


class Deliveries:
    """The use cases of ``/api/payments/delivered`` and ``/api/payments/accept``, and of ``flask release``."""

    def __init__(self, client: stripe.StripeClient, settler: Settler) -> None:
        self._client = client
        self._settler = settler

    def deliver(self, payment_id: str, caller: Caller) -> Release:
        """Note that the coach has delivered the work; the share is released some days later. The first moment stays.

        Only the coach or an admin may say so: where nobody is asked who they are, in production, that is ``Forbidden``.
        Raises ``NotFound`` and ``Conflict``.
        """
        if caller.unknown:
            raise Forbidden(
                "Nobody signs in here, so nobody is known to be the coach. An operator can release the payment."
            )
        payment = sold_payment(self._client, payment_id)
        if not caller.is_coach(payment.purchase.coach_id):
            raise NotFound(NO_SUCH_PAYMENT)
        if self._terms(payment).kind != ReleaseKind.ON_DELIVERY:
            raise Conflict("The coach's share of this payment does not wait for the delivery, but for a day.")
        if facts_of(payment).delivered_at is None:
            self._write(payment, DELIVERED_AT, idempotency_keys.delivered_at)
            log.info("payment.delivered", payment=payment_id, coach=payment.purchase.coach_id)
        return self._end(payment_id)

    def accept(self, payment_id: str, caller: Caller, client_secret: str | None = None) -> Release:
        """Release the share at once, because the player accepts the work. Repeating it changes nothing.

        The player's token, an admin's, or the payment's client secret. Raises ``NotFound`` alike for what was not sold
        here, for another's and for a wrong secret; and ``Forbidden`` without either.
        """
        if client_secret is None and caller.is_stranger:
            raise Forbidden("Send the payment's clientSecret: nothing else says that you are its player.")
        payment = sold_payment(self._client, payment_id)
        has_secret = client_secret is not None and holds_secret(payment, client_secret)
        if not (has_secret or caller.is_player(payment.purchase.player_id)):
            raise NotFound(NO_SUCH_PAYMENT)
        by_admin = not has_secret and caller.subject != payment.purchase.player_id
        return self._accept(payment, ADMIN if by_admin else PLAYER)

    def release(self, payment_id: str) -> Release:
        """Release the share at once, because an operator says so. Raises ``NotFound`` and ``Conflict``."""
        return self._accept(sold_payment(self._client, payment_id), OPERATOR)

    def _accept(self, payment: Payment, who: str) -> Release:
        self._terms(payment)
        if facts_of(payment).accepted_at is None:
            self._write(payment, ACCEPTED_AT, idempotency_keys.accepted_at, {ACCEPTED_BY: who})
            log.info("payment.accepted", payment=payment.id, by=who)
        return self._end(payment.id)

    def _terms(self, payment: Payment) -> ReleaseTerms:
        """The terms of a paid payment whose share is kept. Raises ``Conflict`` for every other one."""
        terms = payment.purchase.offer.release
        if payment.charge is None:
            raise Conflict("This payment has not been completed, so there is nothing to release.")
        if not terms.keeps:
            raise Conflict("The coach's share of this payment does not wait for a delivery.")
        if not is_open(self._client, payment):
            raise Conflict("This payment was refunded, so there is nothing to release.", status="refunded")
        return terms

    def _write(
        self,
        payment: Payment,
        name: str,
        key_of: Callable[[str, int], str],
        more: Mapping[str, str] | None = None,
    ) -> int:
        """Write Stripe's time under a name, unless a time stands there: a later one could only delay the release."""
        if payment.at is None or payment.charge is None:
            raise Undecided
        not_before = payment.charge.created
        values = {name: str(max(payment.at, not_before)), **(more or {})}
        return write_once(self._client, payment.id, values, key_of, partial(_moment_in, name, not_before))

    def _end(self, payment_id: str) -> Release:
        """The release as it stands now; the coach is paid if it has come. Raises what settling raises."""
        payment = sold_payment(self._client, payment_id)
        released = is_due(payment, payment.at)
        settlement = self._settler.settle(payment_id, seen=payment) if released else None
        return Release(payment_id, released, facts_of(payment).delivered_at, release_of(payment), settlement)


def _moment_in(name: str, not_before: int, metadata: Mapping[str, str]) -> int | None:
    return moment_of(metadata.get(name), not_before)
