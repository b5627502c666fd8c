"""Statements: the CSV of a month equals what the world's events say, to the cent."""

from __future__ import annotations

import csv
import io
import math
import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.months import Month
from backend.services import Services
from backend.services.statements.output import statement_csv
from tests.builders import Marketplace

NOVEMBER = Month.read("2026-11")
_DAY = 86_400
# Of the default catalogue: badminton 1, 2, 3 and a subscription, in cents.
_PRICES = {1: 4725, 2: 5400, 3: 6075, None: 9450}
_DISPUTE_FEE = 1_500


def _services(market: Marketplace) -> Services:
    services: Services = market.app.extensions["payments"]
    return services


def rows_of(market: Marketplace, month: Month = NOVEMBER, coach: str | None = None) -> list[dict[str, str]]:
    """The lines of a statement as a program reads them from its CSV."""
    text = statement_csv(_services(market).statements.read(month, coach))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def cents(text: str) -> int:
    """``-47.25`` as minor units."""
    return int(text.replace(".", "")) if text else 0


def sums(rows: list[dict[str, str]]) -> Counter[str]:
    """The amounts by kind, and Stripe's fees, in cents."""
    found: Counter[str] = Counter()
    for row in rows:
        found[row["kind"]] += cents(row["amount"])
        found["fees"] += cents(row["stripe_fee"])
    return Counter({kind: amount for kind, amount in found.items() if amount})


def _stripe_fee(price: int) -> int:
    """Stripe's 2.9% and 30 cents, rounded half up."""
    return math.floor(price * 29 / 1000 + 0.5) + 30


class World:
    """A town that buys, refunds and disputes, and writes down what each event moves, by the month it happens in."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        # The last hours of October: what follows falls into three months.
        start = NOVEMBER.start - self.dice.randrange(2 * _DAY, 6 * _DAY)
        self.market = Marketplace(now=start)
        self.moved: dict[str, Counter[str]] = {}
        self.paid: dict[str, int] = {}
        self.left: dict[str, int] = {}
        self.disputed: dict[str, tuple[str, int]] = {}
        for coach in ("coach-1", "coach-2"):
            self.market.ready_coach(coach)

    def live(self, steps: int) -> None:
        """So many things happen, hours or days apart; in between the webhooks come."""
        for _ in range(steps):
            self.market.clock.advance(self.dice.randrange(3_600, 3 * _DAY))
            self.dice.choice(
                [self._buy, self._buy, self._buy, self._refund, self._dispute, self._decide, self._pay_out]
            )()
            self.market.deliver()

    def _note(self, kind: str, amount: int, fee: int = 0) -> None:
        month = str(Month.of(self.market.clock.now()))
        books = self.moved.setdefault(month, Counter())
        books[kind] += amount
        books["fees"] += fee

    def _buy(self) -> None:
        package = self.dice.choice(list(_PRICES))
        kind = "package" if package else "subscription"
        coach = self.dice.choice(["coach-1", "coach-2", "coach-late"])
        intent = self.market.buy(coach, packageType=kind, packageId=package)
        self.market.pay(intent, self.dice.choice(["pm_card_visa", "pm_card_bypassPending"]))
        price = _PRICES[package]
        self.paid[intent["id"]] = self.left[intent["id"]] = price
        self._note("sale", price, _stripe_fee(price))

    def _refund(self) -> None:
        open_ones = [one for one, left in self.left.items() if left and one not in self.disputed]
        if not open_ones:
            return
        payment = self.dice.choice(open_ones)
        amount = self.dice.choice([self.left[payment], self.dice.randint(1, self.left[payment])])
        self.market.refund_in_dashboard(payment, amount)
        self.left[payment] -= amount
        self._note("refund", -amount)

    def _dispute(self) -> None:
        open_ones = [one for one, left in self.left.items() if left and one not in self.disputed]
        if not open_ones:
            return
        payment = self.dice.choice(open_ones)
        self.disputed[payment] = (self.market.dispute(payment), self.left[payment])
        self._note("dispute", -self.left[payment], _DISPUTE_FEE)
        self.left[payment] = 0

    def _decide(self) -> None:
        if not self.disputed:
            return
        payment = self.dice.choice(list(self.disputed))
        dispute, amount = self.disputed.pop(payment)
        if self.dice.random() < 0.5:
            self.market.control("POST", f"/disputes/{dispute}/win")
            self._note("dispute_returned", amount, -_DISPUTE_FEE)
        else:
            self.market.control("POST", f"/disputes/{dispute}/lose")

    def _pay_out(self) -> None:
        """The platform sends some of its money to its own bank."""
        there = self.market.available()
        if there > 0:
            amount = self.dice.randint(1, there)
            self.market.stripe.v1.payouts.create({"amount": amount, "currency": "cad"})
            self._note("payout", -amount)

    def of_coaches(self, month: Month) -> Counter[str]:
        """The money sent to coaches and taken back, by the transfers and reversals that say so."""
        found: Counter[str] = Counter()
        for transfer in self.market.all("transfers"):
            if month.contains(transfer["created"]):
                found["transfer"] -= transfer["amount"]
            for reversal in self.market.all(f"transfers/{transfer['id']}/reversals"):
                if month.contains(reversal["created"]):
                    found["transfer_back"] += reversal["amount"]
        return found


@pytest.mark.parametrize("seed", range(6))
def test_a_random_months_sums_are_those_of_the_worlds_events(seed: int) -> None:
    """Sales, fees, refunds, disputes, transfers and payouts, in every month that the world lived through."""
    world = World(seed)
    world.live(40)

    for text, books in world.moved.items():
        month = Month.read(text)
        expected = Counter(books)
        expected.update(world.of_coaches(month))
        assert sums(rows_of(world.market, month)) == {kind: cents for kind, cents in expected.items() if cents}, text


@pytest.mark.parametrize("seed", range(6))
def test_the_statements_of_all_months_explain_the_platforms_whole_balance(seed: int) -> None:
    """The net of every line together is what the platform has now, available and pending."""
    world = World(seed)
    world.live(30)
    market = world.market

    months = [Month.read(text) for text in ("2026-10", "2026-11", "2026-12", "2027-01", "2027-02", "2027-03")]
    net = sum(cents(row["net"]) for month in months for row in rows_of(market, month))

    balance: Any = market.stripe.v1.balance.retrieve()
    assert net == sum(entry.amount for entry in (*balance.available, *balance.pending))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("coach", ["coach-1", "coach-2", "coach-late"])
def test_one_coachs_lines_are_those_of_all_coaches(seed: int, coach: str) -> None:
    """Found in another way, the same lines to the byte; and the coach's own payouts beside them."""
    world = World(seed)
    world.live(30)
    world.market.clock.advance(600)  # Search lags

    whole = [row for row in rows_of(world.market) if row["coach_id"] == coach]
    own = rows_of(world.market, coach=coach)

    assert [row for row in own if row["books"] == "platform"] == whole
    payouts = [row for row in own if row["books"] != "platform"]
    assert {row["kind"] for row in payouts} <= {"payout", "payout_returned"}


def test_a_coachs_payouts_are_in_the_coachs_statement(market: Marketplace) -> None:
    """From the coach's own books, with the account."""
    account = market.ready_coach()
    market.pay(market.buy(), "pm_card_bypassPending")
    market.deliver()
    market.clock.advance(2 * _DAY)

    payouts = [row for row in rows_of(market, coach="coach-1") if row["kind"] == "payout"]

    assert [(row["amount"], row["books"], row["account"]) for row in payouts] == [("-42.52", account, account)]


@pytest.mark.parametrize(("second", "month"), [(-1, "2026-10"), (0, "2026-11")])
def test_a_month_begins_at_midnight_utc(second: int, month: str) -> None:
    """A sale of the last second of October is October's, one of the next second November's."""
    market = Marketplace(now=NOVEMBER.start + second)
    market.paid()

    for text in ("2026-10", "2026-11"):
        sales = [row["amount"] for row in rows_of(market, Month.read(text)) if row["kind"] == "sale"]
        assert sales == (["47.25"] if text == month else [])


def test_a_sale_says_who_bought_what_and_how_it_is_divided(market: Marketplace) -> None:
    """With the ids that lead to Stripe's own objects."""
    market.ready_coach()
    payment = market.paid(playerName="Pat", playerId="p-7", coachName="Dana")
    market.deliver()

    sale, transfer = rows_of(market)

    assert (sale["kind"], sale["coach_id"], sale["coach_name"], sale["player"]) == ("sale", "coach-1", "Dana", "Pat")
    assert (sale["bought"], sale["payment"], sale["object"]) == ("badminton package 1", payment, market.charge(payment))
    assert (sale["platform_fee"], sale["coach_share"]) == ("4.73", "42.52")
    assert (transfer["kind"], transfer["player"], transfer["payment"]) == ("transfer", "Pat", payment)
    assert (transfer["platform_fee"], transfer["coach_share"]) == ("", "")
    assert sale["time_utc"] == f"{datetime.fromtimestamp(market.clock.now(), UTC):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_name_is_no_formula(market: Marketplace, name: str) -> None:
    """A player or coach chose it; the operator opens it in a spreadsheet."""
    market.paid(playerName=name)

    assert rows_of(market)[0]["player"] == f"'{name}"


def test_the_payment_of_another_program_is_none_of_the_sales(market: Marketplace) -> None:
    """It is in the same books, so it is a line; but no coach's."""
    foreign = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    market.pay({"id": foreign.id, "client_secret": foreign.client_secret})

    assert [(row["kind"], row["amount"], row["coach_id"]) for row in rows_of(market)] == [("other", "5.00", "")]


def test_a_payment_of_the_node_backend_is_a_sale(market: Marketplace) -> None:
    """Its metadata says what was sold, and by whom; one coach's statement finds it too."""
    market.ready_coach()
    market.node_payment()
    market.clock.advance(600)

    for rows in (rows_of(market), rows_of(market, coach="coach-1")):
        assert [(row["kind"], row["amount"], row["coach_id"]) for row in rows] == [("sale", "47.25", "coach-1")]


def test_a_damaged_payment_is_still_a_sale(market: Marketplace) -> None:
    """The books do not lose it."""
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": ""}})

    assert [(row["kind"], row["coach_id"], row["platform_fee"]) for row in rows_of(market)] == [("sale", "coach-1", "")]


def test_all_coaches_cost_a_call_for_fifty_lines_at_most(market: Marketplace) -> None:
    """However many coaches there are."""
    for number in range(6):
        market.ready_coach(f"coach-{number}")
    for number in range(60):
        market.pay(market.buy(f"coach-{number % 6}"))
    market.deliver()
    market.forget_calls()

    lines = len(rows_of(market))

    assert lines == 120
    assert len(market.calls()) <= lines / 50


def test_one_coach_says_what_was_read_of_the_platforms_month(market: Marketplace) -> None:
    """The refunds of all coaches had to be looked through for those of one."""
    first, second = market.paid("coach-1"), market.paid("coach-2")
    for payment in (first, second):
        market.refund_in_dashboard(payment, 100)
    market.clock.advance(600)

    found = _services(market).statements.read(NOVEMBER, "coach-1")

    assert any("its 2 lines of refunds, disputes and money that came back" in text for text in found.remarks)
    assert [str(line.kind) for line in found.lines] == ["sale", "refund"]


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
