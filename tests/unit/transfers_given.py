"""Payments and lists of transfers."""

from __future__ import annotations

from typing import Any

from backend.services.reads import Payment
from backend.services.settlement.transfers import (
    Found,
    TransferReader,
)
from tests.conftest import NOW
from tests.unit.given import Line, charge, payment, transfer
from tests.unit.registry_given import registry

OF_PAYEE = f"/v1/transfers?destination=acct_1&created[gte]={NOW}&limit=100"


def paid(metadata: dict[str, str] | None = None, **fields: Any) -> Payment:
    """The payment, paid by its charge."""
    return payment(metadata, charge(**fields))


def by_hand(name: str = "tr_9", **fields: Any) -> Any:
    """A transfer that a person made, and that names the payment."""
    return transfer(name, 100, **{"metadata": {"for": "pi_1"}, "source_transaction": None, **fields})


def look(on: Line, one: Payment | None = None, payee: str | None = "acct_1", **how: Any) -> Found:
    """The look for the transfers of a payment."""
    lists = how.pop("lists", None)
    return TransferReader(on.client_of_v1, registry(on), lists).of(one or paid(), payee, **how)


def names(found: Found) -> list[str]:
    """Their ids."""
    return [one.id for one in found.transfers]
