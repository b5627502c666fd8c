"""Answers of Stripe's without a ``Date``: nothing is decided by this machine's clock, and the long way pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from backend.services.errors import Undecided
from tests.builders import Marketplace
from tests.money.workers import ObservedStripe

HOUR = 3_600


class Dateless(ObservedStripe):
    """The line through a proxy that takes the ``Date`` away."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **rest: Any
    ) -> Any:
        """One call; its answer bears no time."""
        body, status, given = super().request(method, url, headers, post_data, **rest)
        return body, status, type(given)({name: value for name, value in given.items() if name.lower() != "date"})


@pytest.fixture
def dateless(market: Marketplace) -> Marketplace:
    """A marketplace whose backend never hears what time it is at Stripe."""
    market.line = Dateless(market.sandbox)
    market.app = market.another_backend()
    market.http = market.app.test_client()
    return market


def test_a_payment_is_paid_by_the_long_way(dateless: Marketplace) -> None:
    """The fast path needs Stripe's time: the lists are read first."""
    dateless.ready_coach()
    payment = dateless.paid()
    dateless.forget_calls()

    assert dateless.send(dateless.event("payment_intent.succeeded")) == 200

    assert dateless.held(payment) == 4252
    assert dateless.calls().count("GET /v1/transfers") >= 2


def test_a_stored_500_is_never_taken_for_old(dateless: Marketplace) -> None:
    """However long it takes: one that comes true late is the only one."""
    dateless.ready_coach()
    payment = dateless.paid()
    late: Any = {"status": 500, "cache": True, "late": 5 * HOUR}
    dateless.fault("POST", "/v1/transfers", "before", late)

    for _ in range(3):
        with pytest.raises(Undecided):
            dateless.settle(payment)
        dateless.clock.advance(HOUR)
    dateless.clock.advance(3 * HOUR)
    dateless.settle(payment)

    assert dateless.held(payment) == 4252


def test_a_coach_who_becomes_ready_is_paid(dateless: Marketplace) -> None:
    """The hold does not need the time."""
    account = dateless.register()
    payment = dateless.paid()
    dateless.deliver()
    dateless.clock.advance(25 * HOUR)

    dateless.onboard(account)
    dateless.deliver()

    assert (dateless.held(payment), dateless.note(payment)) == (4252, None)


def test_the_sweep_finds_what_no_event_came_for(dateless: Marketplace) -> None:
    """It looks at everything, for it cannot know since when."""
    dateless.ready_coach()
    payment = dateless.paid()

    dateless.reconcile()

    assert dateless.held(payment) == 4252
