"""Disputes: the bank takes the money back, and may give it up again."""

from typing import Any

from ..wire.errors import invalid, refused
from .core import Core
from .fraud_warnings import FraudWarnings
from .ledger import Ledger
from .refunding import Refunding
from .store import Row

FEE = 1500
EVIDENCE_DAYS = 9
OPEN = frozenset(
    "needs_response under_review warning_needs_response warning_under_review appeal_needs_response "
    "appeal_under_review".split()
)
# The first status by type of case. A block stopped the complaint before money moved; a resolution paid it by itself.
STATUS = {
    "chargeback": "needs_response",
    "inquiry": "warning_needs_response",
    "block": "prevented",
    "resolution": "prevented",
}
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

    def __init__(self, core: Core, ledger: Ledger, refunds: Refunding, fraud_warnings: FraudWarnings) -> None:
        self._core = core
        self._ledger = ledger
        self._refunds = refunds
        self._fraud_warnings = fraud_warnings

    def open(self, charge: Row, reason: str = "fraudulent", case_type: str = "chargeback", **given: Any) -> Row:
        """The cardholder complains. An inquiry asks only; a chargeback takes amount and fee at once.

        Given: `amount` and `currency` that the dispute shows, where they are not those of the charge; `taken`, in the
        currency of the charge, where the balance loses another amount.
        """
        core = self._core
        if reason not in REASONS:
            raise invalid(f"Invalid reason: must be one of {', '.join(REASONS)}", "reason")
        if case_type not in STATUS:
            raise invalid(f"Invalid case_type: must be one of {', '.join(STATUS)}", "case_type")
        if charge["status"] != "succeeded":
            raise refused(f"Charge {charge['id']} cannot be disputed: it did not succeed.")
        fields = self._fields(charge, reason, case_type) | {"currency": given.get("currency", charge["currency"])}
        fields["amount"] = given.get("amount", fields["amount"])
        row = core.add("disputes", charge.account, fields, taken=given.get("taken", fields["amount"]))
        charge["disputed"] = core.switches["dispute_marks_charge"]
        core.changed(charge)
        by_refund = self._settle(row, charge, case_type)
        core.emit("charge.dispute.created", row)
        self._tell_of_money(row, [])
        if by_refund:
            self._refund(row, charge)
        if row["status"] == "prevented" and core.switches["prevented_is_closed"]:
            core.emit("charge.dispute.closed", row)
        self._fraud_warnings.lapse(charge)
        return row

    def _settle(self, row: Row, charge: Row, case_type: str) -> bool:
        """Take the money of a chargeback, or of a resolution that pays so; true when a refund is to pay it."""
        by_refund = case_type == "resolution" and self._core.switches["prevented_pays"] == "refund"
        if by_refund:
            row["is_charge_refundable"] = True
        elif case_type in {"chargeback", "resolution"}:
            self._withdraw(row, charge)
        return by_refund

    def _refund(self, row: Row, charge: Row) -> None:
        """As much of what is asked for as the charge still has."""
        left = min(row["amount"], charge["amount"] - charge["amount_refunded"])
        if left > 0:
            self._refunds.refund(charge, left)

    def close(self, row: Row, won: bool, lag: int = 0) -> None:
        """The bank's decision. An inquiry that is won is merely closed; one that is lost becomes a dispute.

        The money of a won dispute comes `lag` seconds after the decision, or so long before it when that is negative.
        """
        core, inquiry = self._core, row["status"].startswith("warning")
        if row["status"] not in OPEN:
            raise refused(f"This dispute is already closed: its status is {row['status']}.")
        charge = core.must(row["charge"])
        if inquiry and not won:
            self._escalate(row, charge)
        elif won and lag < 0:
            self.move(row, charge, won)
            core.timeline.at(core.now() - lag, "dispute.decide", row)
        else:
            self._decide(row, charge, won, lag)

    def decide_later(self, row: Row) -> None:
        """Unless somebody has decided it meanwhile."""
        if row["status"] in OPEN:
            self._decide(row, self._core.must(row["charge"]), won=True, lag=0)

    def _decide(self, row: Row, charge: Row, won: bool, lag: int) -> None:
        core, before = self._core, {"status": row["status"]}
        inquiry, moved = row["status"].startswith("warning"), len(row["balance_transactions"])
        row["status"] = "warning_closed" if inquiry else "won" if won else "lost"
        row["is_charge_refundable"] = won
        if lag:
            core.timeline.at(core.now() + lag, "dispute.move_money", row, charge, won)
        else:
            self._post(row, charge, won)
        core.changed(row)
        core.emit("charge.dispute.closed", row, before)
        self._tell_of_money(row, row["balance_transactions"][:moved])

    def appeal(self, row: Row, under_review: bool = False) -> None:
        """A decided dispute is opened again."""
        core, before = self._core, {"status": row["status"]}
        if row["status"] not in {"won", "lost"}:
            raise refused(f"This dispute cannot be appealed: its status is {row['status']}.")
        row["status"] = "appeal_under_review" if under_review else "appeal_needs_response"
        row["is_charge_refundable"] = False
        moved = row["balance_transactions"]
        if core.switches["appeal_moves_funds"] == "opening":
            self._post(row, core.must(row["charge"]), won=False)
        core.changed(row)
        core.emit("charge.dispute.updated", row, before)
        self._tell_of_money(row, moved)

    def _escalate(self, row: Row, charge: Row) -> None:
        before = {"status": row["status"]}
        row.update(status="needs_response", is_charge_refundable=False)
        self._withdraw(row, charge)
        self._core.changed(row)
        self._core.emit("charge.dispute.updated", row, before)
        self._tell_of_money(row, [])

    def move(self, row: Row, charge: Row, won: bool) -> None:
        """Money that moves apart from the decision."""
        before = row["balance_transactions"]
        self._post(row, charge, won)
        self._core.changed(row)
        self._tell_of_money(row, before)

    def _post(self, row: Row, charge: Row, won: bool) -> None:
        """Give back what a won dispute has taken, or take what a lost one has given back; nothing else."""
        entries = row["balance_transactions"]
        outside = bool(entries) and entries[-1]["reporting_category"] == "dispute"
        if won and outside:
            self._enter(row, charge, row.hidden["taken"], -FEE, "dispute_reversal", "reversal")
        elif not won and not outside:
            self._withdraw(row, charge)

    def _tell_of_money(self, row: Row, before: list[Row]) -> None:
        """An event for each movement since."""
        for entry in row["balance_transactions"][len(before) :]:
            taken = entry["reporting_category"] == "dispute"
            kind = "charge.dispute.funds_withdrawn" if taken else "charge.dispute.funds_reinstated"
            self._core.emit(kind, row)

    def _withdraw(self, row: Row, charge: Row) -> None:
        self._enter(row, charge, -row.hidden["taken"], FEE, "dispute", "withdrawal")

    def _enter(self, row: Row, charge: Row, amount: int, fee: int, category: str, word: str) -> None:
        """At once, and from the available balance, which may go below zero."""
        entry = self._ledger.post(
            row,
            "adjustment",
            amount,
            fee=fee,
            fee_text="Dispute fee",
            category=category,
            currency=charge["currency"],
            description=f"Chargeback {word} for {charge['id']}",
        )
        row["balance_transactions"] = [*row["balance_transactions"], entry]

    def _fields(self, charge: Row, reason: str, case_type: str) -> dict[str, Any]:
        now, code = self._core.now(), REASON_CODES.get(reason)
        return {
            "id": self._core.ids.sibling("du", of=charge["id"]),
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
            "is_charge_refundable": case_type in {"inquiry", "block"},
            "livemode": False,
            "metadata": {},
            "network_reason_code": code,
            "payment_intent": charge["payment_intent"],
            "payment_method_details": _details(charge, case_type, code),
            "reason": reason,
            "status": STATUS[case_type],
        }


def _details(charge: Row, case_type: str, code: str | None) -> dict[str, Any] | None:
    """Of a card; Stripe says nothing of the kind about bank debits."""
    card = charge["payment_method_details"].get("card")
    if card is None:
        return None
    names = {"brand": card["brand"], "network": card["brand"]}
    return {"card": names | {"case_type": case_type, "network_reason_code": code}, "type": "card"}
