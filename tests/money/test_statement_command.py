"""``flask statements``: CSV and its sums, or one sentence that says what is wrong."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.builders import Marketplace


def _run(market: Marketplace, *words: str) -> Any:
    return market.app.test_cli_runner().invoke(args=["statement", *words])


def test_the_command_writes_csv_and_says_the_sums_beside_it(market: Marketplace) -> None:
    """The CSV alone goes to standard output."""
    market.ready_coach()
    market.paid()
    market.deliver()

    result = _run(market, "--month", "2026-11")

    assert result.exit_code == 0
    assert [row["kind"] for row in csv.DictReader(io.StringIO(result.stdout, newline=""))] == ["sale", "transfer"]
    for said in (
        "Sales: 1, 47.25 CAD, Stripe's fee 1.67 CAD",
        "Transfers to coaches: 1, -42.52 CAD",
        "UTC",
        "not over",
    ):
        assert said in result.stderr
    assert "Stays with the platform: 3.06 CAD" in result.stderr


@pytest.mark.parametrize(("month", "said"), [("2026-09", "Nothing was booked"), ("2027-09", "has not begun")])
def test_an_empty_month_says_so(market: Marketplace, month: str, said: str) -> None:
    """With the head of the CSV, so that a program reads no lines and not an error."""
    result = _run(market, "--month", month)

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert said in result.stderr


@pytest.mark.parametrize("words", [("--month", "2026-13"), ("--month", "november"), ()])
def test_a_bad_month_is_a_clear_error(market: Marketplace, words: tuple[str, ...]) -> None:
    """With the form that is meant; nothing is asked of Stripe."""
    market.forget_calls()
    result = _run(market, *words)

    assert result.exit_code == 2
    assert "2026-11" in result.stderr or "--month" in result.stderr
    assert market.calls() == []


def test_a_stripe_that_is_down_is_a_sentence(market: Marketplace) -> None:
    """And no half of a CSV."""
    market.sandbox.faults.add(match={"method": "GET"}, stage="before", effect="server_error")

    result = _run(market, "--month", "2026-11")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Run this again in a minute" in result.stderr
