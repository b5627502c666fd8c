"""The decision: what the coach should hold, does hold, and the next step; and the note that paces failures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.money import FeeRate
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
    first_generation,
    is_open,
    judge,
    next_step,
    part_of,
    read_note,
    stands_in_the_way,
)
from backend.domain.states import MoneyState

RATE = FeeRate.from_percent("10")
HOUR = 3_600


def position(captured: int = 4725, refunded: int = 0, disputed: int = 0, *transfers: tuple[int, int, int]) -> Position:
    """Transfers as (amount, reversed, number of reversals)."""
    records = [TransferRecord(f"tr_{n}", *transfer) for n, transfer in enumerate(transfers)]
    return Position(captured, refunded, disputed, RATE, records)


def test_a_fresh_payment_owes_the_share_from_the_charge() -> None:
    """Slot 0."""
    assert next_step(position()) == Pay(4252, "0", from_charge=True)


def test_a_settled_payment_needs_nothing() -> None:
    """The difference is zero."""
    assert next_step(position(4725, 0, 0, (4252, 0, 0))) is None


def test_a_refund_takes_back_in_proportion() -> None:
    """The share of 27.25 is 24.52: 18.00 comes back."""
    assert next_step(position(4725, 2000, 0, (4252, 0, 0))) == TakeBack("tr_0", 1800, "0r0", 0, 1800)


def test_the_newest_transfer_gives_back_first() -> None:
    """And the next step goes on with the one before."""
    assert next_step(position(4725, 4725, 0, (3000, 0, 0), (1252, 252, 1))) == TakeBack("tr_1", 1000, "1r1", 1, 4000)
    assert next_step(position(4725, 4725, 0, (3000, 0, 0), (1252, 1252, 2))) == TakeBack("tr_0", 3000, "0r0", 0, 3000)


def test_a_dispute_counts_like_a_refund_and_both_never_below_zero() -> None:
    """A refunded payment that is disputed too leaves nothing, not less."""
    assert position(4725, 3000, 4725).target == 0
    assert next_step(position(4725, 0, 4725, (4252, 0, 0))) == TakeBack("tr_0", 4252, "0r0", 0, 4252)


def test_money_that_was_reversed_still_uses_up_the_charge() -> None:
    """A second transfer of the same share no longer fits in the charge: it comes from the balance."""
    assert next_step(position(4725, 0, 0, (4252, 4252, 1))) == Pay(4252, "1", from_charge=False)


def test_a_transfer_that_just_fits_in_the_charge_is_made_from_it() -> None:
    """To the cent."""
    free = FeeRate.from_percent("0")
    transfers = [TransferRecord("tr_0", 725, 0, 0)]

    assert next_step(Position(4725, 0, 0, free, transfers)) == Pay(4000, "1", from_charge=True)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.integers(1, 100_000),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.lists(st.tuples(st.integers(1, 50_000), st.floats(0, 1)), max_size=5),
)
def test_steps_lead_to_the_target_and_stop(
    captured: int, refunded: int, disputed: int, made: list[tuple[int, float]]
) -> None:
    """From any position, each step closes the difference without passing it, in at most one per transfer plus one."""
    transfers = [TransferRecord(f"tr_{n}", amount, int(amount * part), 1) for n, (amount, part) in enumerate(made)]
    for _ in range(len(transfers) + 2):
        now = Position(captured, min(refunded, captured), disputed, RATE, transfers)
        step = next_step(now)
        if step is None:
            break
        if isinstance(step, Pay):
            assert 0 < step.amount == now.target - now.held
            transfers = [*transfers, TransferRecord("new", step.amount, 0, 0)]
        else:
            assert 0 < step.amount <= step.owed == now.held - now.target
            transfers = [
                TransferRecord(t.id, t.amount, t.amount_reversed + step.amount, t.reversal_count + 1)
                if t.id == step.transfer_id
                else t
                for t in transfers
            ]
    assert Position(captured, min(refunded, captured), disputed, RATE, transfers).held == now.target


NOTES = [
    Note(MoneyState.HELD, Reason.NO_ACCOUNT, "0", 0, 1_793_631_600),
    Note(MoneyState.HELD, Reason.CLAWBACK_PENDING, "0r1", 2, 1_793_631_600, 4252),
    Note(MoneyState.UNKNOWN, None, "1", 3, 1_793_631_600),
    Note(MoneyState.MANUAL),
]


@pytest.mark.parametrize("note", NOTES, ids=str)
def test_a_note_survives_its_text(note: Note) -> None:
    """And fits in a metadata value."""
    assert read_note(str(note)) == note
    assert len(str(note)) < 100


@pytest.mark.parametrize(
    "text", [None, "", "held", "held:x", "held:x:0.0:1:2:3", "manual ", "held:refused:a.0:1", "x" * 500]
)
def test_a_damaged_note_counts_as_none(text: str | None) -> None:
    """A lost note only makes us wait."""
    assert read_note(text) is None


def test_only_the_time_may_differ_for_two_notes_to_say_the_same() -> None:
    """So that a hold that still stands is not written again."""
    note = Note(MoneyState.HELD, Reason.REFUSED, "0", 1, 100, 5)

    assert note.says_the_same_as(Note(MoneyState.HELD, Reason.REFUSED, "0", 1, 900, 5))
    assert not note.says_the_same_as(Note(MoneyState.HELD, Reason.REFUSED, "0", 2, 100, 5))
    assert not note.says_the_same_as(None)


@pytest.mark.parametrize(("age", "generation"), [(0, 3), (20 * HOUR, 3), (20 * HOUR + 1, 4), (90 * HOUR, 4)])
def test_a_slot_starts_where_it_stopped_and_one_further_before_its_key_is_forgotten(age: int, generation: int) -> None:
    """Stripe may forget after 24 hours what it was seen to remember."""
    note = Note(MoneyState.HELD, Reason.COACH_NOT_READY, "0", 3, 1_000, pinned=True)

    assert first_generation(note, "0", 1_000 + age) == generation


def test_a_key_that_was_never_stored_does_not_retire() -> None:
    """Two workers on both sides of the limit must use the same key; nor does one retire by an unknown time."""
    unstored = Note(MoneyState.HELD, Reason.COACH_NOT_READY, "0", 3, 0)

    assert first_generation(unstored, "0", 90 * HOUR) == 3
    assert first_generation(replace(unstored, pinned=True), "0", None) == 3


def test_another_slot_or_no_note_starts_at_the_beginning() -> None:
    """The note is about one slot."""
    assert first_generation(None, "0", 0) == 0
    assert first_generation(Note(MoneyState.HELD, Reason.REFUSED, "0", 3, 0), "1", 0) == 0


def test_a_part_is_taken_of_what_the_coach_has_once_a_day() -> None:
    """Less than the whole, more than nothing, and by Stripe's time."""
    step = TakeBack("tr_0", 4252, "0r1", 1, 4252, reversed_at=1_000)

    assert part_of(step, 4000, 1_000 + 24 * HOUR) == replace(step, amount=4000)
    assert part_of(step, 4000, 1_000 + 24 * HOUR - 1) is None
    assert part_of(step, 4000, None) is None
    assert part_of(step, 0, 1_000 + 24 * HOUR) is None
    assert part_of(step, 4252, 1_000 + 24 * HOUR) is None
    assert part_of(replace(step, reversed_at=0), 1, None) == replace(step, reversed_at=0, amount=1)


UNSURE = Note(MoneyState.UNKNOWN, None, "1", 0, 0, pinned=True)


def test_an_unknown_outcome_is_open_until_its_slot_is_filled_or_it_is_old() -> None:
    """Three hours, by Stripe's time; without a time it stays."""
    empty = position(4725, 0, 0, (1000, 0, 0))
    filled = Position(4725, 0, 0, RATE, [TransferRecord("tr_0", 1000, 0, 0, filled=frozenset(["1"]))])

    assert is_open(UNSURE, empty, 3 * HOUR)
    assert is_open(UNSURE, empty, None)
    assert not is_open(UNSURE, empty, 3 * HOUR + 1)
    assert not is_open(UNSURE, filled, 0)
    assert not is_open(Note(MoneyState.HELD, Reason.REFUSED, "1"), empty, 0)
    assert not is_open(None, empty, 0)


def test_an_open_write_stands_in_the_way_of_another_slot_in_the_same_direction() -> None:
    """Both would be carried out. The other direction, and the slot's own key, are free."""
    there = position(4725, 0, 0, (1000, 0, 0))
    back = Note(MoneyState.UNKNOWN, None, "0r0", 0, 0)

    assert stands_in_the_way(UNSURE, Pay(100, "2", False), there, 0)
    assert not stands_in_the_way(UNSURE, Pay(100, "1", False), there, 0)
    assert not stands_in_the_way(UNSURE, TakeBack("tr_0", 100, "0r0", 0, 100), there, 0)
    assert stands_in_the_way(back, TakeBack("tr_0", 100, "0r1", 1, 100), there, 0)
    assert not stands_in_the_way(back, Pay(100, "1", False), there, 0)
    assert not stands_in_the_way(None, Pay(100, "1", False), there, 0)


PINNED = Note(MoneyState.HELD, Reason.COACH_NOT_READY, "0", 0, 0, pinned=True)
UNPINNED = Note(MoneyState.HELD, Reason.COACH_NOT_READY, "0", 0, 0)
YOUNG = Note(MoneyState.UNKNOWN, None, "0", 0, 10 * HOUR)
OLD = Note(MoneyState.UNKNOWN, None, "0", 0, 0)


@pytest.mark.parametrize(
    ("answer", "replayed", "changes", "then"),
    [
        (Answered.DONE, False, {}, Next.FINISH),
        (Answered.DONE, True, {}, Next.LOOK),
        (Answered.REFUSED, False, {"listed": False}, Next.LOOK),
        (Answered.UNKNOWN, False, {"listed": False}, Next.LOOK),
        (Answered.KEY_TAKEN, False, {}, Next.LOOK),
        (Answered.IN_FLIGHT, False, {}, Next.LOOK),
        (Answered.IN_FLIGHT, False, {"crossed": True}, Next.LEAVE),
        (Answered.REFUSED, False, {}, Next.REPEAT),
        (Answered.REFUSED, False, {"refused": True}, Next.HOLD),
        (Answered.REFUSED, True, {"refused": True}, Next.HOLD),
        (Answered.REFUSED, True, {}, Next.CLIMB),
        (Answered.REFUSED, True, {"note": YOUNG}, Next.WAIT),
        (Answered.REFUSED, False, {"note": YOUNG}, Next.WAIT),
        (Answered.REFUSED, False, {"note": OLD, "now": None}, Next.WAIT),
        (Answered.KEY_TAKEN, False, {"crossed": True}, Next.WAIT),
        (Answered.KEY_TAKEN, False, {"crossed": True, "note": PINNED}, Next.CLIMB),
        (Answered.KEY_TAKEN, False, {"crossed": True, "note": UNPINNED}, Next.WAIT),
        (Answered.KEY_TAKEN, False, {"crossed": True, "note": OLD}, Next.CLIMB),
        (Answered.KEY_TAKEN, False, {"crossed": True, "note": replace(PINNED, generation=1)}, Next.WAIT),
        (Answered.KEY_TAKEN, False, {"crossed": True, "note": replace(PINNED, slot="1")}, Next.WAIT),
        (Answered.UNKNOWN, True, {"note": OLD}, Next.CLIMB),
        (Answered.UNKNOWN, False, {"note": OLD}, Next.WAIT),
        (Answered.UNKNOWN, True, {"note": YOUNG}, Next.WAIT),
        (Answered.UNKNOWN, True, {"note": PINNED}, Next.WAIT),
        (Answered.UNKNOWN, True, {}, Next.WAIT),
    ],
)
def test_each_answer_has_its_consequence(answer: Answered, replayed: bool, changes: dict[str, Any], then: Next) -> None:
    """Only a replay, or a note that saw one, proves a key dead; and no hold vouches for a 500."""
    attempt = replace(Attempt(None, "0", 0, 10 * HOUR, listed=True), **changes)

    assert judge(answer, replayed, attempt) == then


def test_an_old_unknown_outcome_stands_in_nobodys_way() -> None:
    """After three hours by Stripe's time; without a time it still does."""
    there = position(4725, 0, 0, (1000, 0, 0))

    assert not stands_in_the_way(UNSURE, Pay(100, "2", False), there, 3 * HOUR + 1)
    assert stands_in_the_way(UNSURE, Pay(100, "2", False), there, None)
