"""Books, lists and searches as Stripe answers them to a sweep."""

from __future__ import annotations

from typing import Any

import stripe

from backend.services.reconcile.findings import Findings
from backend.services.reconcile.pace import Pace
from backend.services.reconcile.sources import Sources
from tests.conftest import NOW
from tests.unit.given import TODAY, Line, charge, intent, made

DAY = 86_400


THREE_HOURS = 3 * 3_600


UNTIL = NOW - DAY


SINCE = UNTIL - THREE_HOURS


EXPANDED = "&expand[0]=data.source&expand[1]=data.source.payment_intent"


GONE = (404, "resource_missing")


class Stripes(Line):
    """A line on which every list is empty, unless an answer is given for its path."""

    def __init__(self, **lists: Any) -> None:
        names = ("balance_transactions", "refunds", "events", "search", "transfers", "products")
        super().__init__(TODAY, **{name: listed() for name in names} | {"sweep_mark": mark()} | lists)

    def asked_of(self, path: str) -> list[str]:
        """The queries to a path."""
        return [url.partition("?")[2] for url in self.urls if url.split("?")[0] == f"/v1/{path}"]


def listed(*items: Any, more: bool = False) -> Any:
    """A page of a list."""
    return made("list", "", data=[whole(one) for one in items], has_more=more, url="/v1/balance_transactions")


def whole(thing: Any) -> Any:
    """An object with those inside it, as plain values."""
    known = thing.to_dict() if isinstance(thing, stripe.StripeObject) else thing
    if isinstance(known, dict):
        return {key: whole(value) for key, value in known.items()}
    return known


def mark(until: int | None = UNTIL, *carried: str) -> Any:
    """The memory of the sweeps so far."""
    metadata = {"sweep_a": f"{until}"} if until is not None else {}
    return made("product", "sweep_mark", metadata=metadata | ({"sweep_a_0": ",".join(carried)} if carried else {}))


def sold(number: int = 1, **fields: Any) -> Any:
    """A succeeded payment of ours."""
    known = {**intent().to_dict(), "id": f"pi_{number}", "latest_charge": f"ch_{number}", "created": NOW}
    return made("payment_intent", "", **{**known, **fields})


def charged(number: int, paid: Any, **fields: Any) -> Any:
    """The charge that paid a payment."""
    return made("charge", "", **{**charge().to_dict(), "id": f"ch_{number}", "payment_intent": paid, **fields})


def refund(number: int = 1, status: str = "succeeded", at: int = NOW, **fields: Any) -> Any:
    """A refund of the payment of that number."""
    given = {"payment_intent": sold(number), "amount": 100, "status": status, "created": at}
    return made("refund", f"re_{number}", **{**given, **fields})


def paid_entry(number: int = 1, **fields: Any) -> Any:
    """The line of the books of a payment."""
    source = charged(number, sold(number), **fields)
    return made("balance_transaction", f"txn_{number}", type="charge", source=source, currency="cad")


def find(on: Line, since: int | None = None, adopt: bool = False, name: str = "") -> Findings:
    """The findings of a sweep."""
    client = on.client_of(name) if name else on.client
    return Sources(client, Pace(1_000_000), adopt).find(since)


def failures(found: Findings) -> set[tuple[str, str]]:
    """The sources and objects that could not be read, with the class of the failure."""
    return {(one.name, one.error) for one in found.unread}


# Bank debits that were booked before the window.


def debit(number: int = 1, status: str = "succeeded", method: str | None = "acss_debit") -> Any:
    """The line of the books of a debit, made when it began."""
    details = {"type": method} if method else None
    source = charged(number, sold(number, status=status), payment_method_details=details)
    return made("balance_transaction", f"txn_{number}", type="payment", source=source, currency="cad")


def debits(*items: Any, **lists: Any) -> tuple[Stripes, Findings]:
    """A sweep that looks at early debits a second time."""
    on = Stripes(balance_transactions=[listed(), listed(*items)], **lists)
    return on, find(on)
