"""The events of coaches' accounts: who can be paid now, who no longer, and what their banks say."""

from __future__ import annotations

import time
from typing import Any

import stripe
import structlog

from backend.domain.access import TRUSTED
from backend.domain.requirements import is_payable
from backend.services import Services
from backend.services.coach.accounts import account_or_none
from backend.services.errors import NotFound, Undecided
from backend.services.reads import coach_of, metadata_of, read_payment
from backend.services.reconcile.candidates import waiting_for
from backend.stripe_client.platform import namespace_of
from backend.webhooks import signals
from backend.webhooks.event import Event
from backend.webhooks.news import Teller

log = structlog.get_logger(__name__)

# The event of a capability of an account that was made by Stripe's v2 API.
STATUS_UPDATED = "v2.core.account[configuration.recipient].capability_status_updated"
# How long one delivery may settle a coach's waiting payments; the rest comes with the next delivery.
_WAITING_BUDGET_SECONDS = 8.0


def account_updated(services: Services, event: Event) -> None:
    """Settle what waits for a coach who can be paid now; tell of one who no longer can."""
    try:
        account = services.coaches.account(event.account or "", TRUSTED)
    except NotFound:
        return
    ready = is_payable(account)
    log.info("account.updated", account=account.id, ready=ready, payouts=account.payouts_enabled)
    coach_id = coach_of(account, namespace_of(services.client))
    if coach_id is None:
        return
    if not ready:
        _tell_stopped(services, event, account, coach_id)
        return
    if services.coaches.adopt(account):
        teller = Teller(services)
        facts = {"account_id": account.id, "coach_id": coach_id}
        teller.send(signals.account_ready, _id(event, account, "ready"), **facts)
        settle_waiting(services, coach_id, teller)


def settle_waiting(services: Services, coach_id: str, teller: Teller) -> None:
    """Settle a coach's waiting payments, oldest first. One that fails keeps none of the others from being settled."""
    deadline = time.monotonic() + _WAITING_BUDGET_SECONDS
    waiting = waiting_for(services.client, coach_id, services.now())
    unfinished: Exception | None = waiting.failure
    for payment_id in waiting.payment_ids:
        if time.monotonic() > deadline:
            raise Undecided
        try:
            payment = read_payment(services.client, payment_id)
            if payment is not None:
                teller.attempt(lambda payment=payment: teller.session(payment))  # type: ignore[misc]
            teller.settlement(services.settler.settle(payment_id, seen=payment))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is about this payment; it is raised at the end)
            log.warning("settlement.later", payment=payment_id, error=type(error).__name__)
            unfinished = unfinished or error
    teller.finish()
    if unfinished is not None:
        raise unfinished


def _tell_stopped(services: Services, event: Event, account: stripe.Account, coach_id: str) -> None:
    """A coach who has not finished onboarding yet is no news, nor is an account that the coach left; one who was stopped is."""
    reason = getattr(account.requirements, "disabled_reason", None)
    facts: dict[str, Any] = {"account_id": account.id, "coach_id": coach_id, "reason": reason}
    rejected = str(reason).startswith("rejected.")
    restricted = not rejected and account.details_submitted and _lost_something(event)
    if not (rejected or restricted) or not _is_the_coachs(services, account, coach_id):
        return
    if rejected:
        log.warning("account.rejected", **facts)
        signals.account_rejected.send(services, id=_id(event, account, str(reason)), **facts)
    else:
        log.warning("account.restricted", **facts)
        signals.account_restricted.send(services, id=_id(event, account, "restricted"), **facts)


def _is_the_coachs(services: Services, account: stripe.Account, coach_id: str) -> bool:
    """False if the coach is bound to another account: this one was replaced, or never was the one that is paid."""
    entry = services.registry.lookup(coach_id)
    return entry is None or entry.account_id in ("", account.id)


def _lost_something(event: Event) -> bool:
    """True unless the event says that nothing about being paid has changed."""
    if event.type.startswith("v2."):
        return event.type == STATUS_UPDATED
    changed = event.previous
    return changed is None or bool({"capabilities", "requirements", "charges_enabled"} & set(changed))


def _id(event: Event, account: stripe.Account, what: str) -> str:
    """The event is part of it: a coach who is stopped, ready and stopped again is three pieces of news."""
    return f"{account.id}:{what}:{event.id}"


def account_lost(services: Services, event: Event) -> None:
    """Tell that an account is closed, or cut off from the platform."""
    log.warning("account.deauthorized", account=event.account)
    signals.account_disconnected.send(services, id=f"{event.account}:{event.id}", account_id=event.account)


def payout_paid(services: Services, event: Event) -> None:
    """Tell that the coach's bank has the money."""
    if _is_anothers(services, event):
        return
    payout = event.object
    facts = {"account_id": event.account, "amount": payout["amount"], "currency": payout["currency"]}
    log.info("payout.paid", payout=payout["id"], **facts)
    signals.payout_paid.send(services, id=payout["id"], **facts)


def payout_failed(services: Services, event: Event) -> None:
    """Tell that the coach's bank refused the money."""
    if _is_anothers(services, event):
        return
    payout = event.object
    facts = {"account_id": event.account, "amount": payout["amount"], "currency": payout["currency"]}
    log.warning("payout.failed", payout=payout["id"], code=payout.get("failure_code"), **facts)
    signals.payout_failed.send(services, id=payout["id"], code=payout.get("failure_code"), **facts)


def _is_anothers(services: Services, event: Event) -> bool:
    """True if the account belongs to a coach of another deployment: its payouts do not say so."""
    account = account_or_none(services.client, event.account or "")
    return account is not None and namespace_of(services.client).is_anothers(metadata_of(account))
