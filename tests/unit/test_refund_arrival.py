"""The days on which a refund arrives: those that banks work."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from backend.domain.refund_arrival import arrival_of


def unix(text: str) -> int:
    """The unix second of an ISO time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("refunded", "first", "last"),
    [
        ("2026-11-25T10:00:00", date(2026, 12, 2), date(2026, 12, 9)),  # a Wednesday
        ("2026-11-27T23:59:59", date(2026, 12, 4), date(2026, 12, 11)),  # a Friday, in its last second
        ("2026-11-28T00:00:00", date(2026, 12, 4), date(2026, 12, 11)),  # a Saturday: the week begins on Monday
        ("2026-11-29T12:00:00", date(2026, 12, 4), date(2026, 12, 11)),  # a Sunday
        ("2026-12-28T12:00:00", date(2027, 1, 4), date(2027, 1, 11)),  # over a year's end
    ],
)
def test_a_refund_arrives_five_to_ten_business_days_later(refunded: str, first: date, last: date) -> None:
    """Saturdays and Sundays do not count."""
    assert arrival_of(unix(refunded)) == (first, last)


def test_every_arrival_is_a_working_day_and_late_enough() -> None:
    """For each day of a year: never on a weekend, and never sooner than the same weekday a week later."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for offset in range(366):
        day = start + timedelta(days=offset)
        first, last = arrival_of(int(day.timestamp()))
        assert first.weekday() < 5
        assert last.weekday() < 5
        assert (first - day.date()).days in (5, 6, 7)
        assert (last - first).days == 7
