"""The decision whether a payment of the books balances, from what the books show, at no further call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import stripe

from backend.domain.membership import Belongs, PaymentFacts, belongs
from backend.domain.metadata import PAID_AT, RELEASED_AT, SETTLEMENT, Purchase
from backend.domain.namespace import Namespace, is_marked
from backend.domain.settlement import Position, Reason, TransferRecord
from backend.services.errors import UnreadablePayment
from backend.services.reads import Payment, captured, id_of, metadata_of, purchase_of, refunded_by
from backend.services.reconcile.books import Traces
from backend.services.release import arrival_of, is_due
from backend.services.settlement.positions import View
from backend.services.settlement.transfers import facts_of

PROCESSING = "processing"


class Verdict(Enum):
    """The decision of a sweep about a payment."""

    LEAVE = "leave"  # it is not ours, or not paid
    ANOTHERS = "anothers"  # another deployment on the same Stripe account sold it
    PENDING = "pending"  # its money is on the way
    TELL = "tell"  # it balances, or a person settles it
    SETTLE = "settle"  # it does not balance, or what is seen cannot tell


@dataclass(frozen=True)
class Judgement:
    """A verdict, with the payment where the books show it whole, and its money where that was reckoned.

    ``kept``: its share is not released yet, and its note says so; until it is due it balances.
    """

    verdict: Verdict
    payment: Payment | None = None
    view: View | None = None
    kept: bool = False


_SETTLE = Judgement(Verdict.SETTLE)


def judge(traces: Traces, adopt: bool, at: int | None, namespace: Namespace) -> Judgement:
    """Decide about one payment. ``adopt``: also those of the Node backend. ``at``: Stripe's time of the reading.

    Every movement of a payment comes after its charge's. So when the charge is among what was read, everything is.
    """
    intent = traces.intent
    if intent is None:
        return _SETTLE
    try:
        purchase = purchase_of(intent, namespace)
    except UnreadablePayment:
        return _SETTLE
    if purchase is None:
        return Judgement(Verdict.ANOTHERS if namespace.is_anothers(metadata_of(intent)) else Verdict.LEAVE)
    if not purchase.ours:
        return _SETTLE if adopt or _concerns_us(traces, namespace) else Judgement(Verdict.LEAVE)
    if intent.status == PROCESSING and not traces.needs_look:
        return Judgement(Verdict.PENDING)
    payment = _payment(traces, purchase, at)
    return _SETTLE if payment is None else _judge_money(traces, payment)


def _concerns_us(traces: Traces, namespace: Namespace) -> bool:
    """True if a payment of the Node backend changed after it was paid, or we have sent its coach money."""
    return bool(traces.refunds or traces.disputes or traces.needs_look or traces.was_paid_by(namespace))


def _payment(traces: Traces, purchase: Purchase, at: int | None) -> Payment | None:
    """The payment, if its one charge is among what was read."""
    intent: stripe.PaymentIntent = traces.intent
    charge = traces.charges.get(str(id_of(intent.latest_charge)))
    if charge is None or len(traces.charges) > 1 or intent.status != "succeeded":
        return None
    return Payment(intent, purchase, charge, at)


def _judge_money(traces: Traces, payment: Payment) -> Judgement:
    if traces.walked:
        return _judge_walked(traces, payment)
    kept = is_kept_until_due(traces, payment)
    if payment.is_manual or kept:
        return Judgement(Verdict.TELL, payment, kept=kept)
    if traces.needs_look or SETTLEMENT in payment.metadata or payment.person_was_here:
        return _SETTLE
    # A dispute's end is not in the books alone; and a charge may be read before its dispute is on it.
    if traces.disputes or payment.may_be_disputed:
        return _SETTLE
    view = _view(traces, payment)
    if view is None or view.position.target != view.position.held:
        return _SETTLE
    return Judgement(Verdict.TELL, payment, view)


def _judge_walked(traces: Traces, payment: Payment) -> Judgement:
    """Decide about a share that was kept, at its deadline or before.

    One that was sent, and of which nothing but our own transfers is new, is done with.
    """
    if is_kept_until_due(traces, payment):
        return Judgement(Verdict.LEAVE, payment, kept=True)
    strange = any(not is_marked(metadata_of(one)) for one in traces.transfers.values())
    news = traces.needs_look or traces.refunds or traces.disputes or strange
    was_sent = RELEASED_AT in payment.metadata and SETTLEMENT not in payment.metadata
    return Judgement(Verdict.LEAVE) if payment.is_manual or (was_sent and not news) else _SETTLE


def is_kept_until_due(traces: Traces, payment: Payment) -> bool:
    """True if the share is not released, the note says so to the cent, and nothing else is new of the payment."""
    note, charge = payment.note, payment.charge
    if note is None or note.reason != Reason.UNDELIVERED or payment.is_manual or charge is None:
        return False
    news = traces.needs_look or traces.refunds or traces.disputes or traces.transfers or payment.may_be_disputed
    as_noted = note.amount == payment.purchase.rate.split(captured(charge) - charge.amount_refunded).share
    return as_noted and not (news or payment.person_was_here) and not is_due(payment, payment.at) and _is_dated(payment)


def _is_dated(payment: Payment) -> bool:
    """True if it is known when the money arrived, so that the deadline will come by itself."""
    return arrival_of(payment) is not None


def _view(traces: Traces, payment: Payment) -> View | None:
    """The money of a payment that was never disputed; None where what was read is not all there is to know."""
    charge: Any = payment.charge
    refunded = refunded_by(traces.refunds.values())
    mine = _mine(traces, payment)
    if mine is None or refunded != charge.amount_refunded:
        return None
    if not {one.id for one in mine}.issuperset(payment.also_paid_by):
        return None
    position = Position(
        captured=captured(charge),
        refunded=refunded,
        disputed=0,
        rate=payment.purchase.rate,
        transfers=[TransferRecord(one.id, one.amount, one.amount_reversed, 0) for one in mine],
    )
    return View(payment, position, None, tuple(mine), True, tuple(traces.refunds.values()))


def _mine(traces: Traces, payment: Payment) -> list[Any] | None:
    """The transfers that belong to the payment; None where a person has to explain one, or it has to be remembered."""
    payee = payment.purchase.coach_account_id
    charge_id = str(id_of(payment.charge))
    facts = PaymentFacts(
        payment.id, charge_id, payment.intent.currency, lambda one: one == payee, payment.purchase.namespace
    )
    related = [(transfer, belongs(facts_of(transfer), facts)) for transfer in traces.transfers.values()]
    if any(how == Belongs.UNCLEAR for _, how in related):
        return None
    mine = [transfer for transfer, how in related if how == Belongs.MINE]
    return None if hand_made(traces, payment) else mine


def hand_made(traces: Traces, payment: Payment) -> list[Any]:
    """The transfers that name the payment and that later looks would not find by its group."""
    return [
        transfer
        for transfer in traces.transfers.values()
        if id_of(transfer.source_transaction) is None
        and transfer.transfer_group != payment.group
        and transfer.id not in payment.also_paid_by
    ]


def was_paid_lately(judgement: Judgement, since: int) -> bool:
    """True if the payment's session was never told, or its money came within the window."""
    paid_at = judgement.payment.metadata.get(PAID_AT, "") if judgement.payment is not None else ""
    return not paid_at.isdecimal() or int(paid_at) >= since
