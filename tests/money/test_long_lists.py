"""Lists of more than a page: a decision on part of a list is wrong."""

from __future__ import annotations

from backend.domain.states import MoneyState
from tests.builders import Marketplace
from tests.money.wide_world import pay_by_hand, with_funds


def test_more_refunds_than_a_page_are_all_counted(market: Marketplace) -> None:
    """101 of ten cents each: the share is that of what is left."""
    market.ready_coach()
    payment = market.paid()
    for _ in range(101):
        market.refund_in_dashboard(payment, 10)

    market.settle(payment)

    assert market.held(payment) == 3715 - 372


def test_three_full_pages_of_a_coachs_transfers_are_looked_through(market: Marketplace) -> None:
    """One more would be left to the sweep."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    for _ in range(300):
        pay_by_hand(market, account, 1, metadata={"for": "none"})

    settlement = market.settle(payment)

    assert (settlement.state, settlement.moved) == (MoneyState.SETTLED, 4252)
