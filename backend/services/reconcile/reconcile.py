"""The results of a sweep: what became of each payment, and which registry entries were put back."""

from __future__ import annotations

from dataclasses import dataclass

import stripe
import structlog

from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services.coach.registry import Registry
from backend.services.disputes import UnclearDispute
from backend.services.errors import UnreadablePayment
from backend.services.reads import read_payment
from backend.services.settlement.adoption import Adoption
from backend.services.settlement.ledger import ledger_of
from backend.services.settlement.settle import Settlement
from backend.services.settlement.transfers import UnclearTransfers

log = structlog.get_logger(__name__)

_UNCLEAR: dict[type[Exception], Reason] = {
    UnclearTransfers: Reason.UNCLEAR_TRANSFERS,
    UnclearDispute: Reason.UNCLEAR_DISPUTE,
    UnreadablePayment: Reason.UNREADABLE,
}


@dataclass(frozen=True)
class ReconcileResult:
    """The end of one payment in a sweep. ``reason``: why it waits, or the class of what it failed with.

    ``moved``: the amount that the coach was sent, less what was taken back; in a dry run what is owed. Minor units.
    """

    payment_id: str
    state: MoneyState
    moved: int = 0
    currency: str = ""
    reason: str = ""
    settlement: Settlement | None = None

    @classmethod
    def of(cls, settlement: Settlement) -> ReconcileResult:
        """The end that settling came to."""
        payment, note = settlement.payment, settlement.note
        return cls(
            settlement.payment_id,
            settlement.state,
            settlement.moved,
            payment.intent.currency if payment is not None else "",
            (note.reason or "") if note is not None else "",
            settlement,
        )


def owed(client: stripe.StripeClient, registry: Registry, payment_id: str, adopt: bool = False) -> ReconcileResult:
    """Say what a payment's coach is owed, and change nothing. ``adopt``: payments of the Node backend too."""
    try:
        return _owed(client, registry, payment_id, adopt)
    except tuple(_UNCLEAR) as unclear:
        return ReconcileResult(payment_id, MoneyState.HELD, reason=_UNCLEAR[type(unclear)])


def _owed(client: stripe.StripeClient, registry: Registry, payment_id: str, adopt: bool) -> ReconcileResult:
    payment = read_payment(client, payment_id)
    if payment is None or not (payment.purchase.ours or adopt or Adoption(client).is_owed_to_us(payment)):
        return ReconcileResult(payment_id, MoneyState.NOT_OURS)
    if payment.is_manual:
        return ReconcileResult(payment_id, MoneyState.MANUAL)
    if payment.charge is None:
        return ReconcileResult(payment_id, MoneyState.NOT_PAID)
    ledger = ledger_of(client, registry, payment_id)
    if ledger.unreleased and ledger.balances:
        return ReconcileResult(payment_id, MoneyState.HELD, 0, ledger.currency, Reason.UNDELIVERED)
    state = MoneyState.SETTLED if ledger.balances else MoneyState.OWED
    return ReconcileResult(payment_id, state, ledger.owed, ledger.currency, ledger.note or "")
