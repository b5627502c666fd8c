"""The name on the card statement: the platform's own, read once in a while, and never in the way."""

from __future__ import annotations

from typing import Any

from backend.services.purchases.statement_names import StatementNames
from tests.builders import Marketplace


def names(market: Marketplace) -> StatementNames:
    """A reader with nothing remembered."""
    return StatementNames(market.stripe, market.clock.now)


def asked(market: Marketplace) -> int:
    """The number of times that Stripe was asked for the account."""
    return sum(call.path == "/v1/account" for call in market.sandbox.requests)


def test_the_name_is_the_one_that_the_charge_will_have(market: Marketplace) -> None:
    """The page promises what the statement shows."""
    name = names(market).read()
    payment = market.paid()

    charge: Any = market.stripe.v1.charges.retrieve(market.charge(payment))
    assert name
    assert name == charge.calculated_statement_descriptor


def test_stripe_is_asked_once_in_ten_minutes(market: Marketplace) -> None:
    """Every visitor of a page would be a call otherwise."""
    reader = names(market)
    for _ in range(3):
        reader.read()
    assert asked(market) == 1

    market.clock.advance(600)
    reader.read()
    assert asked(market) == 2


def test_a_stripe_that_does_not_answer_leaves_the_name_out(market: Marketplace) -> None:
    """The shop sells without it, and does not ask again for every visitor."""
    reader = names(market)
    market.fault("GET", "/v1/account", "before", "server_error", times=10)

    assert (reader.read(), reader.read()) == (None, None)
    asks = asked(market)
    market.clock.advance(599)
    assert (reader.read(), asked(market)) == (None, asks)
