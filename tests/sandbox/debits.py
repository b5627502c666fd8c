"""A bank debit that has begun."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Platform

ACSS = "pm_acssDebit_success"


def begun(platform: Platform, token: str = ACSS, **params: Any) -> Any:
    """A PaymentIntent whose bank is being asked, paid in a browser."""
    given: Any = {"amount": 10_000, "currency": "cad", **params}
    intent = platform.v1.payment_intents.create(given)
    paid: Any = {"client_secret": intent.client_secret, "payment_method": token, "return_url": "https://shop.test"}
    platform.browser.payment_intents.confirm(intent.id, paid)
    return read(platform, intent.id)


def read(platform: Platform, intent: str) -> Any:
    """The PaymentIntent now, with its charge."""
    return platform.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})


def types(platform: Platform) -> list[tuple[str, int, int]]:
    """The type, amount and fee of each movement on the balance, oldest first."""
    entries = platform.v1.balance_transactions.list({"limit": 100}).data[::-1]
    return [(entry.type, entry.amount, entry.fee) for entry in entries]
