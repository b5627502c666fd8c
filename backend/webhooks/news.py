"""Telling the host app: each function compares what Stripe says now with what is worth telling, and sends the signals.

A subscriber that raises keeps neither money nor other news back: its failure is collected, and raised at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import stripe
import structlog
from blinker import NamedSignal

from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services import Services
from backend.services.disputes import ENDED_DISPUTES
from backend.services.purchases.sessions import is_open, session_id_of, session_of
from backend.services.reads import NOT_REFUNDED, Payment, captured, id_of, refunded_by, refunds_of
from backend.services.settlement.settle import Settlement
from backend.webhooks import signals

log = structlog.get_logger(__name__)


class Teller:
    """Sends signals on behalf of one trigger, and keeps the first failure of a subscriber for the end."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.failure: Exception | None = None

    def attempt(self, tell: Callable[[], None]) -> None:
        """Run ``tell``; what it raises is kept."""
        try:
            tell()
        except Exception as error:  # noqa: BLE001  (a subscriber may raise anything; it is raised again at the end)
            log.warning("signal.failed", kind=type(error).__name__)
            self.failure = self.failure or error

    def finish(self) -> None:
        """Raise the first failure, so that the trigger comes again."""
        if self.failure is not None:
            raise self.failure

    def session(self, payment: Payment, happened_at: int | None = None, after: stripe.Refund | None = None) -> None:
        """Tell that the session is open, if it is. ``after``: the refund that closed it and came back."""
        if not payment.purchase.ours or not is_open(self._services.client, payment):
            return
        session = session_of(self._services.client, payment, happened_at)
        told = f"{session.id}:{after.id}" if after is not None else session.id
        self._send(signals.session_opened, told, session=session)

    def settlement(self, settlement: Settlement) -> None:
        """Tell of money that waits, and of a session that the whole refund, or the bank, has closed."""
        self._waiting(settlement)
        self._revoked(settlement)

    def _waiting(self, settlement: Settlement) -> None:
        """Money that waits is told each time it is met; the id is the same while as much waits for the same."""
        note, payment_id = settlement.note, settlement.payment_id
        if settlement.state != MoneyState.HELD or note is None:
            return
        if note.reason == Reason.CLAWBACK_PENDING:
            told = f"{payment_id}:{note.slot}:{note.amount}"
            self._send(signals.clawback_pending, told, payment_id=payment_id, amount=note.amount)
        else:
            told = f"{payment_id}:{note.reason or ''}:{note.slot}" + (f":{note.amount}" if note.amount else "")
            self._send(
                signals.transfer_held, told, payment_id=payment_id, reason=str(note.reason or ""), amount=note.amount
            )

    def _revoked(self, settlement: Settlement) -> None:
        view = settlement.view
        if view is None or view.payment.charge is None:
            return
        payment, charge = view.payment, view.payment.charge
        cause, reason = None, "refunded"
        if not captured(charge):
            cause, reason = id_of(charge.failure_balance_transaction) or charge.id, "returned"
        elif refunded_by(view.refunds) >= charge.amount_captured:
            standing = [one for one in view.refunds if one.status not in NOT_REFUNDED]
            cause = max(standing, key=lambda one: (one.created, one.id)).id
        if cause is not None:
            session_id = session_id_of(payment)
            facts = {"session_id": session_id, "payment_id": payment.id, "reason": reason}
            self._send(signals.session_revoked, f"{session_id}:{cause}", **facts)

    def refund(self, refund: stripe.Refund, payment: Payment | None) -> None:
        """Tell what became of a refund: requested, made, or failed; and that a session is open again after that."""
        facts: dict[str, Any] = {
            "payment_id": id_of(refund.payment_intent),
            "amount": refund.amount,
            "currency": refund.currency,
            "status": refund.status,
        }
        log.info("refund.seen", payment=facts["payment_id"], refund=refund.id, status=refund.status)
        if refund.status == "succeeded":
            self._send(signals.refund_made, refund.id, **facts)
        elif refund.status in NOT_REFUNDED:
            reason = getattr(refund, "failure_reason", None)
            told = f"{refund.id}:{refund.status}"
            self._send(signals.refund_failed, told, refund_id=refund.id, reason=reason, **facts)
            if payment is not None:
                self._opened_again(payment, refund)
        else:
            self._send(signals.refund_requested, f"{refund.id}:requested", refund_id=refund.id, **facts)

    def _opened_again(self, payment: Payment, refund: stripe.Refund) -> None:
        """With the failed refund the payment was refunded whole: the session was closed, and is open again.

        Refunds that failed since stood beside it then. Which of them closed the session, no field of theirs says:
        any that make up the whole with this one may have.
        """
        if payment.charge is None:
            return
        others = [one for one in refunds_of(self._services.client, payment, known=True) if one.id != refund.id]
        whole, sums = payment.charge.amount_captured, {refund.amount}
        for one in others:
            sums |= {total + one.amount for total in sums if total + one.amount <= whole}
        if whole in sums:
            self.session(payment, after=refund)

    def dispute(self, dispute: stripe.Dispute) -> None:
        """Tell of a dispute that is open, and of one that has ended, with its outcome."""
        facts: dict[str, Any] = {
            "dispute_id": dispute.id,
            "payment_id": id_of(dispute.payment_intent),
            "amount": dispute.amount,
            "currency": dispute.currency,
        }
        log.warning("dispute.seen", status=dispute.status, reason=dispute.reason, **facts)
        if dispute.status in ENDED_DISPUTES:
            times = len(getattr(dispute, "balance_transactions", None) or [])
            told = f"{dispute.id}:{dispute.status}:{times}"
            self._send(signals.dispute_closed, told, outcome=dispute.status, **facts)
            return
        told = dispute.id
        if dispute.status.startswith("appeal"):
            told = f"{dispute.id}:appeal"
        elif not dispute.status.startswith("warning") and _was_an_inquiry(dispute):
            told = f"{dispute.id}:escalated"
        self._send(signals.dispute_opened, told, reason=dispute.reason, status=dispute.status, **facts)

    def transfer(self, transfer: Any, payment_id: str) -> None:
        """Tell that the coach was sent money. ``transfer``: Stripe's object, or an event's copy of it."""
        self._send(
            signals.transfer_made,
            transfer["id"],
            payment_id=payment_id,
            amount=transfer["amount"],
            currency=transfer["currency"],
            account_id=transfer["destination"],
        )

    def send(self, signal: NamedSignal, told: str, **facts: Any) -> None:
        """Send any other signal."""
        self._send(signal, told, **facts)

    def _send(self, signal: NamedSignal, told: str, **facts: Any) -> None:
        self.attempt(lambda: _ignore(signal.send(self._services, id=told, **facts)))


def tell(services: Services, settlement: Settlement) -> None:
    """Tell of a payment that was just settled: its session, and money that waits. Raises what a subscriber raised."""
    teller = Teller(services)
    payment = settlement.payment
    if payment is not None:
        teller.attempt(lambda: teller.session(payment))
    teller.settlement(settlement)
    teller.finish()


def _ignore(_result: object) -> None:
    """A signal's answers are the subscribers' own business."""


def _was_an_inquiry(dispute: stripe.Dispute) -> bool:
    card = getattr(dispute.payment_method_details, "card", None)
    return getattr(card, "case_type", None) == "inquiry"
