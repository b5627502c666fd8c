"""The letter to a coach: what was paid, what waits and why, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.reasons import WORDS, Words
from backend.domain.settlement import Reason
from backend.services.operators.why_letter import damaged, in_person, letter, unpaid
from tests.unit.given import charge, intent, made
from tests.unit.why_given import view

WAITS = WORDS[Reason.COACH_NOT_READY]


OWES = WORDS[Reason.CLAWBACK_PENDING]


HELLO = "Hello Dana, on 2 November 2026 a player paid 47.25 CAD for badminton package 1 (5 clips, 3 days) with you."


@pytest.mark.parametrize(
    ("money", "words", "rest"),
    [
        (
            {"sent": 4252},
            WAITS,
            "Your share is 42.52 CAD. It was sent to you on 3 November 2026; when it reaches your bank follows from your "
            "payout schedule.",
        ),
        ({}, WAITS, f"Your share is 42.52 CAD. {WAITS.coach}"),
        ({"sent": 4251}, WAITS, f"Your share is 42.52 CAD. 42.51 CAD of it was sent to you already. {WAITS.coach}"),
        ({"sent": 1000}, WAITS, f"Your share is 42.52 CAD. 10.00 CAD of it was sent to you already. {WAITS.coach}"),
        (
            {"refunded": 725, "disputed": 1000},
            WAITS,
            "7.25 CAD of it went back to the player. The player's bank took 10.00 CAD of it back. Your share is 27.00 CAD. "
            f"{WAITS.coach}",
        ),
        (
            {"refunded": 4725},
            WAITS,
            "47.25 CAD of it went back to the player. So there is no share to pay out to you. You need to do nothing.",
        ),
        (
            {"refunded": 4725, "sent": 4252},
            OWES,
            "47.25 CAD of it went back to the player. So there is no share to pay out to you. "
            f"You were sent 42.52 CAD more than that, which is to come back. {OWES.coach}",
        ),
        (
            {"refunded": 4725, "sent": 4252},
            WAITS,
            "47.25 CAD of it went back to the player. So there is no share to pay out to you. "
            "You were sent 42.52 CAD more than that, which is to come back. You need to do nothing.",
        ),
        (
            {"paid": charge(status="failed", failure_balance_transaction="txn_1"), "refunded": 4725},
            WAITS,
            "The player's bank returned the payment later. So there is no share to pay out to you. You need to do nothing.",
        ),
    ],
)
def test_the_letter_says_what_the_coach_has_and_will_have(money: dict[str, Any], words: Words, rest: str) -> None:
    """In whole sentences, each once."""
    assert letter(view(**money), words) == f"{HELLO} {rest}"


def test_a_nameless_coach_is_greeted_all_the_same() -> None:
    """A name is cut to one line."""
    assert letter(view(metadata={"coachName": ""}), WAITS).startswith("Hello, on 2 November 2026 a player paid")
    assert letter(view(metadata={"coachName": "D\nx"}), WAITS).startswith("Hello D x, on")


def test_the_letters_of_payments_without_a_share() -> None:
    """There is a letter without a share too: unclear money, an unpaid payment, a damaged record."""
    sold = view().payment
    what = "badminton package 1 (5 clips, 3 days) with you"
    given_up, open_still = intent(status="canceled"), intent(status="requires_payment_method")

    assert (
        in_person(sold.purchase, sold.intent, WAITS) == f"Hello Dana, a player paid 47.25 CAD for {what}. {WAITS.coach}"
    )
    assert unpaid(sold.purchase, given_up) == (
        f"Hello Dana, the payment of 47.25 CAD for {what} was given up, so there is nothing to pay out to you."
    )
    assert unpaid(sold.purchase, open_still) == (
        f"Hello Dana, the payment of 47.25 CAD for {what} is not complete yet, so there is nothing to pay out to you."
    )
    assert damaged(intent({"clips": "many"}), WAITS) == f"Hello Dana, a player paid 47.25 CAD. {WAITS.coach}"
    assert damaged(made("payment_intent", "pi_1", amount=4725, currency="cad", metadata={}), WAITS).startswith(
        "Hello, a player"
    )
