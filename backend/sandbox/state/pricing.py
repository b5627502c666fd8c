"""Stripe's fee for a charge: the same everywhere, or by the country of the platform and of the card.

Stripe's public prices for cards paid online, as their pages said when this was written. Contracts, taxes and later prices
differ: nothing but a test of the arithmetic should lean on them. What is left out is said in limits.py.
"""

from typing import NamedTuple

ROUNDING = {"half_up": 5_000, "down": 0, "up": 9_999}


# The European Economic Area, whose cards cost the same in each of its countries; Britain's cost less than others from abroad.
EEA = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split())
NEAR = 100


class Price(NamedTuple):
    """A part of the amount, in hundredths of a percent, and a fixed part, in minor units of the country's currency."""

    rate: int
    fixed: int
    # What a card of another country costs more.
    abroad: int


FLAT = Price(290, 30, 0)
_EURO = Price(150, 25, 175)
PRICES = {
    "AU": Price(170, 30, 180),
    "CA": Price(290, 30, 80),
    "CH": Price(290, 30, 40),
    "DK": Price(150, 180, 175),
    "GB": Price(150, 20, 175),
    "HK": Price(340, 235, 50),
    "JP": Price(360, 0, 0),
    "NO": Price(240, 200, 85),
    "NZ": Price(265, 30, 80),
    "PL": Price(150, 100, 175),
    "SE": Price(150, 180, 175),
    "SG": Price(340, 50, 50),
    "US": Price(290, 30, 150),
    **dict.fromkeys("AT BE CY DE EE ES FI FR GR IE IT LT LU LV MT NL PT SI SK".split(), _EURO),
}


def price_of(country: str | None, card: str | None) -> Price:
    """The price in a platform's country, for a card of a country; the flat one where no country is given or known."""
    if country not in PRICES:
        return FLAT
    price = PRICES[country]
    return price._replace(rate=price.rate + _surcharge(country, card, price.abroad))


def _surcharge(country: str, card: str | None, abroad: int) -> int:
    """The part that a card of another country costs more, in hundredths of a percent."""
    places = {"EEA" if one in EEA else one for one in (country, card or country)}
    if len(places) == 1:
        return 0
    return min(NEAR, abroad) if places == {"EEA", "GB"} else abroad


def processing_fee(amount: int, rounding: str, price: Price = FLAT) -> int:
    """The fee of a charge, in minor units. How it is rounded, Stripe does not say."""
    return (amount * price.rate + ROUNDING[rounding]) // 10_000 + price.fixed
