"""One payment explained: what was bought, where its money is, why some of it waits, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

import stripe

from backend.domain.membership import TransferFacts
from backend.domain.money import format_money
from backend.domain.reasons import BY_A_PERSON, REGISTERED_LATE, SETTLE, WORDS, Words, words_of
from backend.domain.requirements import is_payable
from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services.coach.accounts import account_or_none, is_rejected
from backend.services.coach.registry import Registry
from backend.services.disputes import disputes_of
from backend.services.errors import UnreadablePayment
from backend.services.operators import why_letter, why_words
from backend.services.operators.why_ends import (
    BALANCES,
    TAKES_BACK,
    UNTOLD,
    WAITS,
    Explanation,
    Look,
    foreign,
    unpaid,
    unreadable,
)
from backend.services.reads import NOT_REFUNDED, PAGE, Payment, get_or_none, refunds_of, whole_payment
from backend.services.release import is_kept
from backend.services.settlement.positions import PositionReader, View
from backend.services.settlement.settle import UNCLEAR
from backend.services.settlement.transfers import CoachLists, facts_of
from backend.stripe_client.platform import namespace_of

# A coach who could not be paid when the note was written, and perhaps can be now.
_OF_THE_ACCOUNT = (Reason.NO_ACCOUNT, Reason.COACH_NOT_READY, Reason.ACCOUNT_GONE)

# Here every page is read, so of many transfers it can be told; the sweep still has to settle them.
# A share that is still kept is told as such before; of another one the note is over.
_UNREAD = (Reason.UNCLEAR_TRANSFERS, Reason.UNCLEAR_DISPUTE, Reason.UNREADABLE, Reason.UNDELIVERED)


class Explainer:
    """Explains payments. It writes nothing. What it lists of a coach's transfers serves all payments that it explains."""

    def __init__(self, client: stripe.StripeClient, registry: Registry) -> None:
        self._client = client
        self._registry = registry
        self._positions = PositionReader(client, registry, CoachLists())

    def explain(self, payment_id: str) -> Explanation | None:
        """The payment in plain sentences; None if there is none. About ten calls."""
        look = self.look(payment_id)
        return look.explanation if look is not None else None

    def look(self, payment_id: str) -> Look | None:
        """The payment with its money; None if there is none. About ten calls."""
        if not payment_id.strip():
            return None  # the address of no id is that of the list
        params: Any = {"expand": ["latest_charge"]}
        intent = get_or_none(lambda: self._client.v1.payment_intents.retrieve(payment_id, params))
        return self.look_at(intent) if intent is not None else None

    def look_at(self, intent: stripe.PaymentIntent) -> Look:
        """The payment of an intent that was read with its ``latest_charge``."""
        try:
            payment = whole_payment(self._client, intent)
        except UnreadablePayment:
            return Look(unreadable(intent))
        if payment is None:
            return Look(foreign(intent, namespace_of(self._client)))
        return Look(unpaid(payment), payment) if payment.charge is None else self._paid(payment, payment.charge)

    def _paid(self, payment: Payment, charge: stripe.Charge) -> Look:
        try:
            destination, adopting = self._positions.destination(payment), not payment.purchase.ours
            view = self._positions.read(payment, destination, adopting=adopting, refunded=True)
        except tuple(UNCLEAR) as trouble:
            return Look(self._untold(payment, charge, UNCLEAR[type(trouble)]), payment)
        if view is None:
            return Look(unpaid(payment), replace(payment, charge=None))
        return Look(self._told(view), view.payment, view)

    def _untold(self, payment: Payment, charge: stripe.Charge, reason: Reason) -> Explanation:
        """A payment of which it cannot be told what the coach holds, or should."""
        disputes = disputes_of(self._client, charge.id) if payment.may_be_disputed else []
        transfers = self._candidates(payment, charge)
        facts = _facts(payment, charge, refunds_of(self._client, payment, known=True), disputes, transfers)
        words = BY_A_PERSON if payment.is_manual else WORDS[reason]
        noted = payment.note.at if payment.note is not None else 0
        return Explanation(
            payment.id,
            MoneyState.MANUAL if payment.is_manual else UNTOLD,
            f"It cannot be told what the coach is owed. {WORDS[reason].meaning}",
            facts,
            words.remedy,
            words.command.format(payment=payment.id),
            why_letter.in_person(payment.purchase, payment.intent, words),
            payment.intent.currency,
            reason,
            since=noted or None,
            now=payment.at,
            meaning=words.meaning,
            for_coach=words.coach,
        )

    def _candidates(self, payment: Payment, charge: stripe.Charge) -> list[stripe.Transfer]:
        """The newest transfers that may have to do with the payment, for a person to look at. At most two calls."""
        asked: list[Any] = [{"transfer_group": payment.group, "limit": PAGE}]
        payee = self._positions.destination(payment)
        if payee is not None:
            asked.append({"destination": payee, "created": {"gte": charge.created}, "limit": PAGE})
        listed = {one.id: one for params in asked for one in self._client.v1.transfers.list(params).data}
        return [one for one in listed.values() if _may_concern(facts_of(one), payment, charge)]

    def _told(self, view: View) -> Explanation:
        """A payment whose money was read whole."""
        payment, charge = view.payment, cast(stripe.Charge, view.payment.charge)
        facts = _facts(payment, charge, view.refunds, view.disputes, view.transfers)
        told = Explanation(
            payment.id,
            BALANCES,
            _balance(view),
            (*facts, why_words.share_line(view), *why_words.kept_lines(payment)),
            _left_to_do(view),
            coach=why_letter.letter(view, words_of(payment.note)),
            currency=payment.intent.currency,
            waits=view.position.target - view.position.held,
            now=payment.at,
        )
        if payment.is_manual:
            return _by_a_person(view, told)
        if told.waits == 0:
            return _at_rest(payment, told)
        if not payment.purchase.ours:
            return _not_adopted(view, told)
        return self._waiting(view, told)

    def _waiting(self, view: View, told: Explanation) -> Explanation:
        payment, charge = view.payment, view.payment.charge
        note = payment.note
        # The money has just been read: what kept a note's writer from reading it has gone.
        words, command = (_LIFTED if note is not None and note.reason in _UNREAD else words_of(note)), ""
        account_facts: tuple[str, ...] = ()
        if told.waits > 0 and is_kept(payment, view.disputes):
            words = WORDS[Reason.UNDELIVERED]
        elif told.waits > 0:
            words, account_facts, command = self._account_now(view, words)
        amount = format_money(abs(told.waits), told.currency)
        is_owed = told.waits > 0
        return replace(
            told,
            state=WAITS if is_owed else TAKES_BACK,
            verdict=f"{amount} {'waits for the coach' if is_owed else 'is to come back from the coach'}. {words.meaning}",
            facts=(*told.facts, *account_facts),
            next=words.remedy,
            command=(command or words.command).format(payment=payment.id),
            coach=why_letter.letter(view, words),
            reason=(note.reason or note.kind) if note is not None else "",
            meaning=words.meaning,
            for_coach=why_letter.what_to_know(words, told.waits),
            since=(note.at if note is not None and note.at else charge.created if charge is not None else None),
        )

    def _account_now(self, view: View, words: Words) -> tuple[Words, tuple[str, ...], str]:
        """The reason as the coach's account has it now, which may be another than when the note was written."""
        payment, payee = view.payment, view.destination
        entry = self._registry.lookup(payment.purchase.coach_id)
        registered = entry.account_id if entry is not None else None
        if payee is None:
            if registered is None:
                return WORDS[Reason.NO_ACCOUNT], ("The coach has no account.",), ""
            return REGISTERED_LATE, (f"The coach has registered since, with {registered}.",), _release(registered)
        account = account_or_none(self._client, payee)
        fact = why_words.account_line(payee, account)
        noted = payment.note.reason if payment.note is not None else ""
        if account is None or is_rejected(account):
            other = registered if registered != payee else None
            return WORDS[Reason.ACCOUNT_GONE], (fact,), _release(other) or _rebind(payment.purchase.coach_id)
        if noted not in ("", *_OF_THE_ACCOUNT) or (not noted and payment.note is not None):
            return words, (fact,), ""
        if is_payable(account):
            return (words if payment.note is None else _LIFTED), (fact,), ""
        return WORDS[Reason.COACH_NOT_READY], (fact,), ""


_LIFTED = Words("What it waited for has come.", "Settle it now, or wait for the sweep.", words_of(None).coach, SETTLE)


def _release(account_id: str | None) -> str:
    return f"{SETTLE} --release {account_id}" if account_id else ""


def _rebind(coach_id: str) -> str:
    return why_words.rebind_command(coach_id).replace("{", "{{").replace("}", "}}")


def _facts(
    payment: Payment,
    charge: stripe.Charge,
    refunds: Iterable[stripe.Refund],
    disputes: Iterable[stripe.Dispute],
    transfers: Sequence[stripe.Transfer],
) -> tuple[str, ...]:
    now, currency = payment.at, payment.intent.currency
    return (
        why_words.purchase_line(payment.purchase, payment.intent),
        why_words.paid_line(charge, now),
        *(why_words.refund_line(one, now) for one in refunds),
        *(why_words.dispute_line(one, currency, now) for one in disputes),
        *(why_words.transfer_line(one, now) for one in transfers),
    )


def _may_concern(transfer: TransferFacts, payment: Payment, charge: stripe.Charge) -> bool:
    if transfer.source is not None:
        return transfer.source == charge.id
    return transfer.is_unnamed or payment.id in transfer.named


def _balance(view: View) -> str:
    if not view.position.target:
        return "It balances: nothing of it is the coach's, and the coach holds nothing."
    holds = format_money(view.position.held, view.payment.intent.currency)
    return f"It balances: the coach holds the whole share, {holds}."


def _left_to_do(view: View) -> str:
    """The next step where the coach's money needs none."""
    if any("needs_response" in dispute.status for dispute in view.disputes):
        return "Answer the dispute in the Stripe Dashboard. The coach's money needs nothing."
    if any(refund.status in NOT_REFUNDED for refund in view.refunds):
        return "Give the player the refund that failed in another way, unless that is done. The coach's money needs nothing."
    return "Nothing."


def _by_a_person(view: View, told: Explanation) -> Explanation:
    difference = ""
    if told.waits:
        amount = format_money(abs(told.waits), told.currency)
        difference = f" By the books {amount} {'is owed to' if told.waits > 0 else 'is to come back from'} the coach."
    return replace(
        told,
        state=MoneyState.MANUAL,
        verdict=BY_A_PERSON.meaning + difference,
        meaning=BY_A_PERSON.meaning,
        for_coach=BY_A_PERSON.coach,
        next=BY_A_PERSON.remedy,
        command=BY_A_PERSON.command.format(payment=told.payment_id),
        coach=why_letter.letter(view, BY_A_PERSON),
        reason=MoneyState.MANUAL,
    )


def _at_rest(payment: Payment, told: Explanation) -> Explanation:
    if payment.note is None or not payment.purchase.ours:
        return told
    left = "An earlier try left a note on the payment."
    return replace(
        told,
        meaning=left,
        next="Settling takes it away, or says why it stays.",
        command=SETTLE.format(payment=payment.id),
    )


def _not_adopted(view: View, told: Explanation) -> Explanation:
    return replace(
        told,
        coach=why_letter.letter(view, WORDS[Reason.UNCLEAR_TRANSFERS]),
        state=MoneyState.NOT_OURS,
        verdict="The Node backend sold this payment: nothing settles it by itself.",
        meaning="The Node backend sold this payment: nothing settles it by itself.",
        for_coach=WORDS[Reason.UNCLEAR_TRANSFERS].coach,
        next="See what adopting it would do; then do it without --dry-run.",
        command=f"flask reconcile {told.payment_id} --adopt --dry-run",
    )
