"""A month's statement: the lines of Stripe's books by what they are, and their sums. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from backend.domain.months import Month


class Kind(StrEnum):
    """The meaning of a line. The order is that of a statement."""

    SALE = "sale"  # a player paid
    SALE_RETURNED = "sale_returned"  # the bank took a debit back that had succeeded
    REFUND = "refund"  # a player was given money back
    REFUND_RETURNED = "refund_returned"  # that refund failed: the platform has the money again
    DISPUTE = "dispute"  # the player's bank took money
    DISPUTE_RETURNED = "dispute_returned"  # it gave it back
    TRANSFER = "transfer"  # a coach was sent money
    TRANSFER_BACK = "transfer_back"  # it came back from the coach
    STRIPE_FEE = "stripe_fee"  # a fee with a line of its own
    PAYOUT = "payout"  # money left for the bank
    PAYOUT_RETURNED = "payout_returned"  # the bank sent it back
    OTHER = "other"  # not of this backend's business, but in the same books


# Whose balance moves: the platform's, or the coach's own.
PLATFORM = "platform"

# By the type of the balance transaction. https://docs.stripe.com/reports/balance-transaction-types
_KINDS = {
    "charge": Kind.SALE,
    "payment": Kind.SALE,
    "payment_failure_refund": Kind.SALE_RETURNED,
    "payment_reversal": Kind.SALE_RETURNED,
    "refund": Kind.REFUND,
    "payment_refund": Kind.REFUND,
    "refund_failure": Kind.REFUND_RETURNED,
    "transfer": Kind.TRANSFER,
    "transfer_refund": Kind.TRANSFER_BACK,
    "transfer_failure": Kind.TRANSFER_BACK,
    "transfer_cancel": Kind.TRANSFER_BACK,
    "stripe_fee": Kind.STRIPE_FEE,
    "stripe_fx_fee": Kind.STRIPE_FEE,
    "tax_fee": Kind.STRIPE_FEE,
    "payout": Kind.PAYOUT,
    "payout_failure": Kind.PAYOUT_RETURNED,
    "payout_cancel": Kind.PAYOUT_RETURNED,
}
# An adjustment says by its category what it is for.
_ADJUSTMENTS = {"dispute": Kind.DISPUTE, "dispute_reversal": Kind.DISPUTE_RETURNED}


def kind_of(entry_type: str, category: str) -> Kind:
    """The meaning of a balance transaction, by its type and reporting category."""
    if entry_type == "adjustment":
        return _ADJUSTMENTS.get(category, Kind.OTHER)
    return _KINDS.get(entry_type, Kind.OTHER)


@dataclass(frozen=True)
class Sold:
    """The purchase behind a line, as far as it is known; texts are empty where it is not.

    ``fee`` and ``share``: the division of the whole price, in minor units, as it was agreed at the purchase; only on the
    line of the sale. Refunds and disputes change it later, and have lines of their own.
    """

    coach_id: str = ""
    coach_name: str = ""
    player: str = ""
    what: str = ""
    payment_id: str = ""
    fee: int | None = None
    share: int | None = None


@dataclass(frozen=True)
class Line:
    """One balance transaction. ``at``: unix second. ``amount`` and ``stripe_fee`` in minor units of ``currency``; an
    amount below zero leaves the balance. ``books``: the balance that moves, the platform's or that of an account.
    ``account_id``: the coach's account that money went to or came from.
    """

    entry_id: str
    at: int
    kind: Kind
    source_id: str
    currency: str
    amount: int
    stripe_fee: int = 0
    books: str = PLATFORM
    account_id: str = ""
    sold: Sold = Sold()

    @property
    def net(self) -> int:
        """The change of the balance."""
        return self.amount - self.stripe_fee


@dataclass
class Total:
    """The sum of some lines: how many, their amounts and Stripe's fees, in minor units."""

    count: int = 0
    amount: int = 0
    stripe_fee: int = 0

    @property
    def net(self) -> int:
        """The change of the balance."""
        return self.amount - self.stripe_fee

    def add(self, line: Line) -> None:
        """Count one more line."""
        self.count += 1
        self.amount += line.amount
        self.stripe_fee += line.stripe_fee


@dataclass(frozen=True)
class Statement:
    """The lines of a month, oldest first. ``coach_id``: None for all coaches. ``remarks``: how far the look went."""

    month: Month
    coach_id: str | None
    lines: tuple[Line, ...]
    remarks: tuple[str, ...] = ()

    @property
    def currencies(self) -> list[str]:
        """The currencies that moved."""
        return sorted({line.currency for line in self.lines})

    def totals(self, currency: str) -> dict[Kind, Total]:
        """The sums by kind, in the order of ``Kind``; only kinds that occur."""
        return _totals(line for line in self.lines if line.currency == currency)

    def stays(self, currency: str) -> int:
        """The change of the platform's balance before payouts to its own bank, in minor units."""
        payouts = (Kind.PAYOUT, Kind.PAYOUT_RETURNED)
        own = (one for one in self.lines if one.books == PLATFORM and one.currency == currency)
        return sum(line.net for line in own if line.kind not in payouts)


def _totals(lines: Iterable[Line]) -> dict[Kind, Total]:
    found: defaultdict[Kind, Total] = defaultdict(Total)
    for line in lines:
        found[line.kind].add(line)
    return {kind: found[kind] for kind in Kind if kind in found}


def in_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines, oldest first, each once; those of one second in the order of ``Kind``."""
    each: Mapping[str, Line] = {line.entry_id: line for line in lines}
    ranks = {kind: rank for rank, kind in enumerate(Kind)}
    return tuple(sorted(each.values(), key=lambda line: (line.at, ranks[line.kind], line.entry_id)))
