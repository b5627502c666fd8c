"""Whatever happens, in whatever order, however often, whoever dies in between: the money is right."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from tests.money.properties.rest import Rest
from tests.money.properties.stage import COACHES
from tests.money.properties.trouble import switches


class Market(Rest):
    """A marketplace in which everything happens that can."""

    @initialize(
        percent=st.sampled_from(["10", "60"]),
        ready=st.sampled_from([COACHES, COACHES, COACHES[:1], []]),
        purchases=st.integers(1, 3),
        rich=st.booleans(),
        swept=st.booleans(),
        chosen=switches,
        kept=st.sampled_from([{}, {2: "on_delivery:4"}, {1: "on_delivery:3", 2: "after_days:2", 3: "on_delivery:20"}]),
    )
    def open_market(
        self,
        percent: str,
        ready: list[str],
        purchases: int,
        rich: bool,
        swept: bool,
        chosen: dict[str, Any],
        kept: dict[int, str],
    ) -> None:
        """At 10% Stripe itself refuses a second transfer of the same share; at 60% both would fit."""
        self.set_up(percent, kept)
        self.call_control("/behaviour", chosen)
        for coach in ready:
            self.market.ready_coach(coach)
        if rich:
            self.bring_funds()
        if swept:
            self.sweep()
        for number in range(purchases):
            self.buy(COACHES[number % 2], 1, None, "pm_card_visa")

    @invariant()
    def money_is_right(self) -> None:
        """At every moment."""
        if hasattr(self, "market"):
            self.check_always()

    def teardown(self) -> None:
        """Everything works again; then everything must be right."""
        if not hasattr(self, "market"):
            return
        try:
            self.come_to_rest()
            self.check_always()
            self.check_rest()
        finally:
            self.host.leave()


# ``make properties N=…`` sets how many histories are tried; those are random, the few of every run are not.
HISTORIES = int(os.environ.get("PROPERTIES", "0"))

TestMarket = Market.TestCase
TestMarket.settings = settings(
    max_examples=HISTORIES or 20,
    stateful_step_count=40,
    derandomize=not HISTORIES,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
