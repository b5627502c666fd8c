"""Giving a player's money back, and what the refund test cards do to that."""

from typing import TYPE_CHECKING, Any

from .cards import Card
from .store import Row
from .transferring import refund_fields

if TYPE_CHECKING:
    from .world import World

# How long the refund of a refund test card takes to succeed, or to fail.
DECIDED_AFTER = 10


class Refunding:
    """Refunds of charges on the account's own balance. Stripe keeps its processing fee."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def refund(self, charge: Row, amount: int, **given: Any) -> Row:
        """Refund `amount`; the caller has checked that so much is left. Events come in the order of facts 3.7."""
        world = self._world
        card: Card = world.must(charge["payment_method"]).hidden["card"]
        fields = refund_fields(world.ids.sibling("re", of=charge["id"]), amount, charge, world.now()) | given
        row = world.add("refunds", charge.account, fields)
        if card.refund == "pending":
            row.update(status="pending", pending_reason="processing")
        entry = self._post(
            row, charge, "refund", -amount, f"REFUND FOR CHARGE ({charge['description'] or charge['id']})"
        )
        row["balance_transaction"] = entry["id"]
        world.changed(row)
        before = self._count(charge, amount)
        world.emit("refund.created", row)
        world.emit("charge.refunded", charge, before if world.behaviours["refunded_tells_previous"] else None)
        world.emit("refund.updated", row, {"balance_transaction": None})
        world.emit("charge.refund.updated", row, {"balance_transaction": None})
        if card.refund is not None:
            world.timeline.at(world.now() + DECIDED_AFTER, lambda: self._decide(row, charge, card))
        return row

    def _post(self, row: Row, charge: Row, kind: str, amount: int, text: str) -> Row:
        """From the pending funds while those of the charge are pending, else from the available ones."""
        due = self._world.must(charge.hidden["entry"])["available_on"]
        return self._world.ledger.post(row, kind, amount, available_on=due, description=text)

    def _count(self, charge: Row, amount: int) -> dict[str, Any]:
        before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._world.changed(charge)
        return before

    def _decide(self, row: Row, charge: Row, card: Card) -> None:
        world, before = self._world, {"status": row["status"]}
        if card.refund == "pending":
            row["status"] = "succeeded"
            row.pop("pending_reason")
            world.emit("refund.updated", row, before)
            world.emit("charge.refund.updated", row, before)
            return
        # The bank sends it back: the money returns to the balance, and the charge is unrefunded again.
        row.update(status="failed", failure_reason="expired_or_canceled_card")
        entry = self._post(row, charge, "refund_failure", row["amount"], f"REFUND FAILURE ({charge['id']})")
        row["failure_balance_transaction"] = entry["id"]
        self._count(charge, -row["amount"])
        world.emit("refund.updated", row, before)
        world.emit("charge.refund.updated", row, before)
        world.emit("refund.failed", row)
