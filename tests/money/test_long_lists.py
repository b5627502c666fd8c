"""Lists of more than a page: a decision on part of a list is wrong."""

from __future__ import annotations

from tests.builders import Marketplace


def test_more_refunds_than_a_page_are_all_counted(market: Marketplace) -> None:
    """101 of ten cents each: the share is that of what is left."""
    market.ready_coach()
    payment = market.paid()
    for _ in range(101):
        market.refund_in_dashboard(payment, 10)

    market.settle(payment)

    assert market.held(payment) == 3715 - 372
