"""Platforms whose state is saved, and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sandbox.conftest import Platform


def reopened(platform: Platform, path: Path) -> Platform:
    """Another platform, on a sandbox that has loaded what this one has saved."""
    keeper = platform.sandbox.keep_state(path)
    keeper.save()
    keeper.close()
    twin = Platform()
    twin.sandbox.keep_state(path).close()
    return twin


def state(platform: Platform) -> Any:
    """Every object and balance, from the sandbox itself, with its events, deliveries, faults and rules."""
    seen = {path: platform.raw("GET", f"/_sandbox/{path}", key=None).json for path in ("state", "faults", "behaviour")}
    return {**seen, "deliveries": platform.raw("GET", "/_sandbox/deliveries", key=None).json}


def sold_and_shared(platform: Platform) -> None:
    """A coach, a payment, a transfer, a refund of a part and its reversal; funds on their way."""
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_a")
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_b", connect=True)
    coach = platform.coach()
    payment = platform.paid()
    transfer = platform.transfer(payment, coach, 9_000)
    platform.v1.refunds.create({"payment_intent": payment.id, "amount": 1_000})
    platform.v1.transfers.reversals.create(transfer.id, {"amount": 900})
    platform.v1.customers.create({"email": "pat@example.com", "metadata": {"$": "a key that the file uses too"}})
