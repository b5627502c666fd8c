"""Webhook event type -> function, with the reason why we listen.

An event is a hint to look: handlers take ids from it, read Stripe as it is now, and act on that. They may
run twice, late, or in any order. What cannot be finished raises, so that Stripe delivers again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from backend import signals
from backend.domain.access import TRUSTED
from backend.domain.metadata import PAYMENT, is_ours
from backend.domain.settlement import HELD, Reason
from backend.services import Services
from backend.services.candidates import waiting_for
from backend.services.errors import NotFound, Undecided
from backend.services.payments import session_of
from backend.services.reads import coach_of, found, is_payable
from backend.services.settlement import NOT_OURS, NOT_PAID, Settlement

log = structlog.get_logger(__name__)

# How long one delivery may settle a coach's waiting payments; the rest comes with the next delivery.
_WAITING_BUDGET_SECONDS = 8.0


@dataclass(frozen=True)
class Event:
    """A verified event. ``object`` is a snapshot of the past; ``account`` is set for a coach's account.

    ``created``: unix seconds, as far as the event says.
    """

    id: str
    type: str
    account: str | None
    livemode: bool
    created: Any
    object: Mapping[str, Any]

    @property
    def metadata(self) -> Mapping[str, str]:
        """The metadata of the object, as it was."""
        return self.object.get("metadata") or {}


Handler = Callable[[Services, Event], None]


def handle(services: Services, event: Event) -> str:
    """Do what the event asks for; answers with the outcome for the log. Raises to have it delivered again."""
    handler = (_CONNECTED if event.account else _PLATFORM).get(event.type)
    if handler is None:
        return "ignored"
    handler(services, event)
    return "handled"


def tell(services: Services, settlement: Settlement) -> None:
    """Tell the host app of a payment that was just settled: its session, and money that waits."""
    payment = settlement.payment
    charge = payment.charge if payment is not None and payment.purchase.ours else None
    if payment is not None and charge is not None and charge.amount_refunded < charge.amount_captured:
        session = session_of(payment, charge)
        signals.session_opened.send(services, id=session.id, session=session)
    _tell_waiting(services, settlement)


def _payment_succeeded(services: Services, event: Event) -> None:
    settlement = services.settler.settle(event.object["id"], just_paid=True)
    log.info("payment.succeeded", payment=event.object["id"], outcome=settlement.state)
    tell(services, settlement)


def _payment_failed(services: Services, event: Event) -> None:
    if not is_ours(event.metadata):
        return
    error = event.object.get("last_payment_error") or {}
    facts = {
        "payment_id": event.object["id"],
        "status": event.object.get("status"),
        "code": error.get("code"),
        "decline_code": error.get("decline_code"),
    }
    log.info("payment.failed", payment=facts["payment_id"], status=facts["status"], code=facts["code"])
    attempt = error.get("charge") or event.object.get("status")
    signals.payment_failed.send(services, id=f"{facts['payment_id']}:{attempt}", **facts)


def _settle_payment_of(services: Services, event: Event) -> Settlement | None:
    """Settle the payment that a charge, refund or dispute belongs to."""
    payment_id = event.object.get("payment_intent")
    if payment_id is None:
        return None
    settlement = services.settler.settle(payment_id)
    _tell_waiting(services, settlement)
    return settlement


def _charge_changed(services: Services, event: Event) -> None:
    _settle_payment_of(services, event)


def _refund_changed(services: Services, event: Event) -> None:
    settlement = _settle_payment_of(services, event)
    if _concerns_us(settlement):
        refund = event.object
        facts = {name: refund[name] for name in ("amount", "currency", "status")}
        log.info("refund.seen", payment=refund["payment_intent"], refund=refund["id"], status=facts["status"])
        signals.refund_made.send(services, id=refund["id"], payment_id=refund["payment_intent"], **facts)


def _dispute_opened(services: Services, event: Event) -> None:
    settlement = _settle_payment_of(services, event)
    if _concerns_us(settlement):
        dispute = event.object
        facts = {name: dispute[name] for name in ("amount", "currency", "reason")}
        log.warning("dispute.opened", payment=dispute["payment_intent"], dispute=dispute["id"], **facts)
        signals.dispute_opened.send(services, id=dispute["id"], payment_id=dispute["payment_intent"], **facts)


def _dispute_changed(services: Services, event: Event) -> None:
    if _concerns_us(_settle_payment_of(services, event)):
        log.info("dispute.changed", payment=event.object["payment_intent"], status=event.object.get("status"))


def _transfer_created(services: Services, event: Event) -> None:
    payment_id = _settle_transfer(services, event)
    if payment_id is not None:
        transfer = event.object
        signals.transfer_made.send(
            services,
            id=transfer["id"],
            payment_id=payment_id,
            amount=transfer["amount"],
            currency=transfer["currency"],
            account_id=transfer["destination"],
        )


def _transfer_changed(services: Services, event: Event) -> None:
    _settle_transfer(services, event)


def _settle_transfer(services: Services, event: Event) -> str | None:
    """Settle the payment that a transfer names or that its source charge paid; its id, if it is ours."""
    transfer = event.object
    payment_id = event.metadata.get(PAYMENT)
    source = transfer.get("source_transaction")
    if payment_id is None and source:
        charge = found(lambda: services.client.v1.charges.retrieve(source))
        payment_id = str(charge.payment_intent) if charge is not None else None
    if payment_id is None:
        return None
    settlement = services.settler.settle(payment_id)
    _tell_waiting(services, settlement)
    log.info(
        "transfer.seen",
        payment=payment_id,
        transfer=transfer["id"],
        amount=transfer["amount"],
        reversed=transfer["amount_reversed"],
    )
    return payment_id if _concerns_us(settlement) else None


def _account_updated(services: Services, event: Event) -> None:
    try:
        account = services.coaches.account(event.account or "", TRUSTED)
    except NotFound:
        return
    ready = is_payable(account)
    log.info("account.updated", account=account.id, ready=ready, payouts=account.payouts_enabled)
    coach_id = coach_of(account)
    if coach_id is None or not ready or not services.coaches.adopt(account):
        return
    _settle_waiting(services, coach_id)
    signals.account_ready.send(services, id=account.id, account_id=account.id, coach_id=coach_id)


def _settle_waiting(services: Services, coach_id: str) -> None:
    deadline = time.monotonic() + _WAITING_BUDGET_SECONDS
    for payment_id in waiting_for(services.client, coach_id, services.now()):
        if time.monotonic() > deadline:
            raise Undecided
        _tell_waiting(services, services.settler.settle(payment_id))


def _account_lost(_services: Services, event: Event) -> None:
    log.warning("account.deauthorized", account=event.account)


def _payout_paid(services: Services, event: Event) -> None:
    payout = event.object
    facts = {"account_id": event.account, "amount": payout["amount"], "currency": payout["currency"]}
    log.info("payout.paid", payout=payout["id"], **facts)
    signals.payout_paid.send(services, id=payout["id"], **facts)


def _payout_failed(services: Services, event: Event) -> None:
    payout = event.object
    facts = {"account_id": event.account, "amount": payout["amount"], "currency": payout["currency"]}
    log.warning("payout.failed", payout=payout["id"], code=payout.get("failure_code"), **facts)
    signals.payout_failed.send(services, id=payout["id"], code=payout.get("failure_code"), **facts)


def _concerns_us(settlement: Settlement | None) -> bool:
    return settlement is not None and settlement.state not in (NOT_OURS, NOT_PAID)


def _tell_waiting(services: Services, settlement: Settlement) -> None:
    """Money that waits is told each time it is met; the id is the same while it waits for the same."""
    note, payment = settlement.note, settlement.payment
    if settlement.state != HELD or note is None or payment is None:
        return
    facts: dict[str, Any] = {"payment_id": payment.intent.id, "amount": note.amount}
    if note.reason == Reason.CLAWBACK_PENDING:
        signals.clawback_pending.send(services, id=f"{payment.intent.id}:{note.slot}", **facts)
    else:
        told = f"{payment.intent.id}:{note.reason}:{note.slot}"
        signals.transfer_held.send(services, id=told, reason=str(note.reason), **facts)


# Events of the platform's own account. The same types from a connected account are a stranger's payments.
_PLATFORM: dict[str, Handler] = {
    # The player has paid: the session opens and the coach is owed the share.
    "payment_intent.succeeded": _payment_succeeded,
    # A declined attempt: the host app may want to tell the player. It never undoes a success.
    "payment_intent.payment_failed": _payment_failed,
    # The purchase was given up; the same.
    "payment_intent.canceled": _payment_failed,
    # Money went back to the player, perhaps from the Stripe Dashboard: the coach's part comes back.
    "charge.refunded": _charge_changed,
    # A refund was made, as its own object with its own id: what the host app's books want.
    "refund.created": _refund_changed,
    # A pending refund became final.
    "refund.updated": _refund_changed,
    # A refund came back from the bank: the player does not have it, so the coach is owed again.
    "refund.failed": _refund_changed,
    # The bank took the money back for now: the coach's share with it.
    "charge.dispute.created": _dispute_opened,
    # An inquiry became a dispute, or evidence was sent: the amount at stake may differ.
    "charge.dispute.updated": _dispute_changed,
    # Won, lost, or withdrawn: the share follows.
    "charge.dispute.closed": _dispute_changed,
    # The bank has really taken the money.
    "charge.dispute.funds_withdrawn": _dispute_changed,
    # A won dispute's money is back: the coach is paid again.
    "charge.dispute.funds_reinstated": _dispute_changed,
    # A transfer exists, ours or one made by hand: the books are looked at with it in them.
    "transfer.created": _transfer_created,
    # Its metadata changed, perhaps the payment it names.
    "transfer.updated": _transfer_changed,
    # Somebody took money back from the coach, in part or whole.
    "transfer.reversed": _transfer_changed,
}

# Events of coaches' accounts, which Stripe signs with the Connect endpoint's own secret.
_CONNECTED: dict[str, Handler] = {
    # The coach may have become payable: what waits for the coach is settled.
    "account.updated": _account_updated,
    # The coach cut the connection: nothing can be sent any more.
    "account.application.deauthorized": _account_lost,
    # The coach's bank has the money.
    "payout.paid": _payout_paid,
    # The coach's bank refused the money: the coach has to mend the bank account.
    "payout.failed": _payout_failed,
}

PLATFORM_TYPES = frozenset(_PLATFORM)
CONNECTED_TYPES = frozenset(_CONNECTED)
EVENT_TYPES = PLATFORM_TYPES | CONNECTED_TYPES
