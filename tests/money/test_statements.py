"""Statements: the CSV of a month equals what the world's events say, to the cent."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import pytest

from backend.domain.months import Month
from tests.builders import Marketplace
from tests.money.statement_rows import NOVEMBER, rows_of

_DAY = 86_400


# Of the default catalogue: badminton 1, 2, 3 and a subscription, in cents.
_PRICES = {1: 4725, 2: 5400, 3: 6075, None: 9450}


_DISPUTE_FEE = 1_500


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
