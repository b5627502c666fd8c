"""The decisions that the search is given: the real functions of ``backend/domain/settlement.py``, or one of them bent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from backend.domain import release, settlement
from backend.domain.settlement import Answered, Attempt, Next, Note, Pay, Position, Step
from backend.domain.states import MoneyState


@dataclass(frozen=True)
class Rules:
    """The functions of the domain, and those choices of the services that a planted bug gets wrong."""

    next_step: Callable[[Position], Step | None] = settlement.next_step
    part_of: Callable[..., settlement.TakeBack | None] = settlement.part_of
    is_open: Callable[..., bool] = settlement.is_open
    stands_in_the_way: Callable[..., bool] = settlement.stands_in_the_way
    first_generation: Callable[[Note | None, str, int | None], int] = settlement.first_generation
    judge: Callable[[Answered, bool, Attempt], Next] = settlement.judge
    is_released: Callable[..., bool] = release.is_released
    random_keys: bool = False
    never_lists: bool = False
    charge_before_list: bool = False
    count_apart: bool = False
    ends_on_the_write: bool = False
    clears_open_notes: bool = False
    trusts_the_charge: bool = False


REAL = Rules()


def _climb_at_once(answer: Answered, replayed: bool, attempt: Attempt) -> Next:
    if answer == Answered.UNKNOWN and replayed and attempt.listed:
        return Next.CLIMB
    return settlement.judge(answer, replayed, attempt)


def _held_vouches(answer: Answered, replayed: bool, attempt: Attempt) -> Next:
    if answer == Answered.UNKNOWN and replayed and attempt.listed and _names(attempt):
        return Next.CLIMB
    return settlement.judge(answer, replayed, attempt)


def _mismatch_climbs(answer: Answered, replayed: bool, attempt: Attempt) -> Next:
    if answer == Answered.KEY_TAKEN and attempt.listed and attempt.crossed and _names(attempt):
        return Next.CLIMB
    return settlement.judge(answer, replayed, attempt)


def _names(attempt: Attempt) -> bool:
    note = attempt.note
    here = (attempt.slot, attempt.generation)
    return note is not None and note.kind == MoneyState.HELD and (note.slot, note.generation) == here


def _retires_all(note: Note | None, slot: str, now: int | None) -> int:
    pinned = replace(note, pinned=True) if note is not None else None
    return settlement.first_generation(pinned, slot, now)


def _nothing_in_the_way(*_given: object) -> bool:
    return False


def _always_released(*_given: object) -> bool:
    return True


def _ignores_the_cap(position: Position) -> Step | None:
    step = settlement.next_step(position)
    return replace(step, from_charge=True) if isinstance(step, Pay) else step


PLANTED = {
    "a random key": Rules(random_keys=True),
    "no list before the write": Rules(never_lists=True),
    "climbs at once past a stored 500": Rules(judge=_climb_at_once),
    "a held note vouches for a 500": Rules(judge=_held_vouches),
    "a mismatch over an unpinned hold climbs": Rules(judge=_mismatch_climbs),
    "retires an unpinned key at 20 hours": Rules(first_generation=_retires_all),
    "clears an open unknown note": Rules(clears_open_notes=True),
    "pays another slot while an outcome is unknown": Rules(stands_in_the_way=_nothing_in_the_way),
    "ends before a read later than the last write": Rules(ends_on_the_write=True),
    "trusts a charge that was disputed before": Rules(trusts_the_charge=True),
    "reads the charge before the list": Rules(charge_before_list=True),
    "takes the reversal count from another answer": Rules(count_apart=True),
    "pays before the release": Rules(is_released=_always_released),
    "ignores the cap on the source": Rules(next_step=_ignores_the_cap),
}
