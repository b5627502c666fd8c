"""Many shares that are kept, with Search down and every event lost: none is sent early, none late.

``make kept N=10000`` sells more than every run does.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from random import Random
from typing import Any

from backend.config.settings import DEFAULT_CATALOGUE
from backend.domain.catalogue import parse_catalogue
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.kept import GRACE, accept_work, deliver_work, keep_payouts, search_is_down
from tests.money.properties.books import TrueBooks
from tests.money.sweeping import DAY, HOUR

_MANY = int(os.environ.get("KEPT", "0")) or 150
_COACHES = 10
_SWEEP_EVERY = 6 * HOUR
_SOLD_WITHIN = 12 * DAY
# By package: what it keeps, and for how many days.
_TERMS = {1: ("on_delivery", 14), 2: ("after_days", 7), 3: ("on_delivery", 21)}


class _Sold:
    """One sale as the world knows it. ``release``: from when it may be sent; ``deadline``: by when it must."""

    def __init__(self, payment: str, paid_at: int, package: int, price: int) -> None:
        self.payment, self.package, self.price, self.refunded = payment, package, price, 0
        self.kind, days = _TERMS[package]
        self.release = self.deadline = paid_at + days * DAY

    @property
    def share(self) -> int:
        """The share of what is left: less a tenth, which is rounded half up."""
        left = self.price - self.refunded
        return left - (left * 10 + 50) // 100


class _Season:
    """Weeks of selling and sweeping. Only the sweep ever pays: no event arrives."""

    def __init__(self, many: int) -> None:
        document: Any = tomllib.loads(DEFAULT_CATALOGUE.read_text())
        for package, (kind, days) in _TERMS.items():
            document["packages"][str(package)]["release"] = f"{kind}:{days}"
        self.market = Marketplace(now=NOW, catalogue=parse_catalogue(document, None, GRACE))
        keep_payouts(self.market)
        for number in range(_COACHES):
            self.market.ready_coach(f"coach-{number}")
        search_is_down(self.market, times=1_000_000)
        self.random = Random(17)
        self.waiting: dict[str, _Sold] = {}
        self.early: list[str] = []
        self.late: list[str] = []
        self.paid = 0
        self._left = many
        self._each_round = -(-many * _SWEEP_EVERY // _SOLD_WITHIN)

    def play(self) -> None:
        """Sell, let people act, sweep; until nothing waits any more."""
        while self._left or self.waiting:
            for _ in range(min(self._left, self._each_round)):
                self._sell()
            self._act()
            self.market.clock.advance(_SWEEP_EVERY)
            self.market.reconcile()
            self._look()

    def _sell(self) -> None:
        package = self.random.choice(list(_TERMS))
        coach = f"coach-{self.random.randrange(_COACHES)}"
        payment = self.market.paid(coach, packageId=package)
        price = {1: 4725, 2: 5400, 3: 6075}[package]
        self.waiting[payment] = _Sold(payment, self.market.clock.now(), package, price)
        self._left -= 1

    def _act(self) -> None:
        """Some coaches deliver, some players accept, some are refunded in part."""
        for sold in self.random.sample(list(self.waiting.values()), len(self.waiting) // 40):
            now, act = self.market.clock.now(), self.random.choice(("deliver", "deliver", "accept", "refund"))
            if act == "deliver" and sold.kind == "on_delivery":
                if deliver_work(self.market, sold.payment).status_code == 200:
                    sold.release = min(sold.release, now + GRACE * DAY)
            elif act == "accept":
                sold.release = now
                assert accept_work(self.market, sold.payment).status_code == 200
            elif act == "refund" and not sold.refunded:
                assert self.market.refund(sold.payment, amount=1_000).status_code == 200
                sold.refunded = 1_000

    def _look(self) -> None:
        """Compare Stripe's own transfers with what was due by the time of this sweep."""
        now, held = self.market.clock.now(), Counter[str]()
        for transfer in TrueBooks(self.market.sandbox).rows("transfers"):
            held[transfer["metadata"]["paymentIntentId"]] += transfer["amount"] - transfer["amount_reversed"]
        for payment, sold in list(self.waiting.items()):
            if held[payment] and sold.release > now:
                self.early.append(payment)
            if sold.deadline <= now and held[payment] != sold.share:
                self.late.append(payment)
            if sold.deadline <= now or held[payment] == sold.share:
                del self.waiting[payment]
                self.paid += 1


def test_none_is_early_and_none_is_late() -> None:
    """Judged by Stripe's transfers after each sweep; a share that is due is there after the sweep that follows."""
    season = _Season(_MANY)

    season.play()

    assert (season.early, season.late, season.paid) == ([], [], _MANY)
