"""The decisions on the model's small values, each made by a function of the domain and kept, since all are pure."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from backend.domain.money import FeeRate
from backend.domain.release import ReleaseFacts, ReleaseKind, ReleaseTerms
from backend.domain.settlement import (
    Answered,
    Attempt,
    Next,
    Note,
    Pay,
    Position,
    Reason,
    TakeBack,
    TransferRecord,
    read_note,
)
from backend.domain.states import MoneyState
from tests.model.rules import Rules
from tests.model.world import ALL, Noted, Sent, index_of

HOUR = 3_600
NOW = 1_000_000_000
_PLENTY = 1_000


class Seen(NamedTuple):
    """One complete look."""

    captured: int
    percent: int
    refunded: int
    disputed: int
    transfers: tuple[Sent, ...]
    note: Noted | None


class Move(NamedTuple):
    """A step of the domain's in the model's terms. ``whole``: what may be asked for at most."""

    slot: str
    amount: int
    sourced: bool
    owed: int = 0
    whole: int = 0


@cache
def rate_of(percent: int) -> FeeRate:
    """The percentage as the domain counts with it."""
    return FeeRate.from_percent(str(percent))


@cache
def note_of(noted: Noted | None) -> Note | None:
    """The note as the domain reads it from the payment's metadata."""
    if noted is None:
        return read_note("")
    reason = Reason(noted.reason) if noted.reason else None
    note = Note(
        MoneyState(noted.kind), reason, noted.slot, noted.generation, NOW - noted.age * HOUR, noted.amount, noted.pinned
    )
    return read_note(str(note))


@cache
def position_of(seen: Seen) -> Position:
    """The position as the domain is given it."""
    records = [
        TransferRecord(
            f"tr_{index}", sent.amount, sent.back, sent.reversals, _reversed_at(sent), frozenset(sent.filled)
        )
        for index, sent in enumerate(seen.transfers)
    ]
    return Position(seen.captured, seen.refunded, seen.disputed, rate_of(seen.percent), records)


def _reversed_at(sent: Sent) -> int:
    return {0: 0, 1: NOW - HOUR, 2: NOW - 30 * HOUR}[sent.lately]


class Core:
    """The rules, asked once for each question. ``dated``: False where Stripe's answers carry no time."""

    def __init__(self, rules: Rules, dated: bool = True) -> None:
        self.rules = rules
        self.now = NOW if dated else None
        for name in ("plan", "judged", "is_open", "part"):
            setattr(self, name, cache(getattr(self, name)))

    def plan(self, seen: Seen) -> tuple[str, Move | None, int]:
        """``end``, ``blocked`` or ``send``; with the move and the generation at which its slot starts."""
        position, note = position_of(seen), note_of(seen.note)
        step = self.rules.next_step(position)
        if step is None:
            return "end", None, 0
        if self.rules.stands_in_the_way(note, step, position, self.now):
            return "blocked", None, 0
        generation = self.rules.first_generation(note, step.slot, self.now)
        if isinstance(step, Pay):
            return "send", Move(step.slot, step.amount, step.from_charge, step.owed), generation
        whole = min(step.owed, position.transfers[index_of(step.slot)].held)
        return "send", Move(step.slot, step.amount, False, step.owed, whole), generation

    def may_send(self, kept: bool) -> bool:
        """True if a share may be sent: one that was accepted, or whose deadline has passed."""
        terms = ReleaseTerms(ReleaseKind.AFTER_DAYS, 14)
        deadline = ReleaseFacts(arrived_at=NOW if kept else NOW - 14 * 24 * HOUR)
        return self.rules.is_released(terms, deadline, NOW)

    def judged(self, answer: str, replayed: bool, facts: tuple[Any, ...]) -> Next:
        """The consequence of an answer. ``facts``: note, slot, generation, listed, crossed, refused."""
        note, slot, generation, listed, crossed, refused = facts
        attempt = Attempt(note_of(note), slot, generation, self.now, listed, crossed, refused)
        return self.rules.judge(Answered(answer), replayed, attempt)

    def is_open(self, seen: Seen) -> bool:
        """True while the note's write may still come true."""
        return self.rules.is_open(note_of(seen.note), position_of(seen), self.now)

    def part(self, move: Move, sent: Sent, coach: int) -> int:
        """The part of a take-back that the coach's balance covers, or 0."""
        step = TakeBack("tr", move.amount, move.slot, sent.reversals, move.owed, _reversed_at(sent))
        part = self.rules.part_of(step, _PLENTY if coach == ALL else coach, self.now)
        return part.amount if part is not None else 0

    def holds_still(self, note: Noted | None, move: Move) -> str:
        """The reason of the note if it holds exactly this move; else empty."""
        if (
            note is None
            or note.kind != MoneyState.HELD
            or note.slot != move.slot
            or note.amount not in (None, move.owed)
        ):
            return ""
        return note.reason

    def waiting(self, before: Noted | None, slot: str, generation: int, pinned: bool) -> Noted | None:
        """The note of an unknown outcome that has to be written over ``before``; None where that one stays."""
        new = Noted(MoneyState.UNKNOWN, "", slot, generation, 0, pinned, None)
        if before is None or (before.kind, before.slot, before.generation) != (MoneyState.UNKNOWN, slot, generation):
            return new
        if before.pinned or not pinned:
            return None
        return new._replace(age=before.age)
