"""The oracle of chaos: worked out from the price list below, the percentage, and what the world did.

It knows no line of the backend. What each player bought, asked back or disputed is written down by chaos as it
happens; what became of the money is read from Stripe's own books.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
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

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str, account: str = "") -> Any:
        """One object or page."""
        headers = {"Authorization": "Bearer sk_test_sandbox"} | ({"Stripe-Account": account} if account else {})
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
    by_charge = {charge["id"]: charge for charge in books.all("charges") if charge["status"] == "succeeded"}
    charges = {charge["payment_intent"]: charge for charge in by_charge.values()}
    transfers, refunds = books.all("transfers"), books.all("refunds")
    wrong = [] if set(charges) == {sale.payment_id for sale in sales} else ["other payments succeeded than were paid"]
    shares: dict[str, int] = defaultdict(int)
    kept_in_all = 0
    for sale in sales:
        mine = [one for one in transfers if _is_of(one, sale, charges[sale.payment_id]["id"])]
        refunded = sum(
            refund["amount"]
            for refund in refunds
            if refund["payment_intent"] == sale.payment_id and refund["status"] not in ("failed", "canceled")
        )
        kept = PRICES[sale.package] - refunded - sale.disputed
        wrong += _compare(sale, charges[sale.payment_id], mine, refunded, share_of(kept))
        shares[sale.account] += share_of(kept)
        kept_in_all += kept
    for account, share in shares.items():
        if books.moved(account) != share:
            wrong.append(f"{account} has {books.moved(account)}, but its sales' shares are {share}")
    platform, rest = books.moved(), kept_in_all - sum(shares.values())
    if platform != rest:
        wrong.append(f"the platform keeps {platform}, but the fees are {rest}")
    assert not wrong, "This does not add up:\n" + "\n".join(wrong)
    return sum(PRICES[sale.package] for sale in sales)


def _is_of(transfer: Any, sale: Sale, charge_id: str) -> bool:
    return bool(
        transfer["source_transaction"] == charge_id or transfer["metadata"].get("paymentIntentId") == sale.payment_id
    )


def _compare(sale: Sale, charge: Any, transfers: list[Any], refunded: int, share: int) -> list[str]:
    held = sum(one["amount"] - one["amount_reversed"] for one in transfers)
    may_be_back = {sale.asked_back} if sale.told_refunded else {0, sale.asked_back}
    checks = {
        f"charged {charge['amount_captured']} for package {sale.package}": (
            charge["amount_captured"],
            charge["currency"],
        )
        == (PRICES[sale.package], CURRENCY),
        f"refunded {refunded} where {sale.asked_back} was asked for": refunded in may_be_back,
        f"the coach holds {held}, but the share is {share}": held == share,
        "another account was paid": {one["destination"] for one in transfers} <= {sale.account},
    }
    return [f"{sale.payment_id}: {sentence}" for sentence, holds in checks.items() if not holds]
