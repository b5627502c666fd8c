"""The explanation of a payment, and those that need no look at its money: unpaid, somebody else's, damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import stripe

from backend.domain.metadata import CLIPS, COACH_ID, DAYS, FEE_PERCENT, PACKAGE_ID, PACKAGE_PRICE, PACKAGE_TYPE, SPORT
from backend.domain.money import format_money
from backend.domain.namespace import APP, Namespace
from backend.domain.reasons import WORDS
from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services.errors import UnreadablePayment
from backend.services.operators import why_letter, why_words
from backend.services.reads import Payment, metadata_of, purchase_of
from backend.services.settlement.ledger import Ledger, ledger_from, ledger_without_money
from backend.services.settlement.positions import View
from backend.services.write_outcome import answered_at

BALANCES, WAITS, TAKES_BACK = "balances", "waits", "takes_back"
NOT_A_PURCHASE, UNREADABLE, UNTOLD = "not_a_purchase", "unreadable", "unclear"

# The keys without which a purchase cannot be read.
_NEEDED = (COACH_ID, SPORT, PACKAGE_TYPE, PACKAGE_ID, PACKAGE_PRICE, CLIPS, DAYS, FEE_PERCENT)


_NOT_YET = "Nothing: when the player pays, the coach is sent the share."
_NEVER = "Nothing: it cannot be paid any more. A player who still wants it begins a new purchase."


@dataclass(frozen=True)
class Explanation:
    """One payment in plain sentences.

    ``verdict``: the answer in one sentence; ``meaning``: the part of it that gives the reason, empty where nothing waits;
    ``facts``: what was read. ``waits``: minor units that the coach is still
    owed; negative: what is to come back. ``since``: unix second by Stripe's clock, ``now`` that of the reading.
    ``next``: what to do, ``command`` the thing to type, if any. ``coach``: a paragraph to send to the coach, if any;
    ``for_coach``: only the sentence of it that says why something waits, and what the coach can do.
    """

    payment_id: str
    state: str
    verdict: str
    facts: tuple[str, ...]
    next: str
    command: str = ""
    coach: str = ""
    currency: str = ""
    reason: str = ""
    waits: int = 0
    since: int | None = None
    now: int | None = None
    meaning: str = ""
    for_coach: str = ""


@dataclass(frozen=True)
class Look:
    """One payment as it was read once, for all who show it: the explanation, and the money that it explains.

    ``payment``: None for one that was not sold here, or is damaged. ``view``: None where its money cannot be told, or
    there is none.
    """

    explanation: Explanation
    payment: Payment | None = None
    view: View | None = None

    @property
    def ledger(self) -> Ledger | None:
        """The figures; None where they cannot be told."""
        if self.view is not None:
            return ledger_from(self.view)
        if self.payment is None or self.payment.charge is not None:
            return None
        return ledger_without_money(self.payment)


def unpaid(payment: Payment) -> Explanation:
    """The player has not paid, or not yet."""
    intent = payment.intent
    facts = (
        why_words.purchase_line(payment.purchase, intent),
        why_words.unpaid_line(intent, payment.at),
    )
    return Explanation(
        payment.id,
        MoneyState.NOT_PAID,
        "It is not paid, so there is nothing for the coach.",
        facts,
        _NEVER if intent.status == "canceled" else _NOT_YET,
        coach=why_letter.unpaid(payment.purchase, intent),
        currency=intent.currency,
        now=payment.at,
    )


def foreign(intent: stripe.PaymentIntent, namespace: Namespace) -> Explanation:
    """Somebody else's payment on the same Stripe account."""
    verdict, remedy = (
        "This backend did not sell it: its metadata is not that of a purchase.",
        "Nothing: it is left alone.",
    )
    metadata = metadata_of(intent)
    if namespace.is_anothers(metadata):
        marker = why_words.plain(metadata[APP])
        verdict = f"Another deployment of this software sold it, on the same Stripe account: its marker is {marker}."
        remedy = (
            "Nothing: it is left alone. Ask that deployment. If that was an earlier APP_NAMESPACE of this one, name it "
            "in APP_NAMESPACE_ALSO."
        )
    amount = format_money(intent.amount, intent.currency)
    return Explanation(
        intent.id,
        NOT_A_PURCHASE,
        verdict,
        (
            f"{amount}, {why_words.plain(intent.status)}, made on {why_words.moment(intent.created, answered_at(intent))}.",
        ),
        remedy,
        currency=intent.currency,
        now=answered_at(intent),
    )


def unreadable(intent: stripe.PaymentIntent) -> Explanation:
    """A payment of ours whose record is damaged: each part of it as it stands."""
    metadata, now = metadata_of(intent), answered_at(intent)
    stands = ", ".join(
        f"{key} is {repr(why_words.plain(metadata[key])) if key in metadata else 'missing'}" for key in _NEEDED
    )
    amount = format_money(intent.amount, intent.currency)
    charge: Any = intent.latest_charge
    paid = why_words.paid_line(charge, now) if intent.status == "succeeded" and charge is not None else ""
    facts = (f"{amount}, {why_words.plain(intent.status)}.", *([paid] if paid else []), f"Its metadata: {stands}.")
    words = WORDS[Reason.UNREADABLE]
    return Explanation(
        intent.id,
        UNREADABLE,
        words.meaning,
        facts,
        words.remedy,
        words.command.format(payment=intent.id),
        why_letter.damaged(intent, words),
        intent.currency,
        Reason.UNREADABLE,
        since=charge.created if paid else None,
        now=now,
        meaning=words.meaning,
        for_coach=words.coach,
    )


@dataclass(frozen=True)
class Overview:
    """One payment among several. ``created``: unix second. ``waits``: the reason, if a note says one."""

    payment_id: str
    created: int
    amount: int
    currency: str
    status: str
    coach_id: str | None
    waits: str = ""

    @property
    def line(self) -> str:
        """The same for people."""
        amount = format_money(self.amount, self.currency)
        who = f"coach {why_words.plain(self.coach_id, 30)}" if self.coach_id is not None else "not a purchase"
        words = (self.payment_id, why_words.moment(self.created), amount, self.status, who, self.waits)
        return "  ".join(word for word in words if word)


def overview(intent: stripe.PaymentIntent, namespace: Namespace) -> Overview:
    """A payment in short, from its PaymentIntent alone."""
    metadata = metadata_of(intent)
    coach_id, waits = metadata.get(COACH_ID), ""
    try:
        purchase = purchase_of(intent, namespace)
    except UnreadablePayment:
        waits = "damaged metadata"
    else:
        coach_id = purchase.coach_id if purchase is not None else None
        waits = _noted(Payment(intent, purchase, None)) if purchase is not None else ""
    return Overview(intent.id, intent.created, intent.amount, intent.currency, intent.status, coach_id, waits)


def _noted(payment: Payment) -> str:
    if payment.is_manual:
        return "settled by hand"
    note = payment.note
    return "" if note is None else f"waits: {note.reason or 'no clear answer'}"
