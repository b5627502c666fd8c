"""The oracle of chaos: worked out from the price list below, the percentage, and what the world did.

It knows no line of the backend. What each player bought, asked back or disputed is written down by chaos as it
happens; what became of the money is read from Stripe's own books.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import requests

# Golf, as it was sold when this was written: package -> price in cents, and clips.
PRICES = {1: 5400, 2: 6075, 3: 6750}
CLIPS = {1: 5, 2: 7, 3: 10}
PERCENT = 10
CURRENCY = "cad"


def share_of(kept: int) -> int:
    """The coach's share: all but the fee, rounded half up to the cent."""
    return kept - (kept * PERCENT + 50) // 100


@dataclass
class Sale:
    """One package that a player paid, and what happened to it since. Amounts in cents."""

    payment_id: str
    account: str
    package: int
    asked_back: int = 0
    told_refunded: bool = False
    disputed: int = 0


class StripesBooks:
    """Stripe, read past the backend."""

    def __init__(self, url: str, key: str = "sk_test_sandbox") -> None:
        self._url = url
        self._key = key

    def get(self, path: str, account: str = "") -> Any:
        """One object or page."""
        headers = {"Authorization": f"Bearer {self._key}"} | ({"Stripe-Account": account} if account else {})
        answer = requests.get(f"{self._url}/v1/{path}", headers=headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def all(self, kind: str, account: str = "") -> list[dict[str, Any]]:
        """Every object of a kind."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(f"{kind}?limit=100" + (f"&starting_after={found[-1]['id']}" if found else ""), account)
            found += page["data"]
            if not page["has_more"]:
                return found

    def moved(self, account: str = "") -> int:
        """The sum of an account's movements, without Stripe's fees and what went to the bank."""
        entries = self.all("balance_transactions", account)
        return sum(entry["amount"] for entry in entries if not entry["type"].startswith("payout"))


def check(books: StripesBooks, sales: list[Sale]) -> int:
    """Compare every sale, each coach's account and the platform's. Answers with the cents that were paid.

    Raises ``AssertionError`` with everything that does not add up. Nothing may wait any longer: every coach is
    onboarded, and every payment's money is still pending, so that it can be taken back.
    """
    found = group(books)
    wrong = _strangers(books, found, sales)
    shares: dict[str, int] = defaultdict(int)
    kept_in_all = 0
    for sale in sales:
        wrong += _compare(sale, found[sale.payment_id])
        kept = PRICES[sale.package] - found[sale.payment_id].refunded - sale.disputed
        shares[sale.account] += share_of(kept)
        kept_in_all += kept
    right = {**shares, "": kept_in_all - sum(shares.values())}
    for account, amount in right.items():
        moved = books.moved(account)
        if moved != amount:
            wrong.append(f"{account or 'the platform'} has {moved}, but its part of all sales is {amount}")
    assert not wrong, "This does not add up:\n" + "\n".join(wrong)
    return sum(PRICES[sale.package] for sale in sales)


def check_meanwhile(books: StripesBooks, sales: list[Sale]) -> None:
    """Raises ``AssertionError`` if a coach holds more than the share of a whole price, or a player has more back than that."""
    found = group(books)
    for sale in sales:
        price, now = PRICES[sale.package], found[sale.payment_id]
        within = now.held <= share_of(price) and now.refunded <= price and now.paid_to <= {sale.account}
        assert within, f"This does not add up:\n{sale.payment_id}: {now} of a price of {price}"


@dataclass
class Found:
    """One payment in Stripe's books. ``paid_to``: every account that a transfer of it went to."""

    charged: list[tuple[int, str]] = field(default_factory=list)
    refunded: int = 0
    held: int = 0
    paid_to: set[str] = field(default_factory=set)


def group(books: StripesBooks) -> defaultdict[str, Found]:
    """The books by payment."""
    found: defaultdict[str, Found] = defaultdict(Found)
    payment_of = {}
    for charge in books.all("charges"):
        payment_of[charge["id"]] = charge["payment_intent"]
        if charge["status"] == "succeeded":
            found[charge["payment_intent"]].charged.append((charge["amount_captured"], charge["currency"]))
    for refund in books.all("refunds"):
        if refund["status"] not in ("failed", "canceled"):
            found[refund["payment_intent"]].refunded += refund["amount"]
    for transfer in books.all("transfers"):
        named = transfer["metadata"].get("paymentIntentId", "")
        mine = found[payment_of.get(transfer["source_transaction"], named)]
        mine.held += transfer["amount"] - transfer["amount_reversed"]
        mine.paid_to.add(transfer["destination"])
    return found


def _strangers(books: StripesBooks, found: dict[str, Found], sales: list[Sale]) -> list[str]:
    """Payments, customers and accounts at Stripe that no player or coach asked for."""
    wrong = [f"{payment}: nobody paid this" for payment in set(found) - {sale.payment_id for sale in sales}]
    for kind in ("customers", "accounts"):
        emails = Counter(one["email"] for one in books.all(kind))
        wrong += [f"{email} has {number} {kind}" for email, number in emails.items() if number > 1]
    return wrong


def _compare(sale: Sale, found: Found) -> list[str]:
    share = share_of(PRICES[sale.package] - found.refunded - sale.disputed)
    may_be_back = {sale.asked_back} if sale.told_refunded else {0, sale.asked_back}
    checks = {
        f"charged {found.charged} for package {sale.package}": found.charged == [(PRICES[sale.package], CURRENCY)],
        f"refunded {found.refunded} where {sale.asked_back} was asked for": found.refunded in may_be_back,
        f"the coach holds {found.held}, but the share is {share}": found.held == share,
        f"{found.paid_to} was paid, not {sale.account}": found.paid_to <= {sale.account},
    }
    return [f"{sale.payment_id}: {sentence}" for sentence, holds in checks.items() if not holds]
