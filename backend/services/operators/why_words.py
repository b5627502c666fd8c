"""The sentences of ``flask why``: pure text from what was read."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Any

import stripe

from backend.domain.metadata import ACCEPTED_BY, Purchase
from backend.domain.money import format_money
from backend.domain.namespace import is_marked
from backend.domain.requirements import is_payable
from backend.services.disputes import UnclearDispute, taken_by
from backend.services.reads import NOT_REFUNDED, Payment, id_of, metadata_of
from backend.services.release import facts_of, release_of
from backend.services.settlement.positions import View

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_MONTHS = (
    "January February March April May June July August September October November December".split()  # not the machine's
)


def plain(text: Any, most: int = 80) -> str:
    """A text that somebody else chose, as one line that can do nothing to a terminal."""
    visible = "".join(char if char.isprintable() else " " for char in str(text))
    return visible if len(visible) <= most else visible[: most - 1] + "…"


def rebind_command(coach_id: str) -> str:
    """The command that binds a coach to another account, as it can be typed."""
    return f"flask coaches rebind {shlex.quote(plain(coach_id, 500))} --to acct_… --why …"


def moment(at: int, now: int | None = None) -> str:
    """A unix second as ``2026-11-02 15:00 UTC``, and how long ago that is by Stripe's clock."""
    said = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{said}, {ago(now - at)}" if now is not None else said


def ago(seconds: int) -> str:
    """``3 days ago``: the largest unit that fits."""
    for name, length in _UNITS:
        many = seconds // length
        if many > 0:
            return f"{many} {name}{'s' * (many > 1)} ago"
    return "just now"


def date(at: int) -> str:
    """``2 November 2026``, for letters."""
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def bought(purchase: Purchase) -> str:
    """The thing that was sold."""
    offer = purchase.offer
    what = f"package {offer.package_id}" if offer.package_id is not None else str(offer.package_type)
    return f"{plain(offer.sport)} {what} ({offer.clips} clips, {offer.days} days)"


def purchase_line(purchase: Purchase, intent: stripe.PaymentIntent) -> str:
    """The purchase, with who sold it and how the price was to be divided."""
    split = purchase.rate.split(intent.amount)
    price, fee, share = (format_money(one, intent.currency) for one in (split.amount, split.fee, split.share))
    name = f" ({plain(purchase.coach_name)})" if purchase.coach_name else ""
    return (
        f"{bought(purchase)} of the coach {plain(purchase.coach_id)}{name} for {price}: "
        f"{fee} for the platform, {share} for the coach."
    )


def paid_line(charge: stripe.Charge, now: int | None) -> str:
    """The charge: how it was paid, and when."""
    details: Any = charge.payment_method_details
    kind = str(getattr(details, "type", "unknown"))
    method = getattr(details, kind, None)
    brand, last4 = getattr(method, "brand", None) or kind, getattr(method, "last4", None)
    ends = f" that ends in {last4}" if last4 else ""
    said = f"{format_money(charge.amount, charge.currency)} by {plain(brand)}{ends} on {moment(charge.created, now)}"
    if charge.status == "failed":
        return f"It was paid ({said}), and the bank returned it later: the player has the money."
    return f"The player paid {said}."


_UNPAID = {
    "requires_payment_method": "The player has not paid",
    "requires_confirmation": "The player has not confirmed the payment",
    "requires_action": "The player's bank waits for the player (3-D Secure, or a mandate)",
    "processing": "The money is under way; some ways of paying take days",
    "requires_capture": "The payment is authorized and not captured",
    "canceled": "The purchase was given up",
}


def unpaid_line(intent: stripe.PaymentIntent, now: int | None) -> str:
    """The reason why there is no money."""
    said = _UNPAID.get(intent.status, f"The payment is {plain(intent.status)}")
    error = intent.last_payment_error
    code = (getattr(error, "decline_code", None) or getattr(error, "code", None)) if error is not None else None
    declined = f" The last try was refused: {plain(code)}." if code else ""
    return f"{said}; begun on {moment(intent.created, now)}.{declined}"


def refund_line(refund: stripe.Refund, now: int | None) -> str:
    """One refund with its state."""
    said = f"Refund {refund.id} of {format_money(refund.amount, refund.currency)}, {moment(refund.created, now)}"
    if refund.status == "succeeded":
        return f"{said}: succeeded."
    if refund.status in NOT_REFUNDED:
        reason = getattr(refund, "failure_reason", None)
        why = f" ({plain(reason)})" if reason else ""
        return f"{said}: {refund.status}{why}. The platform has the money, not the player: refund again in another way."
    return f"{said}: {plain(refund.status)}. The player does not have it yet; it counts all the same."


def dispute_line(dispute: stripe.Dispute, currency: str, now: int | None) -> str:
    """One dispute with its state, what it took, and until when it can be answered."""
    said = f"Dispute {dispute.id} ({plain(dispute.reason)}) of {format_money(dispute.amount, dispute.currency)}"
    try:
        took = f"it took {format_money(taken_by(dispute, currency), currency)}"
    except UnclearDispute:
        took = "it took money in another currency, so how much of the payment cannot be told"
    due = getattr(dispute.evidence_details, "due_by", None)
    answer = f" Answer it in the Dashboard until {moment(due)}." if due and "needs_response" in dispute.status else ""
    return f"{said}, {moment(dispute.created, now)}: {plain(dispute.status)}; {took}.{answer}"


def transfer_line(transfer: stripe.Transfer, now: int | None) -> str:
    """One transfer: who made it, and what of it was taken back."""
    amount = format_money(transfer.amount, transfer.currency)
    by = "" if is_marked(metadata_of(transfer)) else ", made by hand and not by this backend,"
    back = transfer.amount_reversed
    taken = f" {format_money(back, transfer.currency)} of it was taken back." if back else ""
    to = id_of(transfer.destination)
    return f"Transfer {transfer.id}{by} sent {amount} to {to} on {moment(transfer.created, now)}.{taken}"


def share_line(view: View) -> str:
    """The share that the coach should hold, and the part that the coach does hold."""
    position, currency = view.position, view.payment.intent.currency
    kept, fee, due, holds = (
        format_money(one, currency) for one in (position.kept, position.split.fee, position.target, position.held)
    )
    return f"Of {kept} that is kept, {fee} is the platform's. The coach should hold {due}, and holds {holds}."


def kept_lines(payment: Payment) -> tuple[str, ...]:
    """The terms of a share that is, or was, kept until the work is done; none for others."""
    terms, facts = payment.purchase.offer.release, facts_of(payment)
    if not terms.keeps:
        return ()
    said = [f"The share is kept for at most {terms.days} days ({terms.kind})."]
    if facts.delivered_at is not None:
        said.append(f"The coach said on {moment(facts.delivered_at, payment.at)}, that the work is delivered.")
    if facts.accepted_at is not None:
        who = plain(payment.metadata.get(ACCEPTED_BY, "somebody"))
        said.append(f"The {who} released it on {moment(facts.accepted_at, payment.at)}.")
    due = release_of(payment)
    if facts.accepted_at is None and due is not None:
        said.append(f"It may be sent from {moment(due)}.")
    return (" ".join(said),)


def account_line(account_id: str, account: stripe.Account | None) -> str:
    """The state of the account that is to be paid."""
    if account is None:
        return f"The coach's account {account_id} is closed, or no longer the platform's."
    if is_payable(account):
        return f"The coach's account {account_id} can receive transfers."
    needs = account.requirements
    disabled = getattr(needs, "disabled_reason", None)
    wanted = list(getattr(needs, "currently_due", None) or [])
    shown = ", ".join(plain(one) for one in wanted[:5]) + (" and more" if len(wanted) > 5 else "")
    why = f" Stripe says: {plain(disabled)}." if disabled else ""
    return f"The coach's account {account_id} cannot receive transfers.{why}" + (
        f" It wants: {shown}." if wanted else ""
    )
