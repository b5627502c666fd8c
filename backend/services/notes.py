"""The one note on a payment that settle could not finish: written with care for what an earlier one still says."""

from __future__ import annotations

from typing import Any

import stripe
import structlog

from backend.domain.metadata import DISPUTE_SEEN, REFUND_SEEN, SETTLEMENT
from backend.domain.settlement import HELD, UNKNOWN, Note, Position, Reason, is_open, read_note
from backend.services.answers import answered_at
from backend.services.errors import Undecided
from backend.services.positions import View
from backend.services.reads import Payment, metadata_of

log = structlog.get_logger(__name__)


class Notes:
    """Writes and clears notes."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def hold(self, payment: Payment, note: Note, position: Position | None = None) -> Note:
        """Leave a hold; it is not written again while it says the same. Answers with the note that stands.

        Raises ``Undecided`` while an unknown outcome of another write stands there: its time must not be lost.
        """
        before = payment.note
        if note.says_the_same_as(before):
            return note
        if position is None:
            in_the_way = before is not None and before.may_still_come(payment.at)  # this hold is about no write
        else:
            other = before is not None and (before.slot, before.generation) != (note.slot, note.generation)
            in_the_way = other and is_open(before, position, payment.at)
        if in_the_way:
            raise Undecided
        self._write(payment.id, str(note))
        log.warning("settlement.held", payment=payment.id, reason=note.reason, amount=note.amount)
        return note

    def wait(self, payment: Payment, note: Note) -> None:
        """Leave an unknown outcome. One that stands keeps its time; that it is pinned may be learned later."""
        before = payment.note
        same = _is_unknown(before) and before is not None
        if same and before is not None and (before.slot, before.generation) == (note.slot, note.generation):
            if before.pinned or not note.pinned:
                return
            note = Note(UNKNOWN, slot=note.slot, generation=note.generation, at=before.at, pinned=True)
        self._write(payment.id, str(note))

    def hold_damaged(self, intent: stripe.PaymentIntent) -> Note:
        """Leave a hold on a payment whose metadata cannot be read."""
        before = read_note(metadata_of(intent).get(SETTLEMENT))
        if before is not None and before.reason == Reason.UNREADABLE:
            return before
        note = Note(HELD, Reason.UNREADABLE, at=answered_at(intent) or 0)
        if intent.status == "succeeded" and not _is_unknown(before):
            self._write(intent.id, str(note))
        log.warning("settlement.held", payment=intent.id, reason=note.reason)
        return note

    def clear(self, payment: Payment) -> None:
        """Take the note away: nothing waits."""
        self._write(payment.id, "")

    def remember_trouble(self, view: View) -> None:
        """Have later looks read disputes and refunds that the charge says nothing of."""
        position, payment = view.position, view.payment
        seen: dict[str, str] = {}
        if position.disputed and not payment.may_be_disputed:
            seen[DISPUTE_SEEN] = "true"
        if position.refunded and not payment.may_be_refunded:
            seen[REFUND_SEEN] = "true"
        if seen:
            self._client.v1.payment_intents.update(payment.id, {"metadata": seen})

    def _write(self, payment_id: str, text: str) -> None:
        params: Any = {"metadata": {SETTLEMENT: text}}
        self._client.v1.payment_intents.update(payment_id, params)


def _is_unknown(note: Note | None) -> bool:
    return note is not None and note.kind == UNKNOWN
