"""Money: integers, one rounding rule, and parts that always add up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.money import FeeRate, MoneyError, format_money, round_half_up, supported_currency


@pytest.mark.parametrize(("percent", "thousandths"), [("10", 100), ("12.5", 125)], ids=["10%", "12.5%"])
def test_fee_and_share_add_up_for_every_amount(percent: str, thousandths: int) -> None:
    """For each amount up to 2,000.00: the fee is rounded half up, and neither part shrinks when the amount grows."""
    rate, before = FeeRate.from_percent(percent), FeeRate.from_percent(percent).split(0)
    for amount in range(200_001):
        split = rate.split(amount)
        assert split.fee + split.share == amount
        assert split.fee == (amount * thousandths + 500) // 1000
        assert before.fee <= split.fee
        assert before.share <= split.share
        before = split


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.integers(0, 99_999_999), st.integers(0, 10_000))
def test_fee_and_share_add_up_at_any_rate(amount: int, hundredths: int) -> None:
    """Whatever the percentage."""
    rate = FeeRate.from_percent(f"{hundredths // 100}.{hundredths % 100:02d}")
    split = rate.split(amount)

    assert split.fee + split.share == amount
    assert abs(split.fee * 10_000 - amount * hundredths) <= 5_000


@pytest.mark.parametrize(
    ("amount", "percent", "fee"), [(4500, "12.5", 563), (4725, "10", 473), (5, "10", 1), (4, "10", 0)]
)
def test_halves_go_up(amount: int, percent: str, fee: int) -> None:
    """As in the JavaScript that it replaces; Python's own round would make 562 of the first."""
    assert FeeRate.from_percent(percent).split(amount).fee == fee


def test_rounding_is_half_up_below_zero_too() -> None:
    """One rule, everywhere."""
    assert [round_half_up(Fraction(n, 2)) for n in (-3, -1, 1, 3)] == [-1, 0, 1, 2]


@pytest.mark.parametrize(
    ("given", "written"), [("10", "10"), ("12.50", "12.5"), (" 7.25 ", "7.25"), ("0", "0"), ("100.0", "100")]
)
def test_a_percentage_has_one_text(given: str, written: str) -> None:
    """The text that is frozen in metadata does not depend on how the percentage was typed."""
    assert FeeRate.from_percent(given).percent == written


@pytest.mark.parametrize(
    "text",
    ["", "-1", "100.01", "100.001", "101", "10%", "1e1", "ten", "10.123", "10.", ".5", "1/3", "nan", "1_0", "\u0661"],
)
def test_what_is_no_percentage_is_refused(text: str) -> None:
    """0 to 100 with at most two decimals."""
    with pytest.raises(
        MoneyError, match=r"\Amust be a percentage from 0 to 100 with at most two decimals, such as 12.5\Z"
    ):
        FeeRate.from_percent(text)


def test_a_rate_can_be_read_off_its_parts() -> None:
    """As the Node backend froze it: 473 of 4725 takes the same of what is kept."""
    assert FeeRate.from_parts(473, 4725).split(4725).fee == 473
    assert FeeRate.from_parts(0, 1).split(100).fee == 0
    assert FeeRate.from_parts(1, 1).split(100).fee == 100


@pytest.mark.parametrize(("fee", "amount"), [(1, 0), (0, 0), (0, -1), (-1, 5), (6, 5)])
def test_parts_that_make_no_rate_are_refused(fee: int, amount: int) -> None:
    """And named."""
    with pytest.raises(MoneyError, match=f"a fee of {fee} cannot come out of {amount}"):
        FeeRate.from_parts(fee, amount)


def test_a_negative_amount_cannot_be_split() -> None:
    """It would be a debt, and that is not what a share is."""
    with pytest.raises(MoneyError, match="negative amount: -1"):
        FeeRate.from_percent("10").split(-1)


@pytest.mark.parametrize(("code", "known"), [("CAD", "cad"), (" usd ", "usd"), ("jpy", "jpy")])
def test_currencies_are_lower_case(code: str, known: str) -> None:
    """As Stripe writes them."""
    assert supported_currency(code) == known


# https://docs.stripe.com/currencies#three-decimal and #special-cases
UNSPLITTABLE = ["bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd", "isk", "ugx"]


@pytest.mark.parametrize("code", [*UNSPLITTABLE, "KWD", "c$d", "", "cadd", "ca", "c d", "\u00e7ad", "\u0131sk"])
def test_currencies_that_cannot_be_split_exactly_are_refused(code: str) -> None:
    """Three decimals, whole units only, or no currency at all."""
    with pytest.raises(
        MoneyError, match=r"\A(must be a three-letter ISO currency code, such as cad\Z|.* is not supported)"
    ):
        supported_currency(code)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(4725, "cad", "47.25 CAD"), (0, "cad", "0.00 CAD"), (-5, "cad", "-0.05 CAD"), (4725, "jpy", "4,725 JPY")],
)
def test_money_is_written_for_people(amount: int, currency: str, text: str) -> None:
    """With the currency's own decimals."""
    assert format_money(amount, currency) == text
