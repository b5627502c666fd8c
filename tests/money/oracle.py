"""The invariants, checked on Stripe's own books and never on the backend's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.builders import Marketplace

_HARMLESS = {"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"}


@dataclass(frozen=True)
class Books:
    """One payment in Stripe's books: captured, refunded, disputed, and what the coach holds (minor units)."""

    payment_id: str
    captured: int
    refunded: int
    disputed: int
    held: int
    percent: int
    destinations: frozenset[str]

    @property
    def target(self) -> int:
        """The share that the coach should hold: the kept amount less the fee, which is rounded half up."""
        kept = max(0, self.captured - self.refunded - self.disputed)
        return kept - (kept * self.percent + 50) // 100

    @property
    def ceiling(self) -> int:
        """The most that the coach may hold, at any moment."""
        return self.captured - (self.captured * self.percent + 50) // 100


def books_of(market: Marketplace) -> list[Books]:
    """Every paid payment of the marketplace."""
    transfers, refunds, disputes = (market.all(kind) for kind in ("transfers", "refunds", "disputes"))
    return [
        _books(charge, transfers, refunds, disputes)
        for charge in market.all("charges")
        if charge["status"] == "succeeded" and "app" in charge["metadata"]
    ]


def _books(charge: Any, transfers: list[Any], refunds: list[Any], disputes: list[Any]) -> Books:
    payment_id = charge["payment_intent"]
    mine = [
        t
        for t in transfers
        if t["source_transaction"] == charge["id"] or t["metadata"].get("paymentIntentId") == payment_id
    ]
    gone = [r for r in refunds if r["charge"] == charge["id"] and r["status"] not in ("failed", "canceled")]
    taken = [d for d in disputes if d["charge"] == charge["id"] and d["status"] not in _HARMLESS]
    return Books(
        payment_id=payment_id,
        captured=charge["amount_captured"],
        refunded=sum(refund["amount"] for refund in gone),
        disputed=sum(dispute["amount"] for dispute in taken),
        held=sum(t["amount"] - t["amount_reversed"] for t in mine),
        percent=int(charge["metadata"]["feePercent"]),
        destinations=frozenset(t["destination"] for t in mine),
    )


def check_always(market: Marketplace) -> None:
    """At every moment: never over-paid, never over-refunded, one payee a payment, one customer an address."""
    for books in books_of(market):
        assert 0 <= books.held <= books.ceiling, books
        assert books.refunded <= books.captured, books
        assert len(books.destinations) <= 1, books
    emails = [customer["email"] for customer in market.all("customers")]
    assert len(emails) == len(set(emails)), emails


def check_at_rest(market: Marketplace) -> None:
    """Check a world at rest, delivered and swept: settled exactly, or waiting for a reason that is true."""
    for books in books_of(market):
        if books.held == books.target:
            continue
        note = market.note(books.payment_id) or ""
        if books.held > books.target:
            assert note.startswith("held:clawback_pending:"), (books, note)
            assert int(note.split(":")[-1]) == books.held - books.target, (books, note)
        elif note.startswith("held:platform_balance:"):
            # A won dispute is paid again from the balance, which a lost one, or the bank's fees, may have emptied.
            assert market.available() < books.target - books.held, (books, note)
        else:
            assert note.startswith(("held:no_account:", "held:coach_not_ready:")), (books, note)
            assert not market.is_payable(books.payment_id), (books, note)
