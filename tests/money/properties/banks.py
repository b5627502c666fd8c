"""Banks, cardholders and Stripe: debits, disputes of every kind, and refunds that wait, fail or are called back."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.money.properties.stage import HOUR, RandomHistory

payments = st.integers(0, 7)


class Banks(RandomHistory):
    """Their rules."""

    @rule(index=payments, act=st.sampled_from(["arrive", "arrive", "refuse", "bounce", "warn"]))
    def answer_debit(self, index: int, act: str) -> None:
        """The bank pays a debit, refuses it, takes one back that had been paid, or suspects fraud."""
        sale = self.pick(index)
        if sale is None:
            return
        charge = self.books.row(sale.payment_id)["latest_charge"]
        if act == "warn":
            self.call_control("/early_fraud_warnings", {"charge": charge})
            return
        if act == "bounce":
            self.call_control(f"/charges/{charge}/bounce")
        else:
            self.call_control(f"/payment_intents/{sale.payment_id}/settle", {"succeeded": act == "arrive"})

    @rule(
        index=payments,
        case_type=st.sampled_from(["chargeback", "chargeback", "inquiry", "block", "resolution"]),
        amount=st.none() | st.integers(1, 7000),
        taken=st.none() | st.integers(1, 7000),
        currency=st.sampled_from([None, None, None, "usd"]),
    )
    def dispute(self, index: int, case_type: str, amount: int | None, taken: int | None, currency: str | None) -> None:
        """The cardholder complains: asks, or takes back the whole, a part, or a little more."""
        sale = self.pick(index)
        if sale:
            given = {"amount": amount, "taken": taken, "currency": currency}
            body = {name: value for name, value in given.items() if value is not None}
            charge = self.books.row(sale.payment_id)["latest_charge"]
            self.call_control("/disputes", {"charge": charge, "case_type": case_type, **body})

    @rule(
        which=payments,
        act=st.sampled_from(["win", "win", "lose", "appeal"]),
        lag=st.sampled_from([0, 0, HOUR, 30 * HOUR, -HOUR]),
    )
    def decide_dispute(self, which: int, act: str, lag: int) -> None:
        """The bank decides, at once or with the money before or after; or is asked again."""
        disputes = self.books.rows("disputes")
        if disputes:
            body: dict[str, Any] = {"lag": lag} if act == "win" else {}
            self.call_control(f"/disputes/{disputes[which % len(disputes)]['id']}/{act}", body)

    @rule(
        which=payments,
        act=st.sampled_from(["succeed", "fail", "fail", "cancel"]),
        after=st.sampled_from([0, 30 * HOUR]),
    )
    def end_refund(self, which: int, act: str, after: int) -> None:
        """A refund comes to its end, even one that was made long ago."""
        refunds = self.books.rows("refunds")
        if refunds:
            body = {"after": after} if act == "fail" else {}
            self.call_control(f"/refunds/{refunds[which % len(refunds)]['id']}/{act}", body)
