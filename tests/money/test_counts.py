"""Counts of settling: what waits, in whose favour, and what is counted for Prometheus."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from backend.domain.states import MoneyState
from tests.builders import Marketplace

WEEK = 7 * 86_400


def counted(name: str, **labels: str) -> float:
    """The counts of this process so far."""
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize("looks", [1, 2])
def test_a_hold_says_what_the_coach_is_owed(market: Marketplace, looks: int) -> None:
    """A hold says the owed amount when it is noted, and again while it stands."""
    payment = market.paid()

    settlement = [market.settle(payment) for _ in range(looks)][-1]

    assert (settlement.state, settlement.waits) == (MoneyState.HELD, 4252)


@pytest.mark.parametrize("looks", [1, 2])
def test_a_clawback_says_what_the_coach_owes(market: Marketplace, looks: int) -> None:
    """Negative, and less by what was taken back already; the transfers are told too."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(WEEK)
    market.refund_in_dashboard(payment, 1000)

    settlement = [market.settle(payment) for _ in range(looks)][-1]

    assert (settlement.state, settlement.waits) == (MoneyState.HELD, -900)
    assert [transfer.id for transfer in settlement.transfers] == [market.transfers(payment)[0].id]


def test_each_effect_is_counted_once(market: Marketplace) -> None:
    """In its currency and by its outcome; what is settled again moves, and counts, nothing."""
    market.ready_coach()
    names = ("payments_transfers_total", "payments_transferred_cents_total", "payments_taken_back_cents_total")
    before = [counted(name, currency="cad") for name in names]
    settled = counted("payments_settlements_total", state="settled")
    payment = market.paid()
    market.settle(payment)
    market.settle(payment)
    market.refund_in_dashboard(payment, 1000)
    market.settle(payment)

    after = [counted(name, currency="cad") for name in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 4252, 900]
    assert counted("payments_settlements_total", state="settled") - settled == 3
