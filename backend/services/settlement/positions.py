"""One payment's money, read whole: what settle decides on, and what the ledger shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import stripe

from backend.domain.settlement import Position
from backend.services.coach.registry import Registry
from backend.services.disputes import disputed_by, disputes_of
from backend.services.reads import Payment, captured, read_payment, refunded_by, refunds_of
from backend.services.settlement.transfers import CoachLists, Found, TransferReader, record_of


@dataclass(frozen=True)
class View:
    """One payment's money as it was read. ``listed``: False if its transfers were taken to be none.

    ``disputes`` are read only where there may be any, ``refunds`` where something was refunded.
    """

    payment: Payment
    position: Position
    destination: str | None
    transfers: tuple[stripe.Transfer, ...]
    listed: bool
    refunds: tuple[stripe.Refund, ...] = ()
    disputes: tuple[stripe.Dispute, ...] = ()


class PositionReader:
    """Reads positions. ``lists``: transfers by payee that a sweep shares; without, a look is bounded."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, lists: CoachLists | None = None) -> None:
        self._client = client
        self._registry = registry
        self._transfers = TransferReader(client, registry, lists)

    def destination(self, payment: Payment) -> str | None:
        """The account to pay: the one frozen at purchase, else the one that the coach has registered since."""
        return payment.purchase.coach_account_id or self._registry.late_account(payment.purchase.coach_id)

    def read(
        self,
        payment: Payment,
        destination: str | None,
        *,
        listed: bool = True,
        stale: bool = False,
        adopting: bool = False,
        disputed: bool = False,
        refunded: bool = False,
    ) -> View | None:
        """The money of a paid payment; None if it is not paid any more, or not a payment.

        The charge is read no earlier than the transfers that it is compared with: it comes with the list, or the
        payment is read again. ``stale``: the payment was read before the last write, so it is read again in any
        case. ``disputed``, ``refunded``: a dispute, a refund is known of. Raises ``UnclearTransfers``,
        ``ManyTransfers``, ``UnclearDispute``, ``UnreadablePayment``, and what Stripe raises.
        """
        found = self._transfers.of(payment, destination, adopting) if listed else Found(charge=payment.charge)
        if stale or found.charge is None:
            again = read_payment(self._client, payment.id)
            if again is None or again.charge is None:
                return None
            # The earlier time of the two: what was to come true by then is in the list.
            payment = replace(again, at=payment.at)
        else:
            payment = replace(payment, charge=found.charge)
        charge = cast(stripe.Charge, payment.charge)
        refunds = refunds_of(self._client, payment, refunded)
        disputes = disputes_of(self._client, charge.id) if disputed or payment.may_be_disputed else []
        position = Position(
            captured=captured(charge),
            refunded=refunded_by(refunds),
            disputed=disputed_by(disputes, charge.currency),
            rate=payment.purchase.rate,
            transfers=[record_of(self._client, transfer) for transfer in found.transfers],
        )
        return View(payment, position, destination, found.transfers, listed, tuple(refunds), tuple(disputes))
