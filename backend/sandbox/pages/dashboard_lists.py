"""The lists of the dashboard: what each shows of its objects."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from markupsafe import Markup

from ..state import money
from ..state.store import Row

GOOD = frozenset(["succeeded", "paid", "active", "won", "available", "delivered", "enabled"])
BAD = frozenset(["failed", "canceled", "lost", "inactive", "needs_response", "dropped", "disabled", "reversed"])


class Kind(NamedTuple):
    """One list: its name, the heads of its columns after the id, and what stands in them."""

    name: str
    heads: tuple[str, ...]
    cells: Callable[[Row], tuple[str, ...]]
    empty: str


def pill(status: str) -> Markup:
    """A status, coloured by what it means for the money."""
    kind = "good" if status in GOOD else "bad" if status in BAD else "wait" if status else ""
    return Markup("<span class='pill {}'>{}</span>").format(kind, status.replace("_", " "))


def amount(row: Row, field: str = "amount") -> str:
    """An object's money, for people."""
    return money.spelled(row[field], row["currency"])


def when(unix: int) -> str:
    """A moment in UTC, for people."""
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _event_state(row: Row) -> Markup:
    waiting = row["pending_webhooks"]
    return pill(f"{waiting} to deliver") if waiting else Markup("<span class='soft'>none waits</span>")


KINDS = {
    "payment_intents": Kind(
        "Payments",
        (" amount", "status", "description", "created"),
        lambda r: (amount(r), pill(r["status"]), r["description"] or "", when(r["created"])),
        "No payments yet. Buy something, or run the demo.",
    ),
    "transfers": Kind(
        "Transfers",
        (" amount", " reversed", "to", "created"),
        lambda r: (amount(r), amount(r, "amount_reversed"), r["destination"], when(r["created"])),
        "No coach was paid yet.",
    ),
    "refunds": Kind(
        "Refunds",
        (" amount", "status", "charge", "created"),
        lambda r: (amount(r), pill(r["status"]), r["charge"], when(r["created"])),
        "Nobody has money back yet.",
    ),
    "disputes": Kind(
        "Disputes",
        (" amount", "status", "charge", "created"),
        lambda r: (amount(r), pill(r["status"]), r["charge"], when(r["created"])),
        "No dispute. Open one on a payment's page.",
    ),
    "accounts": Kind(
        "Accounts",
        ("email", "transfers", "created"),
        lambda r: (r["email"] or "", pill(r["capabilities"].get("transfers", "not asked for")), when(r["created"])),
        "No accounts yet.",
    ),
    "payouts": Kind(
        "Payouts",
        (" amount", "status", "created"),
        lambda r: (amount(r), pill(r["status"]), when(r["created"])),
        "No payouts yet. Those of a coach are on the account's page.",
    ),
    "customers": Kind(
        "Customers", ("email", "created"), lambda r: (r["email"] or "", when(r["created"])), "No customers yet."
    ),
    "events": Kind(
        "Events",
        ("type", "webhooks", "created"),
        lambda r: (r["type"], _event_state(r), when(r["created"])),
        "Nothing has happened yet.",
    ),
    "webhook_endpoints": Kind(
        "Endpoints",
        ("url", "status", "created"),
        lambda r: (r["url"], pill(r["status"]), when(r["created"])),
        "Nobody listens yet. Add an endpoint over the API, or with --webhook.",
    ),
}
