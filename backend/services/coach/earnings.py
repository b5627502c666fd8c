"""The earnings of a coach, for the coach's own screen: what was sent, what of it is still held, and what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import stripe
import structlog

from backend.domain.access import Caller
from backend.domain.membership import named_payments
from backend.domain.metadata import (
    COACH_KEY,
    PACKAGE_ID,
    PACKAGE_TYPE,
    PAYMENT,
    PLAYER_ID,
    PLAYER_NAME,
    SETTLEMENT,
    SPORT,
)
from backend.domain.namespace import is_marked
from backend.domain.placeholders import real_name, real_player_id
from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services.coach.onboarding import NO_SUCH_COACH
from backend.services.coach.registry import Registry
from backend.services.errors import NotFound, UnreadablePayment
from backend.services.reads import PAGE, Payment, captured, id_of, metadata_of, payment_of
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

_MOST_PAGES = 10
# "data" and two steps: https://docs.stripe.com/api/expanding_objects allows four.
_EXPAND = ["data.source_transaction.payment_intent"]


@dataclass(frozen=True)
class Earning:
    """One transfer, and the metadata of the purchase that it is for: empty where the transfer does not lead to one."""

    transfer: stripe.Transfer
    payment_id: str | None
    sold: dict[str, str]
    customer: str | None = None
    description: str | None = None

    @property
    def transfer_id(self) -> str:
        """The transfer's id."""
        return self.transfer.id

    @property
    def about(self) -> dict[str, str | None]:
        """The purchase, in the screens' words."""
        return {
            "payment_intent_id": self.payment_id,
            "player_id": real_player_id(self.sold.get(PLAYER_ID)),
            "player_name": real_name(self.sold.get(PLAYER_NAME)),
            "sport": self.sold.get(SPORT),
            "package_type": self.sold.get(PACKAGE_TYPE),
            "package_id": self.sold.get(PACKAGE_ID),
        }

    @property
    def player(self) -> str | None:
        """The buyer: the player, else the customer at Stripe, who is one for each email address; None if unknown."""
        return real_player_id(self.sold.get(PLAYER_ID)) or self.customer

    @property
    def kept(self) -> int:
        """The part that the coach still has, in minor units."""
        kept: int = self.transfer.amount - self.transfer.amount_reversed
        return kept


@dataclass(frozen=True)
class Earnings:
    """All transfers, newest first, and what waits. ``partial``: not everything could be looked at."""

    currency: str
    transfers: list[Earning] = field(default_factory=list)
    pending: Counter[str] = field(default_factory=Counter)
    partial: bool = False

    @property
    def summary(self) -> dict[str, Any]:
        """The totals of all transfers, in minor units of ``currency``; what is held of others stands apart."""
        kept: Counter[str] = Counter()
        for earning in self.transfers:
            kept[earning.transfer.currency] += earning.kept
        return {
            "total_earnings": kept[self.currency],
            "pending_earnings": self.pending[self.currency],
            "total_customers": len({one.player for one in self.transfers} - {None}),
            "total_transfers": len(self.transfers),
            "currency": self.currency,
            "earnings_by_currency": dict(kept),
            "partial": self.partial,
        }


class CoachTransfers:
    """Reads earnings. ``currency`` is the one that the catalogue sells in: the totals are in it."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, currency: str) -> None:
        self._client = client
        self._namespace = namespace_of(client)
        self._registry = registry
        self._currency = currency

    def read(self, coach_id: str, caller: Caller) -> Earnings:
        """The coach's earnings. Raises ``NotFound`` unless the caller is the coach or an admin.

        Costs three calls for the first hundred transfers and one for each further hundred, up to ten pages. A coach who
        was bound to several accounts costs two more for each: money on a former account is the coach's too.
        """
        if not caller.is_coach(coach_id):
            raise NotFound(NO_SUCH_COACH)
        accounts = self._registry.accounts_of(coach_id)
        if not accounts:
            return Earnings(self._currency)
        transfers, whole = self._transfers(accounts)
        pending, all_found = self._pending(coach_id, transfers)
        return Earnings(self._currency, transfers, pending, partial=not (whole and all_found))

    def _transfers(self, accounts: list[str]) -> tuple[list[Earning], bool]:
        listed: list[stripe.Transfer] = []
        whole = True
        for account_id in accounts:
            params: Any = {"destination": account_id, "limit": PAGE, "expand": _EXPAND}
            page = self._client.v1.transfers.list(params)
            listed += page.data
            for _ in range(_MOST_PAGES - 1):
                if not page.has_more:
                    break
                page = page.next_page()
                listed += page.data
            whole = whole and not page.has_more
        return _explained(sorted(listed, key=lambda one: -one.created)), whole

    def _pending(self, coach_id: str, transfers: list[Earning]) -> tuple[Counter[str], bool]:
        """The money that waits, by currency, and True if all of it was found. With Search down, nothing is."""
        held: Counter[str | None] = Counter()
        for earning in transfers:
            held[earning.payment_id] += earning.kept
        pending: Counter[str] = Counter()
        whole = True
        for coach_key in self._namespace.registry_ids(coach_id):
            try:
                intents, more = self._noted(coach_key)
            except stripe.StripeError as error:
                log.warning("search.failed", kind=type(error).__name__)
                return pending, False
            whole = whole and not more
            for intent in intents:
                pending[intent.currency] += self._waiting(intent, held[intent.id])
        return pending, whole

    def _noted(self, coach_key: str) -> tuple[list[stripe.PaymentIntent], bool]:
        query = f'metadata["{COACH_KEY}"]:"{coach_key}" AND -metadata["{SETTLEMENT}"]:null'
        page = self._client.v1.payment_intents.search({"query": query, "limit": PAGE, "expand": ["data.latest_charge"]})
        found = list(page.data)
        for _ in range(_MOST_PAGES - 1):
            if not page.has_more:
                break
            page = page.next_search_result_page()
            found += page.data
        return found, bool(page.has_more)

    def _waiting(self, intent: stripe.PaymentIntent, held: int) -> int:
        """The amount that the coach is still to get of a payment that carries a note, in minor units.

        The note may be as old as Search is; the charge is read now, and so are the transfers.
        """
        try:
            payment = payment_of(intent, self._namespace)
        except UnreadablePayment:
            return 0
        note = payment.note if payment is not None else None
        if payment is None or payment.charge is None or payment.is_manual or note is None:
            return 0
        if payment.charge.disputed:
            # Whether the bank or the coach gets it only the dispute says; what settle last reckoned is in its note.
            return note.amount or 0 if note.kind == MoneyState.HELD and note.reason != Reason.CLAWBACK_PENDING else 0
        return max(0, _share(payment) - held)


def _share(payment: Payment) -> int:
    charge: Any = payment.charge
    kept = max(0, captured(charge) - charge.amount_refunded)
    return payment.purchase.rate.split(kept).share


def _explained(transfers: Iterable[stripe.Transfer]) -> list[Earning]:
    """Each transfer with its purchase, also where only another transfer of the same payment leads to that."""
    earnings = [_earning(transfer) for transfer in transfers]
    known = {one.payment_id: one for one in earnings if one.payment_id and one.sold}
    return [_known_by(one, known.get(one.payment_id or "")) for one in earnings]


def _known_by(earning: Earning, other: Earning | None) -> Earning:
    """The transfer with what another one of its payment tells of the purchase, if it tells nothing by itself."""
    if earning.sold or other is None:
        return earning
    return Earning(earning.transfer, earning.payment_id, other.sold, other.customer, other.description)


def _earning(transfer: stripe.Transfer) -> Earning:
    source: Any = transfer.source_transaction
    metadata = metadata_of(transfer)
    if source is None or isinstance(source, str):
        return Earning(transfer, _named(transfer), {}, description=transfer.description)
    intent = source.payment_intent
    sold = metadata_of(source) if intent is None or isinstance(intent, str) else metadata_of(intent)
    payment_id = id_of(intent) or metadata.get(PAYMENT)
    return Earning(transfer, payment_id, dict(sold), id_of(source.customer), transfer.description or source.description)


def _named(transfer: stripe.Transfer) -> str | None:
    """The one payment that a transfer without a source names."""
    metadata = metadata_of(transfer)
    if is_marked(metadata) and PAYMENT in metadata:
        return metadata[PAYMENT]
    named = named_payments(metadata)
    return next(iter(named)) if len(named) == 1 else None
