"""Days and moments in words: one form, whatever the machine's language."""

from __future__ import annotations

import locale
from datetime import date

import pytest

from backend.domain.days import spell_day, spell_day_of, spell_days, spell_moment, spell_month
from backend.domain.months import Month

NOW = 1_793_631_607  # 2 November 2026, 15:00:07 UTC


def test_each_precision_has_the_same_form() -> None:
    """The month in full, the year in four digits, and UTC named wherever there is a clock."""
    assert spell_month(Month(2026, 11)) == "November 2026"
    assert spell_day(date(2026, 11, 2)) == spell_day_of(NOW) == "2 November 2026"
    assert spell_moment(NOW) == "2 November 2026, 15:00 UTC"
    assert spell_moment(NOW, seconds=True) == "2 November 2026, 15:00:07 UTC"
    assert spell_day_of(0) == "1 January 1970"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 11, 9), date(2026, 11, 16), "9 and 16 November 2026"),
        (date(2026, 11, 27), date(2026, 12, 4), "27 November and 4 December 2026"),
        (date(2026, 12, 28), date(2027, 1, 4), "28 December 2026 and 4 January 2027"),
    ],
)
def test_two_days_name_once_what_they_share(first: date, last: date, said: str) -> None:
    """The month, and the year."""
    assert spell_days(first, last) == said


def test_the_machines_language_changes_no_month() -> None:
    """A server whose own language is another one spells them in English all the same."""
    others = [name for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8") if _speaks(name)]
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in others:
            locale.setlocale(locale.LC_TIME, name)
            assert spell_days(date(2026, 5, 31), date(2026, 6, 1)) == "31 May and 1 June 2026"
    finally:
        locale.setlocale(locale.LC_TIME, before)
    assert others


def _speaks(name: str) -> bool:
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_TIME, before)
    return True
