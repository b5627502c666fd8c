"""Rows as CSV that a spreadsheet can open without running what a stranger wrote. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

# A cell that begins so is a formula to a spreadsheet, in its full-width spelling too.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defused(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: with an apostrophe before it where it could be one.

    Spaces before the sign do not hide it: some programs take them away first.
    """
    return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(_FORMULA) else text


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """The rows below their head, lines ended as RFC 4180 says. Texts are defused; give numbers as ``Figure`` or int."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(cell) for cell in row])
    return target.getvalue()


class Figure(str):
    """A number that is written as it stands: nobody but this program chose it, so its minus is no formula."""

    __slots__ = ()


def _cell(cell: str | int) -> str | int:
    return cell if isinstance(cell, int | Figure) else defused(cell)
