"""The lines of a statement, made of balance transactions that were read with the objects that caused them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from backend.domain.membership import named_payments
from backend.domain.metadata import COACH_ACCOUNT_ID, COACH_ID, COACH_NAME, PAYMENT, Purchase
from backend.domain.namespace import Namespace
from backend.domain.placeholders import real_name, real_player_id
from backend.domain.statement import PLATFORM, Kind, Line, Sold, kind_of
from backend.services.errors import UnreadablePayment
from backend.services.reads import id_of, metadata_of, purchase_of

# The object, and what says whose it is: a charge's, refund's or dispute's payment, that of a transfer's charge, a reversal's
# transfer.
EXPAND = [
    "data.source",
    "data.source.payment_intent",
    "data.source.source_transaction.payment_intent",
    "data.source.transfer",
]

_OF_PLAYERS = frozenset(
    [Kind.SALE, Kind.SALE_RETURNED, Kind.REFUND, Kind.REFUND_RETURNED, Kind.DISPUTE, Kind.DISPUTE_RETURNED]
)
_OF_COACHES = frozenset([Kind.TRANSFER, Kind.TRANSFER_BACK])


class Entries:
    """Makes lines of entries, and remembers by the way which account is whose."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._sold: dict[str, Sold] = {}
        self._coach_of_account: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def line(self, entry: Any) -> Line:
        """The line of one balance transaction of the platform's."""
        kind = kind_of(entry.type, entry.reporting_category)
        made = _line(entry, kind)
        source = entry.source if entry.source is not None and not isinstance(entry.source, str) else None
        if source is None:
            return made
        if kind in _OF_PLAYERS:
            return self._of_player(made, source)
        return self._of_coach(made, source) if kind in _OF_COACHES else made

    def joined(self, lines: Iterable[Line]) -> list[Line]:
        """The lines with what others tell of the same payment or account: a transfer's player, a coach's name."""
        return [self._joined(line) for line in lines]

    def _of_player(self, line: Line, source: Any) -> Line:
        sold = self.remember(getattr(source, "payment_intent", None))
        if sold is None:
            return replace(line, kind=Kind.OTHER)
        return replace(line, sold=sold if line.kind == Kind.SALE else _undivided(sold))

    def remember(self, intent: Any) -> Sold | None:
        """The purchase of a payment, known from now on; None for one that was not sold here, or not read."""
        if intent is None or isinstance(intent, str):
            return None
        sold = self._sold_by(intent)
        if sold is not None:
            self._sold[intent.id] = _undivided(sold)
            self._names.setdefault(sold.coach_id, sold.coach_name)
        return sold

    def _sold_by(self, intent: Any) -> Sold | None:
        """The purchase; of a damaged one as much as can be read."""
        metadata = metadata_of(intent)
        try:
            purchase = purchase_of(intent, self._namespace)
        except UnreadablePayment:
            return Sold(metadata.get(COACH_ID, ""), metadata.get(COACH_NAME, ""), payment_id=intent.id)
        if purchase is None:
            return None
        account_id = metadata.get(COACH_ACCOUNT_ID)
        if account_id:
            self._coach_of_account[account_id] = purchase.coach_id
        return _sold(intent, purchase)

    def _of_coach(self, line: Line, source: Any) -> Line:
        """A transfer, or a reversal with its transfer."""
        transfer = source if source.object == "transfer" else getattr(source, "transfer", None)
        if transfer is None or isinstance(transfer, str):
            return line
        self.remember(getattr(transfer.source_transaction, "payment_intent", None))
        metadata = metadata_of(transfer)
        account_id = str(id_of(transfer.destination))
        if self._namespace.is_anothers(metadata):
            return replace(line, kind=Kind.OTHER, account_id=account_id)
        coach_id = metadata.get(COACH_ID, "")
        if coach_id:
            self._coach_of_account[account_id] = coach_id
        payment_id = id_of(getattr(transfer.source_transaction, "payment_intent", None)) or _payment_of(metadata)
        return replace(line, account_id=account_id, sold=Sold(coach_id, payment_id=payment_id))

    def _joined(self, line: Line) -> Line:
        if line.kind not in _OF_COACHES:
            return line
        known = self._sold.get(line.sold.payment_id)
        if known is not None:
            return replace(line, sold=known)
        coach_id = line.sold.coach_id or self._coach_of_account.get(line.account_id, "")
        return replace(line, sold=replace(line.sold, coach_id=coach_id, coach_name=self._names.get(coach_id, "")))


def _undivided(sold: Sold) -> Sold:
    """The purchase for a line that is not its sale."""
    return replace(sold, fee=None, share=None)


def payout_line(entry: Any, account_id: str) -> Line:
    """The line of a payout, from a coach's own books."""
    return replace(_line(entry, kind_of(entry.type, entry.reporting_category)), books=account_id, account_id=account_id)


def _line(entry: Any, kind: Kind) -> Line:
    # A fee with a line of its own is told as a fee, not as an amount.
    is_fee = kind == Kind.STRIPE_FEE
    return Line(
        entry_id=entry.id,
        at=entry.created,
        kind=kind,
        source_id=id_of(entry.source) or "",
        currency=entry.currency,
        amount=0 if is_fee else entry.amount,
        stripe_fee=entry.fee - entry.amount if is_fee else entry.fee,
        books=PLATFORM,
    )


def _sold(intent: Any, purchase: Purchase) -> Sold:
    split = purchase.rate.split(intent.amount)
    offer = purchase.offer
    what = f"{offer.sport} {offer.package_type}" + (f" {offer.package_id}" if offer.package_id is not None else "")
    return Sold(
        purchase.coach_id,
        purchase.coach_name,
        real_name(purchase.player_name) or real_player_id(purchase.player_id) or "",
        what,
        intent.id,
        split.fee,
        split.share,
    )


def _payment_of(metadata: Mapping[str, str]) -> str:
    """The one payment that a transfer's metadata names; empty where it names none, or several."""
    named = {metadata[PAYMENT]} if metadata.get(PAYMENT, "").startswith("pi_") else named_payments(metadata)
    return next(iter(named)) if len(named) == 1 else ""
