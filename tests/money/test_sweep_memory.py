"""A sweep's memory alone leads back to the unfinished, when the window has passed."""

from __future__ import annotations

from typing import Any

import pytest

from backend.webhooks import signals
from tests.builders import Marketplace
from tests.money.sweeping import report
from tests.routes.test_webhooks import heard

DAY = 86_400


def refuse(_sender: object, **_facts: Any) -> None:
    """A subscriber that is out of order."""
    raise KeyError("the host app's own")


@pytest.mark.parametrize("sweeps_that_fail", [1, 2])
def test_a_session_that_could_not_be_told_is_told_when_the_window_has_passed(
    market: Marketplace, sweeps_that_fail: int
) -> None:
    """The payment balances and is a day older than the window of the next sweep."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    for _ in range(sweeps_that_fail):
        market.clock.advance(DAY)
        with signals.session_opened.connected_to(refuse):
            assert report(market)["carried"] == [payment]
    market.clock.advance(DAY)

    with heard(signals.session_opened) as told:
        assert report(market)["carried"] == []
        market.clock.advance(DAY)
        report(market)

    assert [one["id"] for one in told] == [f"session_{payment[3:]}"]
