"""Stripe's time is read from the ``Date`` of its answers, and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.stripe_time import stripes_time

MONDAY = "Mon, 02 Nov 2026 15:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "second"),
    [
        ({"Date": MONDAY}, 1_793_631_600),
        ({"date": MONDAY}, 1_793_631_600),
        ({"Date": "", "date": MONDAY}, 1_793_631_600),
        ({"Date": "Mon, 02 Nov 2026 16:00:00 +0100"}, 1_793_631_600),
        ({"Date": MONDAY, "date": "Thu, 01 Jan 1970 00:00:01 GMT"}, 1_793_631_600),
        (None, None),
        ({}, None),
        ({"Date": ""}, None),
        ({"Date": None}, None),
        ({"Date": "today"}, None),
        ({"Date": "Mon, 99 Nov 2026 15:00:00 GMT"}, None),
        ({"DATE": MONDAY}, None),
    ],
    ids=str,
)
def test_the_date_names_a_unix_second_or_none(headers: dict[str, Any] | None, second: int | None) -> None:
    """A text that is no date gives no time."""
    assert stripes_time(headers) == second
