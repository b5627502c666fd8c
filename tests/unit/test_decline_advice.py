"""The advice after a decline: for every test card, complete, and silent about suspicions."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.decline_advice import ADVICE, advice_for
from backend.sandbox.state.cards import CARDS, NOT_A_TEST_CARD

DECLINES = {card.number: card.decline for card in CARDS if card.decline} | {"another number": NOT_A_TEST_CARD}
WITHOUT_A_REASON = advice_for("card_declined", "generic_decline")
# A person acts on one of these.
ACTIONS = ("Use another card", "pay again", "Pay again", "Use a test card", "ask your bank", "Look at your bank's list")


@pytest.mark.parametrize("decline", DECLINES.values(), ids=DECLINES)
def test_every_declining_test_card_has_advice_of_its_own_kind(decline: Any) -> None:
    """A code that says why is answered with more than the refusal without a reason."""
    advice = advice_for(decline.code, decline.decline_code)
    secret = {"generic_decline", "lost_card", "stolen_card", "fraudulent"}

    assert advice is not None
    assert (advice == WITHOUT_A_REASON) is ((decline.decline_code or decline.code) in secret)


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent", "pickup_card", "merchant_blacklist"])
def test_a_thief_is_told_nothing(code: str) -> None:
    """A card that is looked for reads like any card that is refused."""
    assert advice_for("card_declined", code) == WITHOUT_A_REASON


@pytest.mark.parametrize("code", ADVICE)
def test_each_advice_says_what_was_charged_and_what_to_do(code: str) -> None:
    """Nothing was charged, except that a payment made twice may have been made once; and an action follows."""
    advice = ADVICE[code]

    assert ("Nothing was charged." in advice) is (code != "duplicate_transaction")
    assert any(action in advice for action in ACTIONS)


def test_the_decline_code_counts_before_the_error_code() -> None:
    """`card_declined` stands for every refusal of an issuer."""
    assert advice_for("card_declined", "insufficient_funds") == ADVICE["insufficient_funds"]


def test_a_decline_code_of_tomorrow_reads_like_a_refusal_without_a_reason() -> None:
    """Stripe adds codes."""
    assert advice_for("card_declined", "code_of_tomorrow") == WITHOUT_A_REASON


@pytest.mark.parametrize("code", [None, "", "resource_missing", "api_connection_error"])
def test_an_error_that_is_no_decline_has_no_advice(code: str | None) -> None:
    """Whoever shows it has its own words for it."""
    assert advice_for(code, None) is None
