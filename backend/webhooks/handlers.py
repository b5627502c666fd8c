"""Webhook event type -> function, with the reason why we listen.

An event is a hint to look: handlers take ids from it, read Stripe as it is now, and act on that. They may
run twice, late, or in any order. What cannot be finished raises, so that Stripe delivers again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import stripe
import structlog

from backend.domain.metadata import PAYMENT, SLOT
from backend.domain.namespace import is_marked
from backend.domain.states import MoneyState
from backend.observability.metrics import BLOCKED
from backend.services import Services
from backend.services.errors import UnreadablePayment
from backend.services.reads import Payment, get_or_none, id_of, read_payment
from backend.services.settlement.hand_transfers import remember
from backend.services.settlement.settle import Settlement
from backend.stripe_client.platform import namespace_of
from backend.webhooks import signals
from backend.webhooks.account_handlers import (
    STATUS_UPDATED,
    account_lost,
    account_updated,
    payout_failed,
    payout_paid,
)
from backend.webhooks.event import Event
from backend.webhooks.news import Teller
from backend.webhooks.thin import whole

log = structlog.get_logger(__name__)

Handler = Callable[[Services, Event], None]


def handle(services: Services, event: Event) -> str:
    """Do what the event asks for; answers with the outcome for the log. Raises to have it delivered again."""
    handler = (_CONNECTED | _OF_V2_ACCOUNTS if event.account else _PLATFORM).get(event.type)
    seen = whole(services.client, event) if handler is not None and event.is_thin else event
    # The marker of another deployment on the same Stripe account stands for ever: there is nothing to look at.
    if handler is None or seen is None or namespace_of(services.client).is_anothers(seen.metadata):
        return "ignored"
    handler(services, seen)
    return "handled"


@dataclass
class Look:
    """One look at a payment, with what there is to tell of it. ``payment`` as it was before it was settled."""

    settlement: Settlement
    payment: Payment | None
    teller: Teller

    @property
    def is_ours(self) -> bool:
        """True if the payment was sold here and paid."""
        return self.settlement.state not in (MoneyState.NOT_OURS, MoneyState.NOT_PAID)


def look_at(services: Services, payment_id: str, happened_at: int | None = None, **how: Any) -> Look:
    """Tell of the session, settle, and tell what waits. The caller calls ``teller.finish`` when all is told.

    The session is told from the payment as it was read, before its money is settled and whatever becomes of that.
    ``happened_at``: when it was paid, if the event says. ``how``: more for ``settle``. Raises what ``settle`` raises.
    """
    teller = Teller(services)
    payment = None
    try:
        payment = read_payment(services.client, payment_id)
        if payment is None:
            return Look(Settlement(MoneyState.NOT_OURS, None), None, teller)
        teller.attempt(lambda: teller.session(payment, happened_at))
    except UnreadablePayment:
        log.warning("payment.unreadable", payment=payment_id)  # settling holds it, by name
    settlement = services.settler.settle(payment_id, seen=payment, **how)
    teller.settlement(settlement)
    return Look(settlement, payment, teller)


def _payment_succeeded(services: Services, event: Event) -> None:
    look = look_at(services, event.object["id"], event.created, just_paid=True)
    log.info("payment.succeeded", payment=event.object["id"], outcome=look.settlement.state)
    look.teller.finish()


def _payment_failed(services: Services, event: Event) -> None:
    if not namespace_of(services.client).is_ours(event.metadata):
        return
    error = event.object.get("last_payment_error") or {}
    facts = {
        "payment_id": event.object["id"],
        "status": event.object.get("status"),
        "code": error.get("code"),
        "decline_code": error.get("decline_code"),
    }
    log.info("payment.failed", payment=facts["payment_id"], status=facts["status"], code=facts["code"])
    _stop_card_tester(services, event, facts["payment_id"], error)
    attempt = error.get("charge") or event.object.get("status")
    signals.payment_failed.send(services, id=f"{facts['payment_id']}:{attempt}", **facts)


def _stop_card_tester(services: Services, event: Event, payment_id: str, error: Mapping[str, Any]) -> None:
    """Cancel the purchase after too many declined cards, and tell; again when the event comes again."""
    blocked = services.declines.block(payment_id, error) if event.type == "payment_intent.payment_failed" else None
    if blocked is None:
        return
    if blocked.now:
        BLOCKED.inc()
        log.warning("purchase.blocked", payment=payment_id, declines=blocked.declines)
    signals.purchase_blocked.send(
        services, id=f"{payment_id}:blocked", payment_id=payment_id, declines=blocked.declines
    )


def _charge_changed(services: Services, event: Event) -> None:
    payment_id = id_of(event.object.get("payment_intent"))
    if payment_id is not None:
        look_at(services, payment_id).teller.finish()


def _charge_failed(services: Services, event: Event) -> None:
    """A declined card leaves nothing to look at; money that came and was returned does."""
    if event.object.get("failure_balance_transaction"):
        _charge_changed(services, event)


def _refund_changed(services: Services, event: Event) -> None:
    payment_id = id_of(event.object.get("payment_intent"))
    if payment_id is None:
        return
    look = look_at(services, payment_id, refunded=True)
    if look.is_ours:
        refund = _refund_now(services, look.settlement, event.object["id"])
        payment = look.settlement.payment or look.payment
        if refund is not None:
            look.teller.attempt(lambda: look.teller.refund(refund, payment))
    look.teller.finish()


def _refund_now(services: Services, settlement: Settlement, refund_id: str) -> stripe.Refund | None:
    """The refund as it is, or None where there is none: the event's copy may be older than its failure."""
    seen = settlement.view.refunds if settlement.view is not None else ()
    known = next((refund for refund in seen if refund.id == refund_id), None)
    return known or get_or_none(lambda: services.client.v1.refunds.retrieve(refund_id))


def _dispute_changed(services: Services, event: Event) -> None:
    payment_id = id_of(event.object.get("payment_intent"))
    if payment_id is None:
        return
    look = look_at(services, payment_id, disputed=True)
    if look.is_ours:
        seen = look.settlement.view.disputes if look.settlement.view is not None else ()
        known = next((one for one in seen if one.id == event.object["id"]), None)
        dispute = known or get_or_none(lambda: services.client.v1.disputes.retrieve(event.object["id"]))
        if dispute is not None:
            look.teller.attempt(lambda: look.teller.dispute(dispute))
    look.teller.finish()


def _fraud_warned(services: Services, event: Event) -> None:
    """Tell the host app, if the payment is ours, and refund where that is the operator's policy."""
    warning = event.object
    payment_id = id_of(warning.get("payment_intent"))
    payment = None
    try:
        payment = read_payment(services.client, payment_id) if payment_id is not None else None
        if payment is None:
            return
    except UnreadablePayment:
        log.warning("payment.unreadable", payment=payment_id)
    facts = {name: warning.get(name) for name in ("fraud_type", "actionable")}
    log.warning("fraud.warned", payment=payment_id, warning=warning["id"], **facts)
    told = warning["id"] if facts["actionable"] else f"{warning['id']}:over"
    signals.fraud_warning.send(
        services, id=told, payment_id=payment_id, charge_id=id_of(warning.get("charge")), **facts
    )
    if facts["actionable"] and payment is not None:
        services.fraud_policy.answer(warning["id"], payment)


def _transfer_created(services: Services, event: Event) -> None:
    transfer, ours = event.object, event.metadata
    if is_marked(ours) and SLOT in ours and PAYMENT in ours:
        # Written by a settlement that has looked: there is nothing to find out.
        teller = Teller(services)
        teller.transfer(transfer, ours[PAYMENT])
        teller.finish()
        return
    look = _transfer_seen(services, event)
    if look is not None and look.is_ours:
        look.teller.transfer(transfer, look.settlement.payment_id)
        look.teller.finish()


def _transfer_changed(services: Services, event: Event) -> None:
    newest = ((event.object.get("reversals") or {}).get("data") or [{}])[0].get("metadata") or {}
    if event.type == "transfer.reversed" and is_marked(newest) and SLOT in newest:
        return  # our own reversal, by a settlement that looks again after it
    look = _transfer_seen(services, event)
    if look is not None:
        look.teller.finish()


def _transfer_seen(services: Services, event: Event) -> Look | None:
    """Settle the payment that a transfer belongs to: its source's, else the ones that it names, or did before."""
    look = None
    for payment_id in _payments_of(services, event):
        if payment_id in event.named_payments:
            remember(services.client, event.object, payment_id)
        look = look_at(services, payment_id)
        log.info("transfer.seen", payment=payment_id, transfer=event.object["id"], amount=event.object["amount"])
    return look


def _payments_of(services: Services, event: Event) -> list[str]:
    source = id_of(event.object.get("source_transaction"))
    if source is None:
        return sorted(event.named_payments | event.payments_named_before)
    charge = get_or_none(lambda: services.client.v1.charges.retrieve(source))
    payment_id = id_of(charge.payment_intent) if charge is not None else None
    return [payment_id] if payment_id else []


# Events of the platform's own account. The same types from a connected account are a stranger's payments.
_PLATFORM: dict[str, Handler] = {
    # The player has paid: the session opens and the coach is owed the share.
    "payment_intent.succeeded": _payment_succeeded,
    # A declined attempt: the host app may want to tell the player, and after too many the purchase is stopped. It never
    # undoes a success.
    "payment_intent.payment_failed": _payment_failed,
    # The purchase was given up; the same.
    "payment_intent.canceled": _payment_failed,
    # A bank debit that had succeeded was returned: the coach's part comes back.
    "charge.failed": _charge_failed,
    # Money went back to the player, perhaps from the Stripe Dashboard: the coach's part comes back.
    "charge.refunded": _charge_changed,
    # A refund was made, as its own object with its own id: what the host app's books want.
    "refund.created": _refund_changed,
    # A pending refund became final, or was canceled.
    "refund.updated": _refund_changed,
    # A refund came back from the bank: the player does not have it, so the coach is owed again.
    "refund.failed": _refund_changed,
    # The bank took the money back for now: the coach's share with it.
    "charge.dispute.created": _dispute_changed,
    # An inquiry became a dispute, or evidence was sent: the amount at stake may differ.
    "charge.dispute.updated": _dispute_changed,
    # Won, lost, or withdrawn: the share follows.
    "charge.dispute.closed": _dispute_changed,
    # The bank has really taken the money.
    "charge.dispute.funds_withdrawn": _dispute_changed,
    # A won dispute's money is back: the coach is paid again.
    "charge.dispute.funds_reinstated": _dispute_changed,
    # The card's network suspects fraud: the host app may want to refund before there is a dispute.
    "radar.early_fraud_warning.created": _fraud_warned,
    # The warning is over: disputed, or refunded.
    "radar.early_fraud_warning.updated": _fraud_warned,
    # A transfer exists, ours or one made by hand: the books are looked at with it in them.
    "transfer.created": _transfer_created,
    # Its metadata changed, perhaps the payment it names.
    "transfer.updated": _transfer_changed,
    # Somebody took money back from the coach, in part or whole.
    "transfer.reversed": _transfer_changed,
}

# Events of coaches' accounts, which Stripe signs with the Connect endpoint's own secret.
_CONNECTED: dict[str, Handler] = {
    # The coach may have become payable: what waits for the coach is settled. Or may be so no longer.
    "account.updated": account_updated,
    # The coach cut the connection: nothing can be sent any more.
    "account.application.deauthorized": account_lost,
    # The coach's bank has the money.
    "payout.paid": payout_paid,
    # The coach's bank refused the money: the coach has to mend the bank account.
    "payout.failed": payout_failed,
}

# Events of accounts that were made by Stripe's v2 API: thin only. Which endpoint gets them is not documented clearly, so
# both are asked to send them, and either's secret is believed.
_OF_V2_ACCOUNTS: dict[str, Handler] = {
    # The coach may have become payable, or may be so no longer.
    STATUS_UPDATED: account_updated,
    # Stripe asks for something, or has what it asked for.
    "v2.core.account[requirements].updated": account_updated,
    # The account is closed: nothing can be sent any more.
    "v2.core.account.closed": account_lost,
}

PLATFORM_TYPES = frozenset(_PLATFORM)
CONNECTED_TYPES = frozenset(_CONNECTED)
V2_ACCOUNT_TYPES = frozenset(_OF_V2_ACCOUNTS)
EVENT_TYPES = PLATFORM_TYPES | CONNECTED_TYPES | V2_ACCOUNT_TYPES
