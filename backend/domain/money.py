"""Money: integers of the currency's minor unit, and the one rounding rule.

Nothing here is ever a float. A percentage is an exact fraction, so the platform's fee and the coach's
share always add up to the amount that was paid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

# Currencies whose minor unit is the unit itself. https://docs.stripe.com/currencies#zero-decimal
ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
# Stripe wants a thousandth in the amount but charges only tens of them; a 10% fee would often be a
# fraction it refuses. https://docs.stripe.com/currencies#three-decimal
THREE_DECIMAL = frozenset("bhd iqd jod kwd lyd omr tnd".split())
# Written with two decimals, yet only whole units can be charged: a fee of 47.25 could not be split off.
# https://docs.stripe.com/currencies#special-cases
WHOLE_UNITS_ONLY = frozenset(["isk", "ugx"])

_PERCENT = re.compile(r"(?:100(?:\.0{1,2})?|[0-9]{1,2}(?:\.[0-9]{1,2})?)", re.ASCII)


class MoneyError(ValueError):
    """A currency or percentage that this system refuses to count with."""


def round_half_up(exact: Fraction) -> int:
    """The one rounding rule: to the nearest minor unit, halves up.

    Python's ``round`` sends halves to the even neighbour: 12.5% of 4500 would be 562 here and 563 in the
    JavaScript it replaces.
    """
    return _half_up(exact.numerator, exact.denominator)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def supported_currency(code: str) -> str:
    """The lower-case ISO code, if amounts in it can be split exactly. Raises ``MoneyError``."""
    currency = code.strip().lower()
    if not re.fullmatch(r"[a-z]{3}", currency, re.ASCII):
        raise MoneyError("must be a three-letter ISO currency code, such as cad")
    if currency in THREE_DECIMAL | WHOLE_UNITS_ONLY:
        raise MoneyError(f"{currency} is not supported: Stripe does not accept every minor unit of it")
    return currency


def decimal_text(amount_minor: int, currency: str) -> str:
    """Return the amount for programs, in units of the currency: ``1012500, "cad"`` is ``10125.00``."""
    return _units(amount_minor, currency, "")


def format_money(amount_minor: int, currency: str) -> str:
    """For people: ``4725, "cad"`` is ``47.25 CAD``; ``1012500, "cad"`` is ``10,125.00 CAD``; ``4725, "jpy"`` is ``4,725 JPY``.

    Pages, commands and letters spell amounts in this way alone; ``static/js/spelling.js`` is the same for scripts.
    """
    return f"{_units(amount_minor, currency, ',')} {currency.upper()}"


def _units(amount_minor: int, currency: str, grouping: str) -> str:
    decimals = decimals_of(currency)
    sign = "-" if amount_minor < 0 else ""
    units, part = divmod(abs(amount_minor), 10**decimals)
    return f"{sign}{units:{grouping}}{f'.{part:0{decimals}d}' if decimals else ''}"


def decimals_of(currency: str) -> int:
    """Return how many decimals an amount of a currency has at Stripe: 2 for ``cad``, 0 for ``jpy``, 3 for ``kwd``."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True)
class Split:
    """An amount in two parts that add up to it, all in minor units."""

    amount: int
    fee: int
    share: int


@dataclass(frozen=True)
class FeeRate:
    """The platform's part of an amount, as an exact fraction between 0 and 1."""

    fraction: Fraction

    @classmethod
    def from_percent(cls, percent: str) -> FeeRate:
        """``"10"`` or ``"12.5"``: 0 to 100 with at most two decimals. Raises ``MoneyError``."""
        text = percent.strip()
        if not _PERCENT.fullmatch(text):
            raise MoneyError("must be a percentage from 0 to 100 with at most two decimals, such as 12.5")
        return cls(Fraction(text) / 100)

    @classmethod
    def from_parts(cls, fee: int, amount: int) -> FeeRate:
        """The rate at which ``fee`` was taken from ``amount``. Raises ``MoneyError``."""
        if not 0 <= fee <= amount or amount <= 0:
            raise MoneyError(f"a fee of {fee} cannot come out of {amount}")
        return cls(Fraction(fee, amount))

    @property
    def percent(self) -> str:
        """The canonical text of a rate that was given as a percentage: ``"10"``, ``"12.5"``."""
        hundredths = round_half_up(self.fraction * 10_000)
        return f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".")

    def split(self, amount_minor: int) -> Split:
        """The platform's fee, rounded half up, and the coach's share: the rest, so they always add up."""
        if amount_minor < 0:
            raise MoneyError(f"cannot split a negative amount: {amount_minor}")
        fee = _half_up(self.fraction.numerator * amount_minor, self.fraction.denominator)
        return Split(amount=amount_minor, fee=fee, share=amount_minor - fee)
