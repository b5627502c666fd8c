"""The list of payments by what they mean, statements as a page, and what can be done beside a payment's picture."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.builders import Marketplace
from tests.money.test_statements import rows_of
from tests.processes import backend_process, free_port_pair

_DAY = 86_400


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

    for shown in (
        "Dana Reyes",
        "Pat",
        "2 November 2026, 15:00 UTC",
        "47.25 CAD",
        "42.52 CAD kept",
        "Kept for the coach",
    ):
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
    market.clock.advance(_DAY)
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
    assert "Nothing was booked in September 2026." in _statement(market, "?month=2026-09")
    assert "Statement of November 2026" in _statement(market, "")


@pytest.mark.parametrize("path", ["/money/statement", "/money/statement.csv"])
def test_a_bad_month_is_a_page_that_says_so(market: Marketplace, path: str) -> None:
    """Not a trace."""
    answer = market.http.get(f"{path}?month=2026-13")

    assert (answer.status_code, "a month such as 2026-11" in answer.text) == (400, True)


class Beside:
    """The buttons beside a payment's picture, pressed as a browser presses them."""

    def __init__(self, port: int) -> None:
        self.shop, self.sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
        requests.post(f"{self.sandbox}/_sandbox/reset", timeout=30).raise_for_status()
        self.stripe = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": self.sandbox})

    def api(self, path: str, body: Any) -> Any:
        """A front end's call."""
        answer = requests.post(f"{self.shop}/api/{path}", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sold(self) -> str:
        """A payment whose coach has the share."""
        coach = {"coachId": "coach-1", "coachName": "Dana", "sport": "badminton"}
        account = self.api("connect/create-account", coach | {"email": "dana@example.com"})["account"]["id"]
        requests.post(f"{self.sandbox}/_sandbox/accounts/{account}/onboard", timeout=30).raise_for_status()
        intent = self.api("payments/create-intent", coach | {"packageType": "package", "packageId": 1})[
            "paymentIntent"
        ]["id"]
        pay = {"card": "pm_card_bypassPending"}
        requests.post(f"{self.sandbox}/_sandbox/payment_intents/{intent}/pay", json=pay, timeout=30).raise_for_status()
        self.press(intent, "mend")
        return str(intent)

    def press(self, payment: str, act: str, status: int = 200, **headers: str) -> str:
        """Press a button; answers with the page that it leads to."""
        answer = requests.post(f"{self.shop}/money/{payment}/do", data={"act": act}, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)

    def offered(self, payment: str) -> list[str]:
        """The buttons that a payment has now."""
        return re.findall(r'name="act" value="(\w+)"', requests.get(f"{self.shop}/money/{payment}", timeout=30).text)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A backend with its bundled sandbox, as `make run` starts it."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, Path(tmp_path_factory.mktemp("beside")) / "log"):
        yield port


@pytest.fixture
def beside(port: int) -> Beside:
    """In front of an empty platform."""
    return Beside(port)


def test_what_is_broken_is_felt_and_mended(beside: Beside) -> None:
    """The line to transfers is cut: the player is refunded all the same, the coach owes; then it is mended, and balances."""
    payment = beside.sold()
    assert "It balances" in beside.press(payment, "cut")

    page = beside.press(payment, "refund")
    assert "42.52 CAD is to come back from the coach." in page
    assert [refund.amount for refund in beside.stripe.v1.refunds.list().data] == [4725]

    assert "It balances: nothing of it is the coach's" in beside.press(payment, "mend")


@pytest.mark.parametrize(("how", "holds"), [("win", "4252"), ("lose", "0")])
def test_a_dispute_is_begun_and_decided(beside: Beside, how: str, holds: str) -> None:
    """While it is open its two ends are offered, and no second one."""
    payment = beside.sold()
    beside.press(payment, "dispute")
    assert {"win", "lose"} <= set(beside.offered(payment))
    assert not {"refund", "refund_part", "dispute"} & set(beside.offered(payment))

    beside.press(payment, how)
    beside.press(payment, "mend")

    held = sum(one.amount - one.amount_reversed for one in beside.stripe.v1.transfers.list().data)
    assert str(held) == holds


def test_a_part_is_refunded(beside: Beside) -> None:
    """Ten units, and the coach gives up the share of them."""
    payment = beside.sold()

    page = beside.press(payment, "refund_part")

    assert [refund.amount for refund in beside.stripe.v1.refunds.list().data] == [1000]
    assert "Refund a part of it: done." in page


def test_an_account_is_closed(beside: Beside) -> None:
    """Stripe says that the platform rejected it."""
    payment = beside.sold()
    beside.press(payment, "close")

    account = beside.stripe.v1.transfers.list().data[0].destination
    reason = beside.stripe.v1.accounts.retrieve(str(account)).requirements
    assert str(getattr(reason, "disabled_reason", "")).startswith("rejected.")


@pytest.mark.parametrize(("act", "seconds"), [("hour", 3_600), ("days", 2 * _DAY)])
def test_time_passes(beside: Beside, act: str, seconds: int) -> None:
    """The sandbox's, so that what waits for time can be seen."""
    payment = beside.sold()

    def now() -> int:
        return int(requests.get(f"{beside.sandbox}/_sandbox/clock", timeout=30).json()["now"])

    before = now()
    beside.press(payment, act)

    assert now() - before >= seconds


@pytest.mark.parametrize("act", ["win", "nothing", ""])
def test_what_is_not_offered_is_refused(beside: Beside, act: str) -> None:
    """A form can be sent by hand."""
    assert "cannot be done to the payment" in beside.press(beside.sold(), act, 409)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_sites_page_presses_nothing(beside: Beside, headers: dict[str, str]) -> None:
    """Any page that a developer visits can send a form here."""
    payment = beside.sold()

    beside.press(payment, "refund", 403, **headers)

    assert beside.stripe.v1.refunds.list().data == []


def test_with_real_keys_there_are_no_buttons(market: Marketplace) -> None:
    """Nothing is broken on purpose at Stripe itself."""
    payment = market.paid()
    app = market.another_backend(replace(market.settings, stripe_publishable_key="pk_test_x"))
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_secret_key="sk_test_x")
    client = app.test_client()

    assert 'name="act"' not in client.get(f"/money/{payment}").text
    assert client.post(f"/money/{payment}/do", data={"act": "refund"}).status_code == 404
