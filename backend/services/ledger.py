"""Where every cent of one payment is, from Stripe alone."""

from __future__ import annotations

from dataclasses import dataclass

import stripe

from backend.domain.settlement import Position
from backend.services.reads import Payment, sold_payment
from backend.services.registry import Registry
from backend.services.views import Views


@dataclass(frozen=True)
class Ledger:
    """The money of one payment, in minor units.

    ``charged`` = ``refunded`` + ``disputed`` + ``kept``; ``kept`` = ``fee`` + ``due``. The coach was sent
    ``transferred``, gave back ``reversed`` and holds ``held``. It balances when ``held`` is ``due``.
    """

    payment_id: str
    status: str
    currency: str
    charged: int = 0
    refunded: int = 0
    disputed: int = 0
    kept: int = 0
    fee: int = 0
    due: int = 0
    transferred: int = 0
    reversed: int = 0
    held: int = 0
    note: str | None = None

    @property
    def owed(self) -> int:
        """What the coach is still to be sent; negative: what the coach is still to give back."""
        return self.due - self.held

    @property
    def balances(self) -> bool:
        """Whether the coach holds exactly what the coach should."""
        return self.owed == 0


def ledger_of(client: stripe.StripeClient, registry: Registry, payment_id: str) -> Ledger:
    """The ledger of a payment sold here. Raises ``NotFound`` and ``UnclearTransfers``."""
    payment = sold_payment(client, payment_id)
    if payment.charge is None:
        return Ledger(payment.intent.id, payment.intent.status, payment.intent.currency)
    views = Views(client, registry)
    view = views.read(payment, payment.charge, views.destination(payment))
    return _ledger(payment, view.position)


def _ledger(payment: Payment, position: Position) -> Ledger:
    split = position.split
    return Ledger(
        payment_id=payment.intent.id,
        status=payment.intent.status,
        currency=payment.intent.currency,
        charged=position.captured,
        refunded=position.refunded,
        disputed=position.disputed,
        kept=split.amount,
        fee=split.fee,
        due=split.share,
        transferred=sum(transfer.amount for transfer in position.transfers),
        reversed=sum(transfer.amount_reversed for transfer in position.transfers),
        held=position.held,
        note=str(payment.note) if payment.note else None,
    )
