"""A statement as CSV, and its sums in words: for the command, and for the page that shows the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from backend.domain.csv_text import Figure, csv_text
from backend.domain.money import decimal_text, format_money
from backend.domain.statement import Kind, Line, Statement

HEAD = (
    "time_utc",
    "kind",
    "coach_id",
    "coach_name",
    "player",
    "bought",
    "payment",
    "object",
    "currency",
    "amount",
    "stripe_fee",
    "net",
    "platform_fee",
    "coach_share",
    "books",
    "account",
    "balance_transaction",
)

# In the words of a person who keeps books.
NAMES = {
    Kind.SALE: "Sales",
    Kind.SALE_RETURNED: "Sales that the bank took back",
    Kind.REFUND: "Refunds",
    Kind.REFUND_RETURNED: "Refunds that failed",
    Kind.DISPUTE: "Disputes",
    Kind.DISPUTE_RETURNED: "Disputes won",
    Kind.TRANSFER: "Transfers to coaches",
    Kind.TRANSFER_BACK: "Taken back from coaches",
    Kind.STRIPE_FEE: "Other fees of Stripe's",
    Kind.PAYOUT: "Payouts to the bank",
    Kind.PAYOUT_RETURNED: "Payouts that failed",
    Kind.OTHER: "Not of this backend",
}

# The same of one line.
LINES = {
    Kind.SALE: "Sale",
    Kind.SALE_RETURNED: "Sale that the bank took back",
    Kind.REFUND: "Refund",
    Kind.REFUND_RETURNED: "Refund that failed",
    Kind.DISPUTE: "Dispute",
    Kind.DISPUTE_RETURNED: "Dispute won",
    Kind.TRANSFER: "Transfer to the coach",
    Kind.TRANSFER_BACK: "Taken back from the coach",
    Kind.STRIPE_FEE: "Fee of Stripe's",
    Kind.PAYOUT: "Payout to the bank",
    Kind.PAYOUT_RETURNED: "Payout that failed",
    Kind.OTHER: "Not of this backend",
}


def statement_csv(statement: Statement) -> str:
    """The lines as CSV: amounts in units of the currency, below zero where money leaves the balance."""
    return csv_text(HEAD, (_row(line) for line in statement.lines))


def _row(line: Line) -> tuple[str, ...]:
    sold = line.sold

    def figure(amount: int | None) -> Figure:
        return Figure("" if amount is None else decimal_text(amount, line.currency))

    return (
        f"{datetime.fromtimestamp(line.at, UTC):%Y-%m-%dT%H:%M:%SZ}",
        str(line.kind),
        sold.coach_id,
        sold.coach_name,
        sold.player,
        sold.what,
        sold.payment_id,
        line.source_id,
        line.currency.upper(),
        figure(line.amount),
        figure(line.stripe_fee),
        figure(line.net),
        figure(sold.fee),
        figure(sold.share),
        line.books,
        line.account_id,
        line.entry_id,
    )


def summary(statement: Statement) -> Iterator[str]:
    """The sums, a line each, and how far the look went."""
    whose = "all coaches" if statement.coach_id is None else f"the coach {statement.coach_id}"
    yield f"{statement.month}, {whose}: {len(statement.lines)} lines, from 00:00 UTC of the first day to the next month's."
    if not statement.lines:
        yield "Nothing was booked in this month."
    for currency in statement.currencies:
        for kind, total in statement.totals(currency).items():
            fee = f", Stripe's fee {format_money(total.stripe_fee, currency)}" if total.stripe_fee else ""
            yield f"  {NAMES[kind]}: {total.count}, {format_money(total.amount, currency)}{fee}"
        if statement.coach_id is None:
            yield f"  Stays with the platform: {format_money(statement.stays(currency), currency)}"
    yield from statement.remarks
