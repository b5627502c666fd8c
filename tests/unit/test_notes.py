"""The note's text: what is read is what was written, and what was damaged is no note."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.notes import Note, Reason, read_note
from backend.domain.states import MoneyState

THREE_HOURS = 3 * 3_600

TEXTS = [
    ("manual", Note(MoneyState.MANUAL)),
    ("held:no_account:0.0:1793631600", Note(MoneyState.HELD, Reason.NO_ACCOUNT, "0", 0, 1_793_631_600)),
    (
        "held:clawback_pending:0r1.2:1793631600p:4252",
        Note(MoneyState.HELD, Reason.CLAWBACK_PENDING, "0r1", 2, 1_793_631_600, 4252, True),
    ),
    ("held:refused:12.34:5:0", Note(MoneyState.HELD, Reason.REFUSED, "12", 34, 5, 0)),
    ("unknown:1.3:1793631600", Note(MoneyState.UNKNOWN, None, "1", 3, 1_793_631_600)),
    ("unknown:1r0.999999:999999999999p", Note(MoneyState.UNKNOWN, None, "1r0", 999_999, 999_999_999_999, pinned=True)),
]


@pytest.mark.parametrize(("text", "note"), TEXTS)
def test_a_notes_text_is_its_own_for_ever(text: str, note: Note) -> None:
    """Notes that wait at Stripe have to be read by every later version."""
    assert str(note) == text
    assert read_note(text) == note


@pytest.mark.parametrize(
    "text",
    [
        "MANUAL",
        "lost:0.0:1",
        "held:refused:0.0:1 ",
        "held:refused:0.0:1\n",
        " held:refused:0.0:1",
        "held:Refused:0.0:1",
        "held:refused:0.1234567:1",
        "held:refused:0.0:1234567890123",
        "held:refused:0.0:1:1234567890123",
        "held:refused:0.0:1q",
        "held:refused:0r.0:1",
        "held:refused:r1.0:1",
        "held:refused:0x0:1",
        "held:refused:\u0660.0:1",
        "held:refused:0.\u0660:1",
        "held:refused:0.0:\u0661",
        "held:refused:0.0:1:\u0661",
        "held:refused:0.0",
        "held:refused:0:1",
    ],
)
def test_what_is_not_quite_a_note_is_none(text: str) -> None:
    """Somebody may have edited it; digits are those of ASCII."""
    assert read_note(text) is None


@pytest.mark.parametrize(
    ("age", "open_still"), [(0, True), (THREE_HOURS, True), (THREE_HOURS + 1, False), (None, True)]
)
def test_an_unknown_outcome_may_come_true_for_three_hours(age: int | None, open_still: bool) -> None:
    """And for as long as nobody knows Stripe's time."""
    note = Note(MoneyState.UNKNOWN, at=1_000)

    assert note.may_still_come(None if age is None else 1_000 + age) is open_still


@pytest.mark.parametrize("kind", [MoneyState.HELD, MoneyState.MANUAL])
def test_what_stripe_refused_does_not_come_true(kind: MoneyState) -> None:
    """Nor does a person's word."""
    assert Note(kind, Reason.REFUSED, at=1_000).may_still_come(1_000) is False


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"at": 7}, True),
        ({"kind": MoneyState.UNKNOWN}, False),
        ({"reason": Reason.ACCOUNT_GONE}, False),
        ({"slot": "1"}, False),
        ({"generation": 1}, False),
        ({"amount": None}, False),
        ({"pinned": True}, False),
    ],
)
def test_two_notes_say_the_same_if_only_their_times_differ(changes: dict[str, object], same: bool) -> None:
    """So that what still stands is not written again."""
    note = Note(MoneyState.HELD, Reason.REFUSED, "0", 0, 5, 4252)

    assert note.says_the_same_as(replace(note, **changes)) is same  # type: ignore[arg-type]
