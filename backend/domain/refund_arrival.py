"""The days on which a refund reaches the player's account."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

# https://docs.stripe.com/refunds: a card's refund is seen about five to ten business days later, by the bank.
FEWEST_BUSINESS_DAYS = 5
MOST_BUSINESS_DAYS = 10
_SATURDAY = 5


def arrival_of(refunded_at: int) -> tuple[date, date]:
    """Return the first and the last day (UTC) on which a refund of that unix second is to be expected."""
    day = datetime.fromtimestamp(refunded_at, UTC).date()
    return _business_days_after(day, FEWEST_BUSINESS_DAYS), _business_days_after(day, MOST_BUSINESS_DAYS)


def _business_days_after(day: date, count: int) -> date:
    """Count Monday to Friday. Holidays differ from bank to bank, and are not counted out."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day
