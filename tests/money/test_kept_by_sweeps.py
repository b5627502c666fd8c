"""A share that is kept balances for the sweep, is counted, and is done with once it was sent."""

from __future__ import annotations

from tests.builders import Marketplace
from tests.money.kept import (
    DEADLINE,
    SHARE,
    accept_work,
    reason_of,
    search_is_down,
    sweep_hourly,
)
from tests.money.sweeping import DAY, HOUR, report, swept

# The sum that is kept.


def test_an_unreleased_payment_balances_and_is_counted(either: Marketplace) -> None:
    """The sweep makes no call for it, and its report shows the sum that is kept."""
    for _ in range(3):
        either.paid()
    either.deliver()
    either.clock.advance(2 * DAY)
    either.reconcile()
    either.forget_calls()

    told = report(either)

    assert told["payments"] == []
    assert [(one["reason"], one["payments"], one["held"]) for one in told["waiting"]] == [("undelivered", 3, 3 * SHARE)]
    assert not [call for call in either.calls() if call.startswith("GET /v1/payment_intents/pi_")]


def test_the_first_sweep_notes_what_no_event_told_of(either: Marketplace) -> None:
    """So that it is found by Search, and shown."""
    payment = either.paid()

    either.reconcile()
    either.clock.advance(HOUR)
    again = swept(either)

    assert reason_of(either, payment) == "undelivered"
    assert (list(again.findings.kept), [one.payment_id for one in again.mended]) == ([payment], [])


def test_a_dry_run_says_that_an_unreleased_share_waits(either: Marketplace) -> None:
    """It owes nothing yet, so there is no work."""
    payment = either.paid()

    told = report(either, "--dry-run", payment)

    assert [(one["state"], one["reason"], one["moved"]) for one in told["payments"]] == [("held", "undelivered", 0)]


def test_a_released_share_is_done_with(either: Marketplace) -> None:
    """Accepted on day 1: on its deadline, Search down, no sweep looks at it again."""
    payment = either.paid()
    either.deliver()
    either.clock.advance(DAY)
    accept_work(either, payment)
    either.deliver()
    search_is_down(either)
    sweep_hourly(either, DEADLINE - HOUR)
    either.forget_calls()

    either.clock.set(DEADLINE + HOUR)
    either.reconcile()

    assert not [call for call in either.calls() if payment in call]
    assert either.held(payment) == SHARE
