"""The one note on a payment that settle could not finish: written with care for what an earlier one still says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import stripe
import structlog

from backend.domain.metadata import DISPUTE_SEEN, REFUND_SEEN, RELEASED_AT, SETTLEMENT
from backend.domain.settlement import Note, Position, Reason, is_open, read_note
from backend.domain.states import MoneyState
from backend.services.errors import Undecided
from backend.services.reads import Payment, metadata_of
from backend.services.release import is_due
from backend.services.settlement.positions import View
from backend.services.write_outcome import answered_at

log = structlog.get_logger(__name__)


class Notes:
    """Writes and clears notes."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def hold(self, payment: Payment, note: Note, position: Position | None = None) -> Note:
        """Leave a hold; it is not written again while it says the same. Answers with the note that stands.

        Raises ``Undecided`` while another write may still come true: the time of that note must not be lost.
        """
        before = payment.note
        if note.says_the_same_as(before):
            return note
        if position is None:
            # It is not known which slots are filled, so the note's own is no proof either.
            in_the_way = _may_still_come(before, payment.at)
        else:
            in_the_way = _is_of_another_write(before, note) and is_open(before, position, payment.at)
        if in_the_way:
            raise Undecided
        self._write(payment.id, str(note))
        log.warning("settlement.held", payment=payment.id, reason=note.reason, amount=note.amount)
        return note

    def wait(self, payment: Payment, note: Note, position: Position) -> None:
        """Leave an unknown outcome. One that stands keeps its time; that it is pinned may be learned later.

        While another write may still come true its note stays, for its time must not be lost: this one is met again.
        """
        before = payment.note
        if _is_of_another_write(before, note) and is_open(before, position, payment.at):
            return
        if before is not None and before.kind == MoneyState.UNKNOWN and not _is_of_another_write(before, note):
            if before.pinned or not note.pinned:
                return
            note = replace(before, pinned=True)
        self._write(payment.id, str(note))

    def hold_damaged(self, intent: stripe.PaymentIntent) -> Note:
        """Leave a hold on a payment whose metadata cannot be read."""
        before = read_note(metadata_of(intent).get(SETTLEMENT), answered_at(intent))
        if before is not None and before.reason == Reason.UNREADABLE:
            return before
        now = answered_at(intent)
        note = Note(MoneyState.HELD, Reason.UNREADABLE, at=now or 0)
        if intent.status == "succeeded" and not _may_still_come(before, now):
            self._write(intent.id, str(note))
        log.warning("settlement.held", payment=intent.id, reason=note.reason)
        return note

    def clear(self, payment: Payment) -> None:
        """Take the note away: nothing waits. Of a share that was kept, say from when the coach had it."""
        changes = {SETTLEMENT: ""} if SETTLEMENT in payment.metadata else {}
        if _ends_keeping(payment):
            changes[RELEASED_AT] = str(payment.at)
        if changes:
            self._client.v1.payment_intents.update(payment.id, {"metadata": changes})

    def remember_trouble(self, view: View) -> None:
        """Have later looks read disputes and refunds that the charge says nothing of."""
        position, payment = view.position, view.payment
        seen: dict[str, str] = {}
        # What keeps a share is any open dispute, and an inquiry takes nothing.
        asked = bool(view.disputes) and payment.purchase.offer.release.keeps
        if (position.disputed or asked) and not payment.may_be_disputed:
            seen[DISPUTE_SEEN] = "true"
        if position.refunded and not payment.may_be_refunded:
            seen[REFUND_SEEN] = "true"
        if seen:
            self._client.v1.payment_intents.update(payment.id, {"metadata": seen})

    def _write(self, payment_id: str, text: str) -> None:
        params: Any = {"metadata": {SETTLEMENT: text}}
        self._client.v1.payment_intents.update(payment_id, params)


def _ends_keeping(payment: Payment) -> bool:
    """True if the share was kept, may be sent, and nothing says yet that it was."""
    keeps = payment.purchase.offer.release.keeps
    return keeps and RELEASED_AT not in payment.metadata and payment.at is not None and is_due(payment, payment.at)


def _may_still_come(note: Note | None, now: int | None) -> bool:
    return note is not None and note.may_still_come(now)


def _is_of_another_write(before: Note | None, note: Note) -> bool:
    return before is not None and (before.slot, before.generation) != (note.slot, note.generation)
