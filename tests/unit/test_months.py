"""Months of the calendar, and CSV that a spreadsheet can open."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.csv_text import Figure, csv_text, defused
from backend.domain.months import Month, MonthError


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-13", "2026-00", "2026-1", "202611", "26-11", "2026-11-01", "1999-12", "9999-01", "２０２６-11"],
)
def test_a_text_that_names_no_month_is_refused(text: str) -> None:
    """The error says how a month is written."""
    with pytest.raises(MonthError, match="a month such as 2026-11"):
        Month.read(text)


@given(st.integers(1_262_304_000, 4_000_000_000))
def test_every_second_is_in_exactly_one_month(second: int) -> None:
    """The month of its date in UTC; neither its neighbour before nor the one after has it."""
    month, day = Month.of(second), datetime.fromtimestamp(second, UTC)

    assert str(month) == f"{day:%Y-%m}"
    assert (month.previous.contains(second), month.contains(second), month.next.contains(second)) == (
        False,
        True,
        False,
    )
    assert month.previous.end == month.start
    assert month.end == month.next.start
    assert Month.read(str(month)) == month


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "＋", "－", "＠"])
def test_no_text_begins_as_a_formula(sign: str) -> None:
    """A spreadsheet shows it instead of running it."""
    text = f'{sign}HYPERLINK("http://evil.example","Dana")'

    cell = next(csv.reader(io.StringIO(csv_text(["name"], [[text]]), newline=""), strict=True))
    rows = list(csv.reader(io.StringIO(csv_text(["name"], [[text]]), newline="")))

    assert cell == ["name"]
    assert rows[1] == [f"'{text}"]


@given(st.text())
def test_a_text_is_kept_but_for_the_apostrophe(text: str) -> None:
    """A program reads back the text, with at most one character before it."""
    assert defused(text) in (text, f"'{text}")


def test_a_figure_keeps_its_minus() -> None:
    """It is a number that no stranger wrote."""
    assert csv_text(["amount"], [[Figure("-47.25")]]) == "amount\r\n-47.25\r\n"
