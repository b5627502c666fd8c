"""Questions to Stripe's Search: a name that somebody chose is a value in them, and never a part of the question."""

from __future__ import annotations

import pytest

from tests.builders import Marketplace
from tests.routes.explained import ask

INJECTED = [
    'x" OR status:"succeeded',
    'x\\" OR status:\\"succeeded',
    "x' OR status:'succeeded",
    'x"] OR -metadata["y"]:null OR metadata["z"]:"',
    "*",
    '"',
    "\\",
]


@pytest.mark.parametrize("coach_id", INJECTED)
def test_a_coachs_id_asks_for_that_coach_alone(market: Marketplace, coach_id: str) -> None:
    """Though the id is written like a question: another's payment is not in the answer, and the coach's own is."""
    market.ready_coach()
    other = market.paid()
    own = market.paid(coach_id)
    market.deliver()
    market.clock.advance(120)

    told = ask(market, coach_id)

    assert own in str(told)
    assert other not in str(told)
    assert "Search gave 1," in str(told)  # the question was understood, and asked for nobody else


@pytest.mark.parametrize("coach_id", INJECTED)
def test_a_coach_who_becomes_ready_is_paid_for_that_coach_alone(market: Marketplace, coach_id: str) -> None:
    """The event looks for the coach's waiting payments by Search: those of another go on waiting."""
    other, own = market.paid(), market.paid(coach_id)
    market.deliver()
    account = market.register(coach_id, email="x@example.com")
    market.clock.advance(120)

    market.onboard(account)
    market.deliver()

    assert [str(one.destination) for one in market.transfers(own)] == [account]
    assert market.transfers(other) == []
