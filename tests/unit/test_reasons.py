"""The sentences for each reason to wait: one home, complete."""

from __future__ import annotations

import pytest

from backend.domain.notes import Note, Reason, read_note
from backend.domain.reasons import BY_A_PERSON, NO_CLEAR_ANSWER, ON_ITS_WAY, WORDS, words_of
from backend.domain.states import MoneyState


def test_every_reason_has_sentences() -> None:
    """A reason without them would be a word of ours on somebody's screen."""
    assert set(WORDS) == set(Reason)
    for words in WORDS.values():
        assert words.meaning.endswith(".")
        assert words.remedy.endswith(".")
        assert words.coach.endswith(".")


@pytest.mark.parametrize("reason", Reason)
def test_a_note_leads_to_the_sentences_of_its_reason(reason: Reason) -> None:
    """As it is read from a payment."""
    assert words_of(read_note(f"held:{reason}:0.0:1")) == WORDS[reason]


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (None, ON_ITS_WAY),
        (Note(MoneyState.MANUAL), BY_A_PERSON),
        (Note(MoneyState.UNKNOWN, slot="0", at=1), NO_CLEAR_ANSWER),
        (read_note("held:a_reason_of_tomorrow:0.0:1"), NO_CLEAR_ANSWER),
    ],
)
def test_whatever_a_note_says_there_are_sentences(note: Note | None, words: object) -> None:
    """Those of a newer version of this program too."""
    assert words_of(note) == words


def test_what_only_a_person_ends_is_marked() -> None:
    """Doctor warns of these; the others end by themselves."""
    assert {str(reason) for reason, words in WORDS.items() if words.lasts} == {
        "account_gone",
        "transfers_not_allowed",
        "settlement_currency",
        "refused",
        "unclear_transfers",
        "unclear_dispute",
        "unreadable",
    }
