"""Money: integers, one rounding rule, and parts that always add up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.money import FeeRate, MoneyError, format_money, round_half_up, supported_currency


@pytest.mark.parametrize("percent", ["10", "12.5"])
def test_fee_and_share_add_up_for_every_amount(percent: str) -> None:
    """For each amount up to 2,000.00; the share never shrinks when the amount grows."""
    rate, before = FeeRate.from_percent(percent), 0
    for amount in range(200_001):
        split = rate.split(amount)
        assert split.fee + split.share == amount
        assert before <= split.share <= amount
        before = split.share


@settings(derandomize=True, max_examples=300)
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
    """What is frozen in metadata does not depend on how it was typed."""
    assert FeeRate.from_percent(given).percent == written


@pytest.mark.parametrize("text", ["", "-1", "100.01", "10%", "1e1", "ten", "10.123", "nan", "\u0661"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    """0 to 100 with at most two decimals."""
    with pytest.raises(MoneyError):
        FeeRate.from_percent(text)


def test_a_rate_can_be_read_off_its_parts() -> None:
    """As the Node backend froze it: 473 of 4725 takes the same of what is kept."""
    assert FeeRate.from_parts(473, 4725).split(4725).fee == 473
    with pytest.raises(MoneyError):
        FeeRate.from_parts(1, 0)


def test_a_negative_amount_cannot_be_split() -> None:
    """It would be a debt, and that is not what a share is."""
    with pytest.raises(MoneyError):
        FeeRate.from_percent("10").split(-1)


@pytest.mark.parametrize(("code", "known"), [("CAD", "cad"), (" usd ", "usd"), ("jpy", "jpy")])
def test_currencies_are_lower_case(code: str, known: str) -> None:
    """As Stripe writes them."""
    assert supported_currency(code) == known


@pytest.mark.parametrize("code", ["kwd", "isk", "ugx", "c$d", "", "cadd", "\u00e7ad"])
def test_currencies_that_cannot_be_split_exactly_are_refused(code: str) -> None:
    """Three decimals, whole units only, or no currency at all."""
    with pytest.raises(MoneyError):
        supported_currency(code)


@pytest.mark.parametrize(
    ("amount", "currency", "text"), [(4725, "cad", "47.25 CAD"), (-5, "cad", "-0.05 CAD"), (4725, "jpy", "4725 JPY")]
)
def test_money_is_written_for_people(amount: int, currency: str, text: str) -> None:
    """With the currency's own decimals."""
    assert format_money(amount, currency) == text
