"""Lines of Stripe's books, given by hand."""

from __future__ import annotations

from typing import Any

from tests.unit.given import made


def entry(kind: str, source: Any, **fields: Any) -> Any:
    """A balance transaction of a type, with the object that caused it."""
    given = {"type": kind, "source": source, "currency": "cad", "reporting_category": kind, **fields}
    one = made("balance_transaction", f"txn_{kind}", **{**given, "source": None})
    one["source"] = source
    return one


def charge(number: int = 1, **fields: Any) -> Any:
    """A charge of the payment of that number."""
    intent = made("payment_intent", f"pi_{number}")
    return made("charge", f"ch_{number}", **{"payment_intent": intent, "currency": "cad", **fields})
