"""Payouts of an account's available funds to its bank, at midnight UTC of the days that its schedule names."""

from typing import Any

from ..wire.errors import invalid
from .core import Core
from .ledger import Ledger, midnight
from .schedules import next_payout
from .store import Row

# A daily payout leaves within the hour and arrives on the next day; weekends are not modelled.
IN_TRANSIT_AFTER = 3600
# Stripe's codes; the words are our own where no source quotes Stripe's.
FAILURE = {
    "account_closed": "The bank account has been closed.",
    "account_frozen": "The bank account has been frozen.",
    "bank_account_restricted": "The bank account has restrictions on payouts.",
    "bank_ownership_changed": "The bank account has changed its owner.",
    "could_not_process": "The bank could not process this payout.",
    "debit_not_authorized": "Debits from the bank account are not authorized.",
    "declined": "The bank has declined this payout.",
    "incorrect_account_holder_address": "The address of the account's holder is not what the bank has on file.",
    "incorrect_account_holder_name": "The name of the account's holder is not what the bank has on file.",
    "incorrect_account_holder_tax_id": "The tax id of the account's holder is not what the bank has on file.",
    "insufficient_funds": "Your Stripe account has insufficient funds to cover the payout.",
    "invalid_account_number": "The routing number seems correct, but the account number is invalid.",
    "invalid_currency": "The bank could not process the payout because of its currency.",
    "no_account": "The bank account details on file are probably incorrect. No bank account could be located with "
    "those details.",
    "unsupported_card": "The bank no longer supports payouts to this card.",
}


class Payouts:
    """Makes payouts and moves them along: pending, in transit, paid; or failed."""

    def __init__(self, core: Core, ledger: Ledger) -> None:
        self._core = core
        self._ledger = ledger
        # When each account is paid out next. A task for another time was overtaken by a change of schedule.
        self._expected: dict[str, int] = {}

    def dump(self) -> dict[str, int]:
        """The time of each account's next payout, to be saved."""
        return self._expected

    def load(self, saved: dict[str, int]) -> None:
        """Go on from what was saved."""
        self._expected = saved

    def expect(self, account: str) -> None:
        """Funds have become available, or the schedule has changed: pay out on the next day that it names."""
        due = self.next_of(account)
        if due is None or self._expected.get(account) == due:
            return
        self._expected[account] = due
        self._core.timeline.at(due, "account.pay_out", account, due)

    def make(self, account: str, amount: int, currency: str, **detail: Any) -> Row:
        """One payout of available funds. The caller has checked that they suffice."""
        core, now = self._core, self._core.now()
        arrival = midnight(now, 1)
        fields = _fields(core.ids.new("po"), amount, currency, now, arrival) | detail
        fields["destination"] = self._bank(account)
        row = core.add("payouts", account, fields)
        row["balance_transaction"] = self._ledger.post(row, "payout", -amount, description="STRIPE PAYOUT")["id"]
        core.emit("payout.created", row)
        core.timeline.at(min(now + IN_TRANSIT_AFTER, arrival), "payout.leave", row)
        core.timeline.at(arrival, "payout.arrive", row)
        return row

    def reverse(self, row: Row, metadata: dict[str, str]) -> Row:
        """Fetch a paid payout back: a payout of less than nothing, which takes as long."""
        core, now = self._core, self._core.now()
        arrival = midnight(now, 1)
        fields = _fields(core.ids.new("po"), -row["amount"], row["currency"], now, arrival)
        fields |= {"destination": row["destination"], "metadata": metadata, "original_payout": row["id"]}
        back = core.add("payouts", row.account, fields)
        entry = self._ledger.post(
            back,
            "payout",
            row["amount"],
            available_on=arrival,
            category="payout_reversal",
            description="STRIPE PAYOUT REVERSAL",
        )
        back["balance_transaction"] = entry["id"]
        row["reversed_by"] = back["id"]
        core.changed(row)
        core.emit("payout.created", back)
        core.timeline.at(arrival, "payout.arrive", back)
        return back

    def fail(self, row: Row, code: str) -> None:
        """The bank sends it back, possibly after it was paid: the money returns to the available balance."""
        if code not in FAILURE:
            raise invalid(f"Invalid failure_code: must be one of {', '.join(FAILURE)}", "failure_code")
        self._undo(row, "failed", "payout_failure", failure_code=code, failure_message=FAILURE[code])

    def cancel(self, row: Row) -> None:
        """Called back before it left."""
        self._undo(row, "canceled", "payout_cancel")

    def _undo(self, row: Row, status: str, kind: str, **fields: Any) -> None:
        row.update(status=status, **fields)
        back = self._ledger.post(row, kind, row["amount"], description="STRIPE PAYOUT RETURNED")
        row["failure_balance_transaction"] = back["id"]
        self._core.changed(row)
        self._core.emit(f"payout.{status}", row)

    def pay_out(self, account: str, due: int) -> None:
        """Pay out what is available, unless the schedule has changed since this was put off."""
        if self._expected.get(account) != due:
            return
        del self._expected[account]
        if self.next_of(account) is None:
            return
        for currency in self._ledger.currencies(account):
            amount = self._ledger.available(account, currency)
            if amount > 0:
                payout = self.make(account, amount, currency, automatic=True, reconciliation_status="completed")
                self._ledger.take_unpaid(payout)

    def leave(self, row: Row) -> None:
        """A payout is on its way to the bank."""
        if row["status"] == "pending":
            row["status"] = "in_transit"
            self._core.changed(row)
            self._core.emit("payout.updated", row, {"status": "pending"})

    def arrive(self, row: Row) -> None:
        """A payout is at the bank."""
        if row["status"] in {"pending", "in_transit"}:
            row["status"] = "paid"
            row["trace_id"] = {"status": "supported", "value": self._core.ids.text(15)}
            self._core.changed(row)
            self._core.emit("payout.paid", row)

    def next_of(self, account: str) -> int | None:
        """The time at which the account's schedule pays out next; None when it does not."""
        row = self._core.store.anywhere(account)
        if row is None or not row["payouts_enabled"]:
            return None
        return next_payout(row["settings"]["payouts"]["schedule"], self._core.now())

    def _bank(self, account: str) -> str | None:
        row = self._core.store.anywhere(account)
        banks = row["external_accounts"]["data"] if row else []
        return banks[0]["id"] if banks else None


def _fields(payout_id: str, amount: int, currency: str, now: int, arrival: int) -> dict[str, Any]:
    return {
        "id": payout_id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": False,
        "balance_transaction": None,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }
