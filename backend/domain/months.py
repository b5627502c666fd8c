"""A month of the calendar, in UTC: the time that a statement covers. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_FORM = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
# Before Stripe there are no books; the last year is one that Python can still add a month to.
_FIRST_YEAR, _LAST_YEAR = 2010, 9_998


class MonthError(ValueError):
    """A text that names no month."""


@dataclass(frozen=True, order=True)
class Month:
    """One month. ``start`` and ``end`` are unix seconds; the end is the first second that is not in it any more."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Month:
        """The month that ``2026-11`` names. Raises ``MonthError``."""
        match = _FORM.fullmatch(text.strip())
        if match is None or not 1 <= int(match[2]) <= 12 or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
            raise MonthError("must be a month such as 2026-11: the year, a hyphen, and 01 to 12")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, at: int) -> Month:
        """The month of a unix second."""
        day = datetime.fromtimestamp(at, UTC)
        return cls(day.year, day.month)

    @property
    def next(self) -> Month:
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        """The month before it."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    @property
    def start(self) -> int:
        """The first second of its first day, 00:00:00 UTC."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp())

    @property
    def end(self) -> int:
        """The first second of the next month."""
        return self.next.start

    def contains(self, at: int) -> bool:
        """True if the unix second is in it."""
        return self.start <= at < self.end

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"
