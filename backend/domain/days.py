"""Days and moments as every page and letter spells them: in one form, in English, in UTC. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime

from backend.domain.months import Month

DAY = 86_400
# Not the machine's own: a page is in one language.
_MONTHS = "January February March April May June July August September October November December".split()


def spell_month(month: Month) -> str:
    """Return ``November 2026``."""
    return f"{_MONTHS[month.number - 1]} {month.year}"


def spell_day(day: date) -> str:
    """Return ``9 November 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def spell_day_of(at: int) -> str:
    """Return the day of a unix second: ``9 November 2026``."""
    return spell_day(datetime.fromtimestamp(at, UTC))


def spell_days(first: date, last: date) -> str:
    """Return two days without what they share: ``9 and 16 November 2026``, ``27 November and 4 December 2026``."""
    if first.year != last.year:
        return f"{spell_day(first)} and {spell_day(last)}"
    start = f"{first.day}" if first.month == last.month else f"{first.day} {_MONTHS[first.month - 1]}"
    return f"{start} and {spell_day(last)}"


def spell_moment(at: int, *, seconds: bool = False) -> str:
    """Return a unix second as ``9 November 2026, 15:00 UTC``. ``seconds``: with ``15:00:07``."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{spell_day(moment)}, {moment:%H:%M:%S} UTC" if seconds else f"{spell_day(moment)}, {moment:%H:%M} UTC"


def stamp_minute(at: int) -> str:
    """Return a unix second as ``2026-11-09 15:00 UTC``: in terminals, where lines are sorted and cut."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
