"""Refunds of a player's money: at once, later or never; and the habits of the refund test cards."""

from typing import TYPE_CHECKING, Any

from ..wire.errors import invalid, refused
from .cards import Card
from .ledger import DAY
from .store import Row
from .transferring import refund_fields

if TYPE_CHECKING:
    from .world import World

# How long the refund of a refund test card takes to succeed, or to fail.
DECIDED_AFTER = 10
FAILURE_REASONS = (
    "charge_for_pending_refund_disputed declined expired_or_canceled_card insufficient_funds lost_or_stolen_card "
    "merchant_request unknown"
).split()
# What has come to an end for good.
ENDED = frozenset({"failed", "canceled"})


class Refunding:
    """Refunds of charges on the account's own balance. Stripe keeps its processing fee."""

    def __init__(self, world: "World") -> None:
        self._world = world
        # Refunds that wait for money, oldest first.
        self._waiting: list[Row] = []

    def dump(self) -> list[Row]:
        """The refunds that wait for money, to be saved."""
        return self._waiting

    def load(self, saved: list[Row]) -> None:
        """Go on from what was saved."""
        self._waiting = saved

    def refund(self, charge: Row, amount: int, **given: Any) -> Row:
        """Refund `amount`; the caller has checked that so much is left. Events come in the order of docs/stripe.md 3.3."""
        world = self._world
        method = world.must(charge["payment_method"]).hidden
        card: Card | None = method.get("card")
        prefix, shown = ("re", {}) if card else ("pyr", {"destination_details": None})
        fields = refund_fields(world.ids.sibling(prefix, of=charge["id"]), amount, charge, world.now()) | shown | given
        row = world.add("refunds", charge.account, fields, counted=False)
        habit = card.refund if card else None
        pending = self._pending_reason(row, charge, habit)
        if pending:
            row.update(status="pending", pending_reason=pending)
        elif world.behaviours["refund_begins"] == "requires_action":
            row.update(status="requires_action", next_action=_asked(row))
        if pending in {"charge_pending", "insufficient_funds"}:
            self._waiting.append(row)
            self._begin_waiting(row, charge)
            return row
        self._take(row, charge)
        before = self._count(row, charge)
        world.emit("refund.created", row)
        world.emit("charge.refunded", charge, before if world.behaviours["refunded_tells_previous"] else None)
        self._updated(row, {"balance_transaction": None})
        if habit is not None:
            world.timeline.at(world.now() + DECIDED_AFTER, "refund.decide", row, habit)
        return row

    def _pending_reason(self, row: Row, charge: Row, habit: str | None) -> str | None:
        world = self._world
        if charge["status"] == "pending":
            return "charge_pending"
        poor = not world.ledger.covers(row.account, row["currency"], row["amount"])
        if poor and world.behaviours["refund_waits_for_balance"]:
            return "insufficient_funds"
        return "processing" if habit == "pending" else None

    def _begin_waiting(self, row: Row, charge: Row) -> None:
        """No money has moved. Whether the charge counts what waits, Stripe does not say."""
        world = self._world
        counts = world.behaviours["pending_refund_counts"]
        before = self._count(row, charge) if counts else None
        world.emit("refund.created", row)
        if counts:
            world.emit("charge.refunded", charge, before if world.behaviours["refunded_tells_previous"] else None)

    def expect(self, entry: Row) -> None:
        """Money has become available: what waits for it is tried again."""
        if self._waiting and entry["net"] > 0:
            self._world.timeline.at(self._world.now(), "refunds.try_again")

    def try_again(self) -> None:
        """Oldest first; one that is too big lets smaller ones pass."""
        for row in list(self._waiting):
            charge = self._world.must(row["charge"])
            enough = self._world.ledger.covers(row.account, row["currency"], row["amount"])
            if row["pending_reason"] == "insufficient_funds" and enough:
                self._carry_out(row, charge)

    def taken(self, charge: Row) -> int:
        """The sum that refunds have taken from the balance for a charge, those that came back left out."""
        refunds = self._world.store.of(charge.account, "refunds").find(charge=charge["id"])
        return sum(row["amount"] for row in refunds if row["balance_transaction"] and row["status"] not in ENDED)

    def charge_ended(self, charge: Row) -> None:
        """A pending charge has succeeded or failed: refunds that waited for it are carried out, or fail."""
        for row in [row for row in self._waiting if row["charge"] == charge["id"]]:
            if charge["status"] == "succeeded":
                self._carry_out(row, charge)
            else:
                self.fail(row, "unknown")

    def _carry_out(self, row: Row, charge: Row) -> None:
        world = self._world
        before = {field: row[field] for field in ("balance_transaction", "pending_reason", "status")}
        self._waiting.remove(row)
        row["status"] = "succeeded"
        row.pop("pending_reason")
        self._take(row, charge)
        if not row.hidden["counted"]:
            counted = self._count(row, charge)
            world.emit("charge.refunded", charge, counted if world.behaviours["refunded_tells_previous"] else None)
        self._updated(row, before)

    def _take(self, row: Row, charge: Row) -> None:
        text = f"REFUND FOR CHARGE ({charge['description'] or charge['id']})"
        entry = self._post(row, charge, _kind(row), -row["amount"], text)
        row["balance_transaction"] = entry["id"]
        self._world.changed(row)

    def _post(self, row: Row, charge: Row, kind: str, amount: int, text: str) -> Row:
        """From the pending funds while those of the charge are pending, else from the available ones."""
        waits = self._world.behaviours["refund_waits_for_balance"]
        due = 0 if waits else self._world.must(charge.hidden["entry"])["available_on"]
        return self._world.ledger.post(row, kind, amount, available_on=due, description=text)

    def _count(self, row: Row, charge: Row, sign: int = 1) -> dict[str, Any]:
        before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
        row.hidden["counted"] = sign > 0
        charge["amount_refunded"] += sign * row["amount"]
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._world.changed(charge)
        if charge["refunded"]:
            self._world.fraud_warnings.lapse(charge)
        return before

    def _updated(self, row: Row, before: dict[str, Any]) -> None:
        self._world.changed(row)
        self._world.emit("refund.updated", row, before)
        self._world.emit("charge.refund.updated", row, before)

    def decide(self, row: Row, habit: str) -> None:
        """The bank of a refund test card answers."""
        if row["status"] in ENDED:
            return
        if habit == "pending":
            self.succeed(row)
        else:
            self.fail(row, "expired_or_canceled_card")

    def succeed(self, row: Row) -> None:
        """The customer has the money."""
        if row["status"] not in {"pending", "requires_action"} or row in self._waiting:
            raise refused(f"Refund {row['id']} cannot succeed now: its status is {row['status']}.")
        before = {"status": row["status"]}
        row["status"] = "succeeded"
        row.pop("pending_reason", None)
        row.pop("next_action", None)
        self._updated(row, before)

    def fail(self, row: Row, reason: str = "unknown") -> None:
        """The bank sends it back, even long after it succeeded: what was taken returns to the platform's balance."""
        _check_reason(reason)
        self._undo(row, "failed", failure_reason=reason)
        self._world.emit("refund.failed", row)

    def fail_in(self, row: Row, reason: str, seconds: int) -> None:
        """Fail now, or later unless it has come to its end by then."""
        if seconds <= 0:
            self.fail(row, reason)
            return
        _check_reason(reason)
        self._world.timeline.at(self._world.now() + seconds, "refund.fail", row, reason)

    def fail_after_all(self, row: Row, reason: str) -> None:
        """Fail, unless it has come to its end meanwhile."""
        if row["status"] not in ENDED:
            self.fail(row, reason)

    def cancel(self, row: Row) -> None:
        """Called back while it waited for the customer; told by refund.updated alone (docs/stripe.md 3.4)."""
        if row["status"] != "requires_action":
            raise refused(f"Refund {row['id']} cannot be canceled because it has a status of {row['status']}.")
        self._undo(row, "canceled")

    def _undo(self, row: Row, status: str, **why: Any) -> None:
        if row["status"] in ENDED:
            raise refused(f"Refund {row['id']} has come to its end: its status is {row['status']}.")
        world, before, charge = self._world, {"status": row["status"]}, self._world.must(row["charge"])
        row.update(status=status, **why)
        row.pop("pending_reason", None)
        row.pop("next_action", None)
        self._waiting = [other for other in self._waiting if other is not row]
        if row["balance_transaction"] is not None:
            back = self._post(row, charge, "refund_failure", row["amount"], f"REFUND FAILURE ({charge['id']})")
            row["failure_balance_transaction"] = back["id"]
        if row.hidden["counted"] and world.behaviours["failed_refund_lowers_charge"]:
            self._count(row, charge, -1)
        self._updated(row, before)


def _check_reason(reason: str) -> None:
    if reason not in FAILURE_REASONS:
        raise invalid(f"Invalid failure_reason: must be one of {', '.join(FAILURE_REASONS)}", "failure_reason")


def _kind(row: Row) -> str:
    """Of charges that are no card payments, Stripe's books say payment_refund."""
    return "payment_refund" if row["id"].startswith("pyr_") else "refund"


def _asked(row: Row) -> dict[str, Any]:
    """The customer is asked where to send the money, and has 45 days to answer."""
    sent = {"email_sent_at": row["created"], "email_sent_to": "player@example.com"}
    return {
        "display_details": {"email_sent": sent, "expires_at": row["created"] + 45 * DAY},
        "type": "display_details",
    }
