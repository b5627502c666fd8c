"""The letter to a coach says in the coach's words what was paid, what went back and what is left."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backend.domain.reasons import BY_A_PERSON, NO_CLEAR_ANSWER, ON_ITS_WAY, REGISTERED_LATE, WORDS
from tests.builders import Marketplace
from tests.routes.explained import explained

# Words of this house and of Stripe's that say nothing to a coach.
_INTERNAL = re.compile(
    r"settle|held|hold|note|metadata|webhook|sweep|transfer|capabilit|flask|clawback|reversal|onboard|charge|intent"
    r"|\bpi_|\btr_|acct_|dispute|ledger|balance covers|platform|operator",
    re.IGNORECASE,
)


@pytest.mark.parametrize("words", [*WORDS.values(), BY_A_PERSON, NO_CLEAR_ANSWER, ON_ITS_WAY, REGISTERED_LATE])
def test_a_letter_has_no_word_of_ours(words: Any) -> None:
    """Whoever gets it has never seen this program."""
    assert words.coach
    assert not _INTERNAL.search(words.coach)


def test_the_letter_says_what_a_coach_wants_to_know(market: Marketplace, refunded: str) -> None:
    """The letter has what was paid, what went back, and what is left."""
    letter = explained(market, refunded)["coach"]

    assert letter == (
        "Hello Dana, on 2 November 2026 a player paid 47.25 CAD for badminton package 1 (5 clips, 3 days) with you. "
        "10.00 CAD of it went back to the player. The player's bank took 37.25 CAD of it back. "
        "So there is no share to pay out to you. You need to do nothing."
    )
    assert not _INTERNAL.search(letter)


def test_the_letter_of_a_paid_share_says_when_it_was_sent(market: Marketplace) -> None:
    """The bank's date is not ours to promise."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    letter = explained(market, payment)["coach"]

    assert "Your share is 42.52 CAD. It was sent to you on 2 November 2026" in letter
    assert not _INTERNAL.search(letter)
