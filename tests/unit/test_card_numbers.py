"""Card numbers are found however they are written, and what is no card number is left alone."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain import card_numbers
from backend.domain.card_numbers import in_id, in_name, in_phone, in_text

# Stripe's: https://docs.stripe.com/testing#cards
CARDS = (
    "4242424242424242 4000056655665556 5555555555554444 2223003122003222 5105105105105100 378282246310005 "
    "371449635398431 6011111111111117 6011000990139424 3056930009020004 36227206271667 3566002020360505 "
    "6200000000000005 6205500000000000004"
).split()
VISA = CARDS[0]
WAYS = {
    "four and four": "4242 4242 4242 4242",
    "dots": "4242.4242.4242.4242",
    "slashes": "4242/4242/4242/4242",
    "underscores": "4242_4242_4242_4242",
    "no-break spaces": "4242\u00a04242\u00a04242\u00a04242",
    "thin spaces": "4242\u20094242\u20094242\u20094242",
    "en dashes": "4242–4242–4242–4242",
    "em dashes": "4242 — 4242 — 4242 — 4242",
    "hyphens of Unicode": "4242‐4242‑4242−4242",
    "full-width": "４２４２４２４２４２４２４２４２",
    "full-width and dashes": "４２４２－４２４２－４２４２－４２４２",
    "Arabic": "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
    "Devanagari": "४२४२४२४२४२४२४२४२",
    "mathematical": "𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐",
    "circled": "④②④②④②④②④②④②④②④②",
    "mixed scripts": "4２4２4٢4٢4242 4242",
    "one by one": "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
    "in pairs": "42-42-42-42-42-42-42-42",
    "in threes": "424 242 424 242 424 2",
    "zero-width spaces": "4242\u200b4242\u200b4242\u200b4242",
    "with month and code": "4242 4242 4242 4242 12/30 123",
    "after a month": "12/30 4242 4242 4242 4242",
    "after a word": "card: 4242424242424242.",
    "American Express": "3782 822463 10005",
}


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("place", [in_name, in_text, in_id, in_phone])
def test_a_card_number_is_found_everywhere(place: Callable[[str], bool], card: str) -> None:
    """Of every scheme."""
    assert place(card)


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("place", [in_name, in_text, in_id, in_phone])
def test_it_is_found_however_it_is_written(place: Callable[[str], bool], text: str) -> None:
    """With any sign between the digits, in digits of any script."""
    assert place(text)


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS.keys())
def test_it_is_taken_out_of_a_log(text: str) -> None:
    """All of it, and what stands around stays."""
    removed = card_numbers.remove(f"before {text} after", "[removed]")

    assert "[removed]" in removed
    assert removed.startswith("before")
    assert removed.endswith("after")
    assert not card_numbers.in_text(removed)


def test_of_numbers_that_overlap_each_is_taken_out_once() -> None:
    """A row of groups may hold several."""
    removed = card_numbers.remove("pay 4242 4242 4242 4242 4242 4242 4242 4242 now", "[removed]")

    assert removed == "pay [removed] now"


@pytest.mark.parametrize("card", ["5018000000000009", "5893000000000000003", "9792000000000003", "8100000000000002"])
def test_a_card_of_a_national_scheme_is_found(card: str) -> None:
    """Maestro's, Troy's, RuPay's."""
    assert in_text(card)


PHONES = [
    "+49 1512 3456789",
    "+44 (0)20 7946 0958",
    "+34 612 345 678",
    "+370 612 34567",
    "+1 (416) 555-0123 ext. 1234",
    "0049 1512 3456789",
    "+62 812-3456-7890-12",
    "416-555-1234, 647-555-9876",
]


@pytest.mark.parametrize("phone", PHONES)
def test_a_telephone_number_is_none(phone: str) -> None:
    """Neither in its own field nor in an address."""
    assert not in_phone(phone)
    assert not in_text(phone)


def test_no_international_telephone_number_is_refused() -> None:
    """They have at most 15 digits, whatever these are."""
    digits = random.Random(1)
    for _ in range(5_000):
        assert not in_phone(f"+{digits.randrange(10**10, 10**15)}")


def test_a_long_number_may_be_an_id() -> None:
    """Of 17 to 19 digits one in ten has a card's check digit by chance."""
    digits = random.Random(1)
    by_chance = 0
    for _ in range(5_000):
        number = str(digits.randrange(10**16, 9 * 10**18))
        by_chance += _has_check_digit(number)
        assert not in_id(number) or number.startswith("62")
        assert not in_id(f"user-{number}") or number.startswith("62")
    assert by_chance > 400


def _has_check_digit(number: str) -> bool:
    """Luhn's formula, as it is taught."""
    doubled = "".join(str(2 * int(digit)) if place % 2 else digit for place, digit in enumerate(reversed(number)))
    return sum(map(int, doubled)) % 10 == 0


@pytest.mark.parametrize(
    "text",
    [
        "175928847299117063",  # Discord
        "1234567890123456783",  # 64 bits, with a check digit
        "110169484474386276334",  # Google
        "1732500000000",  # the milliseconds of a day
        "1732500000000000",  # its microseconds
        "20261125103045",
        "2026-11-25 10:30:45.123456",
        "coach-7",
        "3f2a8c1e-4111-4111-4242-424242424242",  # a UUID, four and twelve digits of it
        "pi_3MtwBwLkdIwHu7ix28a3tqPa",
        "b4242424242424242f",  # a part of a hash
        "9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_an_id_or_a_time_is_none(text: str) -> None:
    """Nothing legal is refused."""
    assert not in_id(text)


@settings(derandomize=True, max_examples=2_000, deadline=None)
@given(number=st.integers(0, 2**128 - 1) | st.integers(0, 10**16).map(lambda digits: int(f"{digits:032}", 16)))
def test_a_uuid_is_none(number: int) -> None:
    """Not even one of digits alone: purchases are keyed by them."""
    text = str(uuid.UUID(int=number))

    assert not in_id(text)
    assert not in_id(f"order-{text}")


def test_a_name_takes_no_other_long_number() -> None:
    """Of whichever scheme, grouped in whichever way."""
    assert in_name("Dana 4242 424242 42 4242")
    assert not in_name("Dana 4242 424242 42 4243")
    assert not in_name("The 1904 Olympics, 100 m")


@pytest.mark.parametrize("part", ["4 ", "4242 ", "4   ", "42", "4.", "4a", "\u0664 "])
def test_the_work_grows_with_the_length(part: str) -> None:
    """Four times the text makes at most four times the numbers to look at."""
    least, most = (len(list(card_numbers._numbers(part * size))) for size in (500, 2_000))

    assert most <= 4.5 * least + 10
