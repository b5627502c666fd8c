"""Application fees: what a platform keeps of a payment on a connected account, and gives back of it."""

from typing import Any

from .store import Row
from .world import World

# How many of its refunds ride along inside a fee.
EMBEDDED = 10


def application_of(world: World) -> str:
    """The id of the platform's application, which is part of every fee."""
    return f"ca_{world.platform[5:]}"


def take(world: World, payment: Row, amount: int, due: int, originating: Row | None) -> Row:
    """Put `amount` of a payment on a connected account on the platform's balance. The caller has taken it off the payment.

    `originating`: the platform's own charge, for a destination charge.
    """
    fee_id = world.ids.new("fee")
    fields = {
        "id": fee_id,
        "object": "application_fee",
        "account": payment.account,
        "amount": amount,
        "amount_refunded": 0,
        "application": application_of(world),
        "balance_transaction": None,
        "charge": payment["id"],
        "created": world.now(),
        "currency": payment["currency"],
        "fee_source": {"charge": payment["id"], "type": "charge"},
        "livemode": False,
        "originating_transaction": originating["id"] if originating else None,
        "refunded": False,
        "refunds": _refunds(f"/v1/application_fees/{fee_id}/refunds", []),
    }
    row = world.add("application_fees", world.platform, fields, due=due)
    text = f"Application fee from application {application_of(world)} for {payment['id']}"
    row["balance_transaction"] = world.ledger.post(row, "application_fee", amount, available_on=due, description=text)[
        "id"
    ]
    world.changed(row)
    world.emit("application_fee.created", row)
    return row


def give_back(world: World, fee: Row, amount: int, **given: Any) -> Row:
    """Return `amount` of a fee to the account that paid it. The caller has checked that so much is left."""
    due = fee.hidden["due"]
    fields = {
        "id": world.ids.new("fr"),
        "object": "fee_refund",
        "amount": amount,
        "balance_transaction": None,
        "created": world.now(),
        "currency": fee["currency"],
        "fee": fee["id"],
        "metadata": given.get("metadata") or {},
    }
    row = world.add("fee_refunds", fee.account, fields)
    text = f"Application fee refund for {fee['id']}"
    out = world.ledger.post(row, "application_fee_refund", -amount, available_on=due, description=text)
    row["balance_transaction"] = out["id"]
    payment = world.must(fee["charge"])
    world.ledger.post(payment, "adjustment", amount, available_on=due, category="fee", description=text)
    before = {field: fee[field] for field in ("amount_refunded", "refunded", "refunds")}
    fee["amount_refunded"] += amount
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    found = world.store.of(fee.account, "fee_refunds").find(fee=fee["id"])[::-1]
    fee["refunds"] = _refunds(fee["refunds"]["url"], found)
    world.changed(fee)
    world.emit("application_fee.refunded", fee, before)
    return row


def _refunds(url: str, found: list[Row]) -> dict[str, Any]:
    data = [dict(row) for row in found[:EMBEDDED]]
    return {
        "object": "list",
        "data": data,
        "has_more": len(found) > EMBEDDED,
        "total_count": len(found),
        "url": url,
    }
