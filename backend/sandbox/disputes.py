"""Disputes: the bank takes the money back, and may give it up again."""

from typing import TYPE_CHECKING, Any

from .errors import invalid, refused
from .store import Row

if TYPE_CHECKING:
    from .world import World

FEE = 1500
EVIDENCE_DAYS = 9
OPEN = frozenset({"needs_response", "under_review", "warning_needs_response", "warning_under_review"})
REASONS = (
    "bank_cannot_process check_returned credit_not_processed customer_initiated debit_not_authorized duplicate fraudulent "
    "general incorrect_account_details insufficient_funds noncompliant product_not_received product_unacceptable "
    "subscription_canceled unrecognized"
).split()
REASON_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1"}
EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number uncategorized_file "
    "uncategorized_text"
).split()


class Disputes:
    """Opens and closes disputes. The platform carries them: transfers made from the charge stay where they are."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def open(self, charge: Row, reason: str = "fraudulent", inquiry: bool = False) -> Row:
        """The cardholder complains. An inquiry asks only; a dispute takes amount and fee at once."""
        world = self._world
        if reason not in REASONS:
            raise invalid(f"Invalid reason: must be one of {', '.join(REASONS)}", "reason")
        if charge["status"] != "succeeded" or charge["disputed"]:
            raise refused(f"Charge {charge['id']} cannot be disputed: it did not succeed, or is disputed already.")
        row = world.add("disputes", charge.account, self._fields(charge, reason, inquiry))
        charge["disputed"] = True
        world.changed(charge)
        if not inquiry:
            self._move(row, charge, -row["amount"], FEE, "dispute", "withdrawal")
        world.emit("charge.dispute.created", row)
        if not inquiry:
            world.emit("charge.dispute.funds_withdrawn", row)
        return row

    def close(self, row: Row, won: bool) -> None:
        """The bank's decision. An inquiry that is won is merely closed; one that is lost becomes a dispute."""
        world, inquiry = self._world, row["status"].startswith("warning")
        if row["status"] not in OPEN:
            raise refused(f"This dispute is already closed: its status is {row['status']}.")
        charge = world.must(row["charge"])
        if inquiry and not won:
            self._escalate(row, charge)
            return
        before = {"status": row["status"]}
        row["status"] = "warning_closed" if inquiry else "won" if won else "lost"
        row["is_charge_refundable"] = won
        if won and not inquiry:
            self._move(row, charge, row["amount"], -FEE, "dispute_reversal", "reversal")
        world.changed(row)
        world.emit("charge.dispute.closed", row, before)
        if won and not inquiry:
            world.emit("charge.dispute.funds_reinstated", row)

    def _escalate(self, row: Row, charge: Row) -> None:
        before = {"status": row["status"]}
        row.update(status="needs_response", is_charge_refundable=False)
        self._move(row, charge, -row["amount"], FEE, "dispute", "withdrawal")
        self._world.changed(row)
        self._world.emit("charge.dispute.updated", row, before)
        self._world.emit("charge.dispute.funds_withdrawn", row)

    def _move(self, row: Row, charge: Row, amount: int, fee: int, category: str, word: str) -> None:
        """At once, and from the available balance, which may go below zero."""
        entry = self._world.ledger.post(
            row,
            "adjustment",
            amount,
            fee=fee,
            fee_text="Dispute fee",
            category=category,
            description=f"Chargeback {word} for {charge['id']}",
        )
        row["balance_transactions"] = [*row["balance_transactions"], entry]

    def _fields(self, charge: Row, reason: str, inquiry: bool) -> dict[str, Any]:
        now, code = self._world.now(), REASON_CODES.get(reason)
        card = charge["payment_method_details"]["card"]
        kind = "inquiry" if inquiry else "chargeback"
        shown = {
            "brand": card["brand"],
            "case_type": kind,
            "network": card["brand"],
            "network_reason_code": code,
        }
        return {
            "id": self._world.ids.sibling("du", of=charge["id"]),
            "object": "dispute",
            "amount": charge["amount"] - charge["amount_refunded"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": now,
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": dict.fromkeys(EVIDENCE) | {"enhanced_evidence": {}},
            "evidence_details": {
                "due_by": now + EVIDENCE_DAYS * 86_400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": "not_submitted",
            },
            "intended_submission_method": None,
            "is_charge_refundable": inquiry,
            "livemode": False,
            "metadata": {},
            "network_reason_code": code,
            "payment_intent": charge["payment_intent"],
            "payment_method_details": {"card": shown, "type": "card"},
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
        }
