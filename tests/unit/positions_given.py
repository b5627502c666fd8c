"""Payments and answers from which positions and ledgers are read."""

from __future__ import annotations

from typing import Any

from tests.unit.given import charge, intent, made, transfer


def answered(**fields: Any) -> Any:
    """The payment as Stripe answers it, with the charge that paid it."""
    return intent(latest_charge=charge(**fields).to_dict())


def with_charge(name: str = "tr_1", **fields: Any) -> Any:
    """A transfer that was listed with its charge."""
    return transfer(name, source_transaction=charge(**fields).to_dict())


def dispute(amount: int = 4725, status: str = "needs_response") -> Any:
    """A dispute of the payment."""
    return made("dispute", "dp_1", amount=amount, currency="cad", status=status, balance_transactions=[])
