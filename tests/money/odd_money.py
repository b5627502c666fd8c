"""Money that takes days, and what may become of it."""

from __future__ import annotations

from typing import Any

from tests.builders import Marketplace

HOUR = 3_600


def choose(market: Marketplace, **choices: Any) -> None:
    """Choose how Stripe behaves where no source settles it."""
    assert market.control("POST", "/behaviour", choices).status_code == 200


def debit(market: Marketplace) -> str:
    """A purchase by bank debit that has begun; its money is days away."""
    intent = market.buy()
    answer = market.control("POST", f"/payment_intents/{intent['id']}/pay", {"card": "pm_acssDebit_success"})
    assert (answer.status_code, answer.json["status"]) == (200, "processing"), answer.text
    return str(intent["id"])


def arrive(market: Marketplace, payment: str) -> None:
    """The bank sends the money."""
    assert market.control("POST", f"/payment_intents/{payment}/settle", {}).status_code == 200


def dispute(market: Marketplace, payment: str, **given: Any) -> str:
    """A dispute; answers with its id."""
    answer = market.control("POST", "/disputes", {"charge": market.charge(payment), **given})
    assert answer.status_code == 200, answer.text
    return str(answer.json["id"])


def share(kept: int) -> int:
    """The coach's part of what is kept, at 10%."""
    return kept - (kept * 10 + 50) // 100
