"""Two registrations of one coach at once: one account, and nothing is left of the other."""

from __future__ import annotations

from tests.builders import Marketplace
from tests.money.workers import Meanwhile


def accounts_of(market: Marketplace, coach_id: str = "coach-1") -> list[str]:
    """The ids of the accounts that stand at Stripe for a coach."""
    return [one["id"] for one in market.all("accounts") if one["metadata"].get("coachId") == coach_id]


def test_the_account_that_lost_the_race_is_closed(market: Marketplace) -> None:
    """Before any call of the one registration, another finishes, under another name of the coach."""
    calls = 0
    market.forget_calls()
    market.register("coach-0")
    calls = len(market.calls())
    assert calls > 4

    for call in range(1, calls):
        coach = f"coach-{call}"
        with market.line.watched(Meanwhile(call, lambda coach=coach: market.register(coach, coachName="Dee"))):  # type: ignore[misc]
            answered = market.register(coach)

        assert accounts_of(market, coach) == [answered], call
