"""The whole state as JSON: the ledger that checks are made against, never the answers of whoever is being checked."""

from typing import Any

from .deliveries import event_object
from .store import clone
from .world import World

KINDS = (
    "accounts",
    "application_fees",
    "balance_transactions",
    "charges",
    "customers",
    "disputes",
    "early_fraud_warnings",
    "events",
    "fee_refunds",
    "payment_intents",
    "payouts",
    "products",
    "refunds",
    "reversals",
    "setup_intents",
    "transfers",
)


def state(world: World) -> dict[str, Any]:
    """`{now, platform, balances: {account: {currency: {available, pending}}}, objects: {kind: {account: [...]}}}`."""
    return {
        "now": world.now(),
        "platform": world.platform,
        "balances": _balances(world),
        "objects": {kind: _objects(world, kind) for kind in KINDS},
    }


def _balances(world: World) -> dict[str, Any]:
    ledger = world.ledger
    return {
        account["id"]: {
            currency: {
                "available": ledger.available(account["id"], currency),
                "pending": ledger.pending(account["id"], currency),
            }
            for currency in ledger.currencies(account["id"])
        }
        for account in world.store.all("accounts")
    }


def _objects(world: World, kind: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in world.store.all(kind):
        found.setdefault(row.account, []).append(event_object(row) if kind == "events" else clone(row))
    return found
