"""Hours that pass, events that are lost, and what is at rest."""

from __future__ import annotations

from tests.builders import Marketplace
from tests.money.odd_money import share
from tests.money.sweeping import HOUR, swept


def lose_events(market: Marketplace) -> None:
    """From now on no webhook arrives."""
    rule = {"match": {"type": "*"}, "effect": "drop"}
    assert market.control("POST", "/delivery_rules", rule).status_code == 200


def sweep_hourly(market: Marketplace, hours: int) -> None:
    """Let hours pass, each with the default sweep at its end; none of them runs away."""
    for _ in range(hours):
        market.clock.advance(HOUR)
        market.forget_calls()
        swept(market)
        assert len(market.calls()) < 80, market.calls()


def held_of(market: Marketplace, payment: str) -> int:
    """All that was sent for the payment, by its source or by its name, and is not taken back."""
    charges = {one["id"] for one in market.all("charges") if one["payment_intent"] == payment}
    return sum(
        one["amount"] - one["amount_reversed"]
        for one in market.all("transfers")
        if one["source_transaction"] in charges
        or (not one["source_transaction"] and any(payment in text for text in one["metadata"].values()))
    )


def is_at_rest(market: Marketplace, payment: str, kept: int = 4725) -> None:
    """The share is held, nothing waits, and a further sweep writes nothing."""
    assert (held_of(market, payment), market.note(payment)) == (share(kept), None)
    market.forget_calls()
    swept(market)
    assert [call for call in market.calls() if not call.startswith("GET")] == []
