"""Refunds of a player's money: at once, later or never; and the habits of the refund test cards."""

from typing import Any

from ..wire.errors import invalid, refused
from .cards import Card
from .core import Core
from .fraud_warnings import FraudWarnings
from .ledger import DAY, Ledger
from .refund_fields import refund_fields
from .store import Row

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

    def __init__(self, core: Core, ledger: Ledger, fraud_warnings: FraudWarnings) -> None:
        self._core = core
        self._ledger = ledger
        self._fraud_warnings = fraud_warnings
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
        core = self._core
        method = core.must(charge["payment_method"]).hidden
        card: Card | None = method.get("card")
        prefix, shown = ("re", {}) if card else ("pyr", {"destination_details": None})
        fields = refund_fields(core.ids.sibling(prefix, of=charge["id"]), amount, charge, core.now()) | shown | given
        row = core.add("refunds", charge.account, fields, counted=False)
        habit = card.refund if card else None
        pending = self._pending_reason(row, charge, habit)
        if pending:
            row.update(status="pending", pending_reason=pending)
        elif core.switches["refund_begins"] == "requires_action":
            row.update(status="requires_action", next_action=_asked(row))
        if pending in {"charge_pending", "insufficient_funds"}:
            self._waiting.append(row)
            self._begin_waiting(row, charge)
            return row
        self._take(row, charge)
        before = self._count(row, charge)
        core.emit("refund.created", row)
        core.emit("charge.refunded", charge, before if core.switches["refunded_tells_previous"] else None)
        self._updated(row, {"balance_transaction": None})
        if habit is not None:
            core.timeline.at(core.now() + DECIDED_AFTER, "refund.decide", row, habit)
        return row

    def _pending_reason(self, row: Row, charge: Row, habit: str | None) -> str | None:
        core = self._core
        if charge["status"] == "pending":
            return "charge_pending"
        poor = not self._ledger.covers(row.account, row["currency"], row["amount"])
        if poor and core.switches["refund_waits_for_balance"]:
            return "insufficient_funds"
        return "processing" if habit == "pending" else None

    def _begin_waiting(self, row: Row, charge: Row) -> None:
        """No money has moved. Whether the charge counts what waits, Stripe does not say."""
        core = self._core
        counts = core.switches["pending_refund_counts"]
        before = self._count(row, charge) if counts else None
        core.emit("refund.created", row)
        if counts:
            core.emit("charge.refunded", charge, before if core.switches["refunded_tells_previous"] else None)

    def expect(self, entry: Row) -> None:
        """Money has become available: what waits for it is tried again."""
        if self._waiting and entry["net"] > 0:
            self._core.timeline.at(self._core.now(), "refunds.try_again")

    def try_again(self) -> None:
        """Oldest first; one that is too big lets smaller ones pass."""
        for row in list(self._waiting):
            charge = self._core.must(row["charge"])
            enough = self._ledger.covers(row.account, row["currency"], row["amount"])
            if row["pending_reason"] == "insufficient_funds" and enough:
                self._carry_out(row, charge)

    def taken(self, charge: Row) -> int:
        """The sum that refunds have taken from the balance for a charge, those that came back left out."""
        refunds = self._core.store.of(charge.account, "refunds").find(charge=charge["id"])
        return sum(row["amount"] for row in refunds if row["balance_transaction"] and row["status"] not in ENDED)

    def charge_ended(self, charge: Row) -> None:
        """A pending charge has succeeded or failed: refunds that waited for it are carried out, or fail."""
        for row in [row for row in self._waiting if row["charge"] == charge["id"]]:
            if charge["status"] == "succeeded":
                self._carry_out(row, charge)
            else:
                self.fail(row, "unknown")

    def _carry_out(self, row: Row, charge: Row) -> None:
        core = self._core
        before = {field: row[field] for field in ("balance_transaction", "pending_reason", "status")}
        self._waiting.remove(row)
        row["status"] = "succeeded"
        row.pop("pending_reason")
        self._take(row, charge)
        if not row.hidden["counted"]:
            counted = self._count(row, charge)
            core.emit("charge.refunded", charge, counted if core.switches["refunded_tells_previous"] else None)
        self._updated(row, before)

    def _take(self, row: Row, charge: Row) -> None:
        text = f"REFUND FOR CHARGE ({charge['description'] or charge['id']})"
        entry = self._post(row, charge, _kind(row), -row["amount"], text)
        row["balance_transaction"] = entry["id"]
        self._core.changed(row)

    def _post(self, row: Row, charge: Row, kind: str, amount: int, text: str) -> Row:
        """From the pending funds while those of the charge are pending, else from the available ones."""
        waits = self._core.switches["refund_waits_for_balance"]
        due = 0 if waits else self._core.must(charge.hidden["entry"])["available_on"]
        return self._ledger.post(row, kind, amount, available_on=due, description=text)

    def _count(self, row: Row, charge: Row, sign: int = 1) -> dict[str, Any]:
        before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
        row.hidden["counted"] = sign > 0
        charge["amount_refunded"] += sign * row["amount"]
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._core.changed(charge)
        if charge["refunded"]:
            self._fraud_warnings.lapse(charge)
        return before

    def _updated(self, row: Row, before: dict[str, Any]) -> None:
        self._core.changed(row)
        self._core.emit("refund.updated", row, before)
        self._core.emit("charge.refund.updated", row, before)

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
        self._core.emit("refund.failed", row)

    def fail_in(self, row: Row, reason: str, seconds: int) -> None:
        """Fail now, or later unless it has come to its end by then."""
        if seconds <= 0:
            self.fail(row, reason)
            return
        _check_reason(reason)
        self._core.timeline.at(self._core.now() + seconds, "refund.fail", row, reason)

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
        core, before, charge = self._core, {"status": row["status"]}, self._core.must(row["charge"])
        row.update(status=status, **why)
        row.pop("pending_reason", None)
        row.pop("next_action", None)
        self._waiting = [other for other in self._waiting if other is not row]
        if row["balance_transaction"] is not None:
            back = self._post(row, charge, "refund_failure", row["amount"], f"REFUND FAILURE ({charge['id']})")
            row["failure_balance_transaction"] = back["id"]
        if row.hidden["counted"] and core.switches["failed_refund_lowers_charge"]:
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
