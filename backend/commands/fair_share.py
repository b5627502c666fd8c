"""The fair share, worked out apart from the code that moves the money. ``flask demo`` and ``flask drill`` judge by it.

A check that asks the backend what is right finds nothing wrong. So this module imports the standard library alone: a
mistake in ``domain`` or ``services`` cannot reach it. The price comes from the catalogue file, the percentage from
its text, and what happened from Stripe's own objects.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

# Disputes that took nothing: inquiries, and what was prevented before any money moved.
_TOOK_NOTHING = ("warning_", "prevented")

# Reads Stripe: ``read("transfers", limit=100)``, as a connected account with ``account="acct_…"``.
Read = Callable[..., Any]


@dataclass(frozen=True)
class Terms:
    """The terms of one purchase, as written in the configuration. ``price`` in minor units."""

    price: int
    currency: str
    clips: int
    days: int
    fee_percent: str

    def share_of(self, kept: int) -> int:
        """The coach's share of what is kept of the price: all but the fee, which is rounded half up."""
        fee = (Decimal(kept) * Decimal(self.fee_percent) / 100).quantize(Decimal(1), ROUND_HALF_UP)
        return kept - int(fee)


def read_terms(catalogue: Path, sport: str, package_id: int, fee_percent: str, currency: str = "") -> Terms:
    """The terms of a package, from the catalogue file itself. Raises ``KeyError`` for what is not in it."""
    document = tomllib.loads(catalogue.read_text(encoding="utf-8"))
    prices = {name.casefold(): entry for name, entry in document["prices"].items()}
    contents = document["packages"][str(package_id)]
    return Terms(
        price=prices[sport.casefold()][str(package_id)],
        currency=(currency or document.get("currency", "cad")).strip().lower(),
        clips=contents["clips"],
        days=contents["days"],
        fee_percent=fee_percent,
    )


@dataclass(frozen=True)
class Books:
    """One payment in Stripe's own books, in minor units.

    ``received``: on this coach's account. ``sent``: to every account, by the platform's transfers of the payment.
    ``sources``: the ids of what moved the platform's money: charge, refunds, transfers and reversals.
    """

    captured: int
    currency: str
    paid_at: int
    refunded: int
    disputed: int
    received: int
    sent: int
    sources: tuple[str, ...] = ()

    @property
    def kept(self) -> int:
        """The part of the payment that was neither refunded nor disputed away."""
        return self.captured - self.refunded - self.disputed


def read_books(read: Read, payment_id: str, account_id: str) -> Books:
    """The books of a payment, for a coach who was sold only this one."""
    charge = read(f"payment_intents/{payment_id}", **{"expand[]": "latest_charge"})["latest_charge"]
    refunds = read("refunds", charge=charge["id"], limit=100)["data"]
    disputes = read("disputes", charge=charge["id"], limit=100)["data"]
    transfers = {one["id"]: one for one in read("transfers", destination=account_id, limit=100)["data"]}
    received = sum(map(_held, transfers.values()))
    if charge["transfer_group"]:
        group = read("transfers", transfer_group=charge["transfer_group"], limit=100)["data"]
        transfers.update({one["id"]: one for one in group})
    return Books(
        captured=charge["amount_captured"],
        currency=charge["currency"],
        paid_at=charge["created"],
        refunded=sum(one["amount"] for one in refunds if one["status"] not in ("failed", "canceled")),
        disputed=sum(map(_taken, disputes)),
        received=received,
        sent=sum(map(_held, transfers.values())),
        sources=(charge["id"], *(one["id"] for one in refunds), *_ids_of(transfers.values())),
    )


def _ids_of(transfers: Iterable[Any]) -> Iterator[str]:
    for one in transfers:
        yield one["id"]
        yield from (reversal["id"] for reversal in one["reversals"]["data"])


@dataclass(frozen=True)
class PlatformCut:
    """The platform's part of one payment by its balance transactions: Stripe's ``fee``, and the ``net`` that is left."""

    fee: int
    net: int
    currency: str


def read_cut(read: Read, books: Books) -> PlatformCut | None:
    """The platform's cut; None until Stripe has booked the charge."""
    entries = [entry for one in books.sources for entry in read("balance_transactions", source=one)["data"]]
    if not any(entry["source"] == books.sources[0] for entry in entries):
        return None
    fee, net = (sum(entry[name] for entry in entries) for name in ("fee", "net"))
    return PlatformCut(fee, net, entries[0]["currency"])


def compare_cut(terms: Terms, books: Books, cut: PlatformCut) -> list[Comparison]:
    """The platform's net, and that nothing of the price is missing: it is the coach's, the platform's, Stripe's or back."""
    kept = books.kept - terms.share_of(books.kept)
    whole = books.received + cut.net + cut.fee + books.refunded + books.disputed
    rows = [
        ("platform's net", kept - cut.fee, cut.net, "what it keeps less Stripe's fee; its balance transactions"),
        ("adds up to", terms.price, whole, "the price; coach + platform's net + Stripe's fee + player"),
    ]
    return [Comparison(*row, currency=terms.currency) for row in rows]


def _held(transfer: Any) -> int:
    return int(transfer["amount"] - transfer["amount_reversed"])


def _taken(dispute: Any) -> int:
    """The amount that a dispute took, by its own movements of money; the bank's fees are the platform's."""
    if dispute["balance_transactions"]:
        return -sum(int(entry["amount"]) for entry in dispute["balance_transactions"])
    return 0 if dispute["status"].startswith(_TOOK_NOTHING) else int(dispute["amount"])


def moved(entries: Iterable[Any]) -> int:
    """The sum of an account's balance transactions, without Stripe's fees and without what went to the bank."""
    return sum(entry["amount"] for entry in entries if not entry["type"].startswith("payout"))


@dataclass(frozen=True)
class Comparison:
    """Two values that have to be equal. ``sources`` says where the right one and the other come from.

    ``currency``: that of the values, if they are money in minor units.
    """

    name: str
    right: Any
    found: Any
    sources: str
    currency: str = ""

    @property
    def holds(self) -> bool:
        """True if they are equal."""
        return bool(self.right == self.found)


def compare_money(terms: Terms, books: Books) -> list[Comparison]:
    """The price, the coach's share of what is kept of it, and the platform's rest."""
    kept = terms.price - books.refunded - books.disputed
    share, percent = terms.share_of(kept), f"{terms.fee_percent}%"
    rows = [
        ("price", terms.price, books.captured, "the catalogue file; Stripe's charge"),
        ("coach has", share, books.received, f"what is kept less {percent}; Stripe's transfers"),
        ("platform keeps", kept - share, books.kept - books.sent, f"{percent} of what is kept; charge less transfers"),
    ]
    currency = Comparison("currency", terms.currency, books.currency, "the catalogue file; Stripe's charge")
    return [currency, *(Comparison(*row, currency=terms.currency) for row in rows)]


def compare_shown(terms: Terms, price: int, fee: int, share: int) -> list[Comparison]:
    """The fee breakdown that a front end was shown, in minor units."""
    right = terms.share_of(terms.price)
    rows = [
        ("price shown", terms.price, price, "the catalogue file; the backend's answer"),
        ("fee shown", terms.price - right, fee, f"{terms.fee_percent}%; the backend's answer"),
        ("share shown", right, share, "the price less the fee; the backend's answer"),
    ]
    return [Comparison(*row, currency=terms.currency) for row in rows]


def compare_session(terms: Terms, books: Books, session: Any) -> list[Comparison]:
    """The clips of a session, and how long it lasts from the payment on."""
    lasts = datetime.fromisoformat(session["sessionExpiry"]).timestamp() - books.paid_at
    right = timedelta(days=terms.days)
    return [
        Comparison("clips", terms.clips, session["clipsRemaining"], "the catalogue file; the session"),
        Comparison("lasts", right, timedelta(seconds=lasts), "the catalogue file; the session's end less the charge"),
    ]
