"""Which payments to settle: the one place that finds them, for a coach who became ready and for the sweep.

Stripe documents that an event can fail to be generated at all, so the sweep lists objects, in pages of 100,
and joins them here: a payment that balances costs a fiftieth of a call.
https://docs.stripe.com/webhooks/handle-irrecoverable-events
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import stripe
import structlog

from backend.domain.metadata import (
    COACH_KEY,
    PAYMENT,
    SETTLEMENT,
    Purchase,
    registry_id,
)
from backend.domain.settlement import MANUAL, Position, TransferRecord, read_note
from backend.services.reads import PAGE, disputed_by, every, id_of, metadata_of, purchase_of, refunded_by

log = structlog.get_logger(__name__)

_HOUR = 3_600
# Three pages: what Search cannot see yet is younger than that on all but the busiest platforms.
_MOST_EVENTS = 300

# What can change the money of an old payment without making an object that can be listed by its time.
_LATE_EVENTS = [
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
    "refund.failed",
    "transfer.reversed",
]


@dataclass(frozen=True)
class Waiting:
    """A coach's waiting payments, as far as they could be found. ``failure``: what Search raised, if it did."""

    payment_ids: list[str]
    failure: stripe.StripeError | None = None


def waiting_for(client: stripe.StripeClient, coach_id: str, now: int) -> Waiting:
    """A coach's payments that carry a note, oldest first, and then those that were paid within the last hour.

    Search lags, a minute as a rule and an hour at worst; what it may not see yet is among the newest events, of which
    a bounded number is read: the sweep finds the rest. With Search down, the events are looked at all the same.
    https://docs.stripe.com/search#data-freshness
    """
    coach_key = registry_id(coach_id)
    found: dict[str, int] = {}
    failure: stripe.StripeError | None = None
    try:
        found = _noted(client, coach_key)
    except stripe.StripeError as error:
        log.warning("search.failed", kind=type(error).__name__)
        failure = error
    noted = sorted(found, key=lambda payment_id: found[payment_id])
    recent: Any = {"type": "payment_intent.succeeded", "created": {"gte": now - _HOUR}, "limit": PAGE}
    newest = islice(client.v1.events.list(recent).auto_paging_iter(), _MOST_EVENTS)
    fresh = [
        event.data.object
        for event in newest
        if metadata_of(event.data.object).get(COACH_KEY) == coach_key and event.data.object.id not in found
    ]
    return Waiting(noted + [intent.id for intent in reversed(fresh)], failure)


@dataclass
class Sweep:
    """What a sweep found: how many payments it looked at, and those to settle, oldest first."""

    looked_at: int = 0
    to_settle: list[str] = field(default_factory=list)


def unbalanced_since(client: stripe.StripeClient, since: int, adopt: bool = False) -> Sweep:
    """The payments that do not balance or carry a note, from everything created since a unix second.

    The intents are listed first: what changes while the rest is read looks unbalanced, and settling what
    balances does nothing. ``adopt``: payments of the Node backend too.
    """
    created: Any = {"created": {"gte": since}, "limit": PAGE}
    paid: Any = {**created, "expand": ["data.latest_charge"]}
    intents = every(client.v1.payment_intents.list(paid))
    books = _Books(client, created)
    found = _noted(client, None)
    window = set()
    sweep = Sweep()
    for intent in intents:
        purchase = purchase_of(intent)
        if purchase is None or not (purchase.ours or adopt) or intent.status != "succeeded":
            continue
        sweep.looked_at += 1
        window.add(intent.id)
        if not books.balance(intent, purchase):
            found[intent.id] = intent.created
    older = books.payments() | _late(client, since)
    found.update(dict.fromkeys(older - window - set(found), 0))
    sweep.looked_at += len(set(found) - window)
    sweep.to_settle = sorted(found, key=lambda payment_id: (found[payment_id], payment_id))
    return sweep


class _Books:
    """Everything that moved since a moment, by payment."""

    def __init__(self, client: stripe.StripeClient, created: Any) -> None:
        self._refunds = _grouped(every(client.v1.refunds.list(created)), _payment_intent)
        self._disputes = _grouped(every(client.v1.disputes.list(created)), _payment_intent)
        transfers = every(client.v1.transfers.list(created))
        self._by_charge = _grouped(transfers, lambda transfer: id_of(transfer.source_transaction))
        self._by_payment = _grouped(transfers, lambda transfer: metadata_of(transfer).get(PAYMENT))

    def balance(self, intent: stripe.PaymentIntent, purchase: Purchase) -> bool:
        """Whether a paid intent of the same period balances and needs no further look."""
        note = read_note(metadata_of(intent).get(SETTLEMENT))
        if note is not None:
            return note.kind == MANUAL
        charge: Any = intent.latest_charge
        mine = {t.id: t for t in self._by_charge[charge.id] + self._by_payment[intent.id]}
        position = Position(
            captured=charge.amount_captured,
            refunded=refunded_by(self._refunds[intent.id]),
            disputed=disputed_by(self._disputes[intent.id], intent.currency),
            rate=purchase.rate,
            transfers=[TransferRecord(t.id, t.amount, t.amount_reversed, 0) for t in mine.values()],
        )
        return position.target == position.held

    def payments(self) -> set[str]:
        """Every payment that something since then belongs to, as far as it says so."""
        return {key for key in (*self._refunds, *self._disputes, *self._by_payment) if key is not None}


def _noted(client: stripe.StripeClient, coach_key: str | None) -> dict[str, int]:
    """Payments with a note that waits, of any age, with the second of their creation."""
    query = f'-metadata["{SETTLEMENT}"]:null'
    if coach_key is not None:
        query = f'metadata["{COACH_KEY}"]:"{coach_key}" AND {query}'
    results = client.v1.payment_intents.search({"query": query, "limit": PAGE})
    return {
        intent.id: intent.created
        for intent in results.auto_paging_iter()
        if metadata_of(intent).get(SETTLEMENT) != MANUAL
    }


def _late(client: stripe.StripeClient, since: int) -> set[str]:
    params: Any = {"types": _LATE_EVENTS, "created": {"gte": since}, "limit": PAGE}
    objects = [event.data.object for event in every(client.v1.events.list(params))]
    named = {_payment_intent(item) or metadata_of(item).get(PAYMENT) for item in objects}
    return {payment_id for payment_id in named if payment_id is not None}


def _grouped(items: Iterable[Any], key: Any) -> defaultdict[str | None, list[Any]]:
    groups: defaultdict[str | None, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _payment_intent(item: Any) -> str | None:
    return id_of(getattr(item, "payment_intent", None))
