"""Payouts come on the days that an account's schedule names, and on no other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

DAY = 86_400


def scheduled(platform: Platform, coach: str, **schedule: Any) -> stripe.Account:
    """Change when an account is paid out."""
    params: Any = {"settings": {"payouts": {"schedule": schedule}}}
    return platform.v1.accounts.update(coach, params)


def paydays(platform: Platform, coach: str, days: int) -> list[date]:
    """On which of the coming days a payout is made, when there is money on each."""
    for _ in range(days):
        platform.transfer(None, coach, 100)
        platform.clock.advance(DAY)
    payouts = platform.v1.payouts.list({"limit": 100}, {"stripe_account": coach}).data
    return sorted(datetime.fromtimestamp(payout.created, UTC).date() for payout in payouts)


@pytest.fixture
def coach(platform: Platform) -> str:
    """One who can be paid; the platform has money at hand. It is Monday, 2 November 2026."""
    platform.paid(10_000_000, card="pm_card_bypassPending")
    platform.v1.accounts.update(
        platform.v1.accounts.retrieve_current().id,
        {"settings": {"payouts": {"schedule": {"interval": "manual"}}}},
    )
    return platform.coach()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"interval": "daily"}, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
        ({"interval": "weekly", "weekly_anchor": "thursday"}, [5, 12]),
        ({"interval": "weekly", "weekly_payout_days": ["monday", "friday"]}, [6, 9, 13]),
        ({"interval": "monthly", "monthly_anchor": 7}, [7]),
        ({"interval": "monthly", "monthly_payout_days": [4, 14]}, [4, 14]),
        ({"interval": "manual"}, []),
    ],
    ids=str,
)
def test_payouts_come_on_the_days_of_the_schedule(
    platform: Platform, coach: str, schedule: dict[str, Any], expected: list[int]
) -> None:
    """Twelve days of November."""
    scheduled(platform, coach, **schedule)

    assert paydays(platform, coach, 12) == [date(2026, 11, day) for day in expected]


def test_a_day_that_the_month_does_not_have_is_its_last(platform: Platform, coach: str) -> None:
    """The 31st of November is the 30th."""
    scheduled(platform, coach, interval="monthly", monthly_anchor=31)

    assert paydays(platform, coach, 60) == [date(2026, 11, 30), date(2026, 12, 31)]


def test_a_new_schedule_overtakes_the_old_one(platform: Platform, coach: str) -> None:
    """In either direction, and what belonged to the old one is gone."""
    scheduled(platform, coach, interval="weekly", weekly_anchor="friday")
    platform.transfer(None, coach, 100)
    account = scheduled(platform, coach, interval="monthly", monthly_anchor=20)

    assert account.settings is not None
    assert account.settings.payouts is not None
    assert account.settings.payouts.schedule.to_dict() == {
        "delay_days": 2,
        "interval": "monthly",
        "monthly_anchor": 20,
    }
    assert paydays(platform, coach, 10) == []
    scheduled(platform, coach, interval="daily")
    assert paydays(platform, coach, 1) == [date(2026, 11, 13)]


@pytest.mark.parametrize("interval", ["weekly", "monthly"])
def test_a_schedule_needs_its_days(platform: Platform, coach: str, interval: str) -> None:
    """Stripe does not choose one."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        scheduled(platform, coach, interval=interval)

    assert (refused.value.code, refused.value.param) == (
        "parameter_missing",
        f"settings[payouts][schedule][{interval}_anchor]",
    )
    assert platform.v1.accounts.retrieve(coach).settings.payouts.schedule.interval == "daily"
