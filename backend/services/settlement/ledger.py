"""The ledger: where every cent of one payment is, from Stripe alone."""

from __future__ import annotations

from dataclasses import dataclass

import stripe

from backend.domain.namespace import is_marked
from backend.domain.states import MoneyState
from backend.services.coach.registry import Registry
from backend.services.reads import Payment, metadata_of, sold_payment
from backend.services.release import is_kept, release_of
from backend.services.settlement.positions import PositionReader, View
from backend.services.settlement.transfers import CoachLists


@dataclass(frozen=True)
class RefundLine:
    """One refund with its state: a pending one is counted, a failed or canceled one is not."""

    id: str
    amount: int
    status: str


@dataclass(frozen=True)
class Ledger:
    """The money of one payment, in minor units.

    ``charged`` = ``refunded`` + ``disputed`` + ``kept``; ``kept`` = ``fee`` + ``due``. The coach was sent
    ``transferred`` (of it ``by_hand`` by people or other programs), gave back ``reversed`` and holds ``held``. It
    balances when ``held`` is ``due``, or all that is owed is ``unreleased``: kept until the work is done, at the latest
    until the unix second ``kept_until`` (None: nothing is kept, or it is not known). ``refunds``: each with its state,
    failed ones too.
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
    refunds: tuple[RefundLine, ...] = ()
    by_hand: int = 0
    kept_until: int | None = None
    unreleased: int = 0

    @property
    def owed(self) -> int:
        """The amount that the coach is still to be sent; negative: that the coach is still to give back."""
        return self.due - self.held

    @property
    def balances(self) -> bool:
        """True if the coach holds exactly what the coach should, save for a share that is not released yet."""
        return self.owed == self.unreleased


def ledger_of(client: stripe.StripeClient, registry: Registry, payment_id: str) -> Ledger:
    """The ledger of a payment sold here. Raises ``NotFound``, ``UnclearTransfers``, ``ManyTransfers``,
    ``UnclearDispute`` and ``UnreadablePayment``.
    """
    payment = sold_payment(client, payment_id)
    if payment.charge is None:
        return ledger_without_money(payment)
    # People ask for one payment at a time, so every page is read; and the charge forgets a refund that failed.
    positions = PositionReader(client, registry, CoachLists())
    adopting = not payment.purchase.ours
    view = positions.read(payment, positions.destination(payment), adopting=adopting, refunded=True)
    return ledger_without_money(payment) if view is None else ledger_from(view)


def ledger_without_money(payment: Payment) -> Ledger:
    """The ledger of a payment that is not paid."""
    return Ledger(payment.id, payment.intent.status, payment.intent.currency)


def ledger_from(view: View) -> Ledger:
    """The ledger of a payment whose money was read whole."""
    payment, position = view.payment, view.position
    split = position.split
    unreleased = max(0, split.share - position.held) if is_kept(payment, view.disputes) else 0
    return Ledger(
        payment_id=payment.id,
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
        note=_note_of(payment),
        refunds=tuple(RefundLine(one.id, one.amount, one.status or "unknown") for one in view.refunds),
        by_hand=sum(one.amount for one in view.transfers if not is_marked(metadata_of(one))),
        kept_until=release_of(payment) if unreleased else None,
        unreleased=unreleased,
    )


def _note_of(payment: Payment) -> str | None:
    """The note, or a person's word."""
    if payment.is_manual:
        return MoneyState.MANUAL
    return str(payment.note) if payment.note else None
