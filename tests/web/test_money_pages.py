"""The list of payments by what they mean, statements as a page, and what can be done beside a payment's picture."""

from __future__ import annotations

import html
import re

import pytest

from tests.builders import Marketplace
from tests.money.statement_rows import rows_of


def _list(market: Marketplace, query: str = "", status: int = 200) -> str:
    answer = market.http.get(f"/money{query}")
    assert answer.status_code == status
    return html.unescape(answer.text)


def test_abandoned_carts_are_apart(market: Marketplace) -> None:
    """They are no payments; whoever wants can open them."""
    cart, paid = str(market.buy()["id"]), market.paid()
    market.deliver()

    page = _list(market)
    groups, carts = page.split("<details", 1)

    assert (paid in groups, cart in groups) == (True, False)
    assert cart in carts
    assert "1 cart that nobody paid" in carts


def test_a_row_has_coach_player_date_and_what_is_kept(market: Marketplace) -> None:
    """Enough to find a payment that somebody asks about."""
    market.paid(playerName="Pat", coachName="Dana Reyes")
    market.deliver()

    page = _list(market)

    for shown in ("Dana Reyes", "Pat", "2 Nov 2026, 15:00 UTC", "47.25 CAD", "42.52 CAD kept", "Kept for the coach"):
        assert shown in page


@pytest.mark.parametrize("query", ["coach-2", "pi", "pat@example.com", "4444"])
def test_a_payment_is_found_by_what_somebody_has_in_hand(market: Marketplace, query: str) -> None:
    """A coach, an id, an email, a card's last digits; and the page says how far it looked."""
    other = market.paid()
    intent = market.buy("coach-2", customerEmail="pat@example.com")
    market.pay(intent, "pm_card_mastercard")
    market.clock.advance(600)

    page = _list(market, f"?q={intent['id'] if query == 'pi' else query}")

    assert (intent["id"] in page, other in page) == (True, False)
    assert "Looked for" in page


@pytest.mark.parametrize(
    ("query", "found"), [("?from=2026-11-03", [1]), ("?to=2026-11-02", [0]), ("?from=2026-11-02&to=2026-11-03", [0, 1])]
)
def test_days_are_whole_and_in_utc(market: Marketplace, query: str, found: list[int]) -> None:
    """Both days are included."""
    payments = [market.paid()]
    market.clock.advance(86_400)
    payments.append(market.paid())

    page = _list(market, query)

    assert [number for number, payment in enumerate(payments) if payment in page] == found


@pytest.mark.parametrize("query", ["?from=yesterday", "?to=2026-13-01", "?from=2026-11-2x"])
def test_a_day_that_is_none_is_said(market: Marketplace, query: str) -> None:
    """A page in words, not a blank one."""
    assert "must be written like 2026-11-02" in _list(market, query, 400)


def test_older_ones_are_a_page_further(market: Marketplace) -> None:
    """Twenty-five at a time."""
    payments = [market.paid() for _ in range(27)]

    first = _list(market)
    further = re.findall(r'href="(\?after=[^"]+)"', first)
    second = _list(market, further[0])

    assert sum(payment in first for payment in payments) == 25
    assert [payment for payment in payments if payment in second] == payments[:2]
    assert "?after=" not in second


def test_nothing_sold_and_nothing_found_are_told_apart(market: Marketplace) -> None:
    """One leads to the shop, the other back to everything."""
    assert "Nobody has paid anything yet." in _list(market)
    assert "No payment was found." in _list(market, "?q=coach-9")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>'])
def test_names_and_queries_are_text(market: Marketplace, name: str) -> None:
    """Whoever chose them."""
    market.paid(playerName=name, coachName=name)
    raw = market.http.get("/money", query_string={"q": name}).text + market.http.get("/money").text

    assert "<script>alert" not in raw
    assert "<img" not in raw


def test_a_foreign_payment_is_not_listed(market: Marketplace) -> None:
    """Another program of the same Stripe account sold it."""
    foreign = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"}).id

    assert foreign not in _list(market)


def test_a_damaged_payment_does_not_hide_the_others(market: Marketplace) -> None:
    """It stands in a group of its own, for a person."""
    whole, damaged = market.paid(), market.paid()
    market.stripe.v1.payment_intents.update(damaged, {"metadata": {"clips": ""}})

    page = _list(market)

    assert page.index("It cannot be told") < page.index(damaged) < page.index(whole)


def _statement(market: Marketplace, query: str = "?month=2026-11") -> str:
    return html.unescape(market.http.get(f"/money/statement{query}").text)


def test_the_statement_page_has_the_sums_and_lines_of_the_file(market: Marketplace) -> None:
    """The page, the file it leads to, and the command read the same books."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, 1000)
    market.deliver()

    page = _statement(market)
    file = market.http.get("/money/statement.csv?month=2026-11")

    assert [line.count(",") for line in file.text.splitlines()] == [16] * (1 + len(rows_of(market)))
    assert file.headers["Content-Disposition"] == 'attachment; filename="statement-2026-11.csv"'
    assert (file.mimetype, file.headers["Cache-Control"]) == ("text/csv", "no-store")
    for row in rows_of(market):
        assert f"{row['amount']} CAD" in page
    for said in (
        "Sales",
        "Refunds",
        "Transfers to coaches",
        "Taken back from coaches",
        "Stays with the platform",
        "UTC",
    ):
        assert said in page


def test_the_statement_of_one_coach_says_what_was_read(market: Marketplace) -> None:
    """Of the platform's month."""
    market.paid()
    market.clock.advance(600)

    page = _statement(market, "?month=2026-11&coach=coach-1")

    assert "Of the coach coach-1." in page
    assert "Read of the platform's month" in page
    assert "Stays with the platform" not in page


def test_an_empty_month_is_said_and_without_a_month_it_is_this_one(market: Marketplace) -> None:
    """By the machine's clock, in UTC."""
    assert "Nothing was booked in this month." in _statement(market, "?month=2026-09")
    assert "Statement of 2026-11" in _statement(market, "")


@pytest.mark.parametrize("path", ["/money/statement", "/money/statement.csv"])
def test_a_bad_month_is_a_page_that_says_so(market: Marketplace, path: str) -> None:
    """Not a trace."""
    answer = market.http.get(f"{path}?month=2026-13")

    assert (answer.status_code, "a month such as 2026-11" in answer.text) == (400, True)
