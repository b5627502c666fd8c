"""The timeline of one payment's money: Stripe's own events about it, oldest first. For people who look on in development."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import stripe

from backend.domain.money import format_money
from backend.services.reads import Payment, id_of

# Events cannot be asked for by payment: the newest of the platform since the purchase are read, and most are others'.
_LOOK_BACK = 500


@dataclass(frozen=True)
class Entry:
    """One event: its id and type, when (unix seconds), what it says, and whether a webhook of it is still to come."""

    id: str
    type: str
    at: int
    text: str
    waiting: bool


def timeline_of(client: stripe.StripeClient, payment: Payment) -> list[Entry]:
    """The history of a payment. At most five calls; a busy platform's older events are left out."""
    intent = payment.intent
    names = {intent.id, id_of(intent.latest_charge), getattr(payment.charge, "transfer_group", None)} - {None}
    since: Any = {"created": {"gte": intent.created}, "limit": 100, "types": list(_TEXTS)}
    newest = islice(client.v1.events.list(since).auto_paging_iter(), _LOOK_BACK)
    told = [_entry(event) for event in newest if _concerns(event.data.object, names)]
    told.reverse()  # of one second too, the later ones come first in Stripe's list
    return sorted(told, key=lambda entry: entry.at)


def _concerns(thing: Any, names: set[Any]) -> bool:
    """By its own id, or by what it names: a transfer names the charge, a reversal's transfer the group."""
    fields = ("id", "payment_intent", "charge", "source_transaction", "transfer_group")
    return any(id_of(getattr(thing, name, None)) in names for name in fields)


def _entry(event: stripe.Event) -> Entry:
    thing: Any = event.data.object
    before: Mapping[str, Any] = event.data.to_dict().get("previous_attributes") or {}
    text = _TEXTS[event.type](thing, before)
    return Entry(event.id, event.type, event.created, text, waiting=event.pending_webhooks > 0)


def _money(thing: Any, amount: int | None = None) -> str:
    return format_money(thing.amount if amount is None else amount, thing.currency)


def _back_this_time(charge: Any, before: Mapping[str, Any]) -> int:
    """An event about a whole says by its previous attributes how much of it is new."""
    return int(charge.amount_refunded) - int(before.get("amount_refunded", 0))


def _taken_back(transfer: Any, before: Mapping[str, Any]) -> int:
    return int(transfer.amount_reversed) - int(before.get("amount_reversed", 0))


_TEXTS: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "payment_intent.created": lambda thing, _: f"A purchase of {_money(thing)} began.",
    "payment_intent.requires_action": lambda thing, _: "The player's bank asks whether it is them.",
    "payment_intent.payment_failed": lambda thing, _: "The card was declined. No money moved.",
    "payment_intent.succeeded": lambda thing, _: f"The player paid {_money(thing)}.",
    "payment_intent.canceled": lambda thing, _: "The purchase was given up.",
    "transfer.created": lambda thing, _: f"The coach was sent {_money(thing)}.",
    "transfer.reversed": lambda thing, before: (
        f"{_money(thing, _taken_back(thing, before))} of the coach's share came back to the platform."
    ),
    "charge.refunded": lambda thing, before: f"The player has {_money(thing, _back_this_time(thing, before))} back.",
    "charge.dispute.created": lambda thing, _: f"The player's bank disputes {_money(thing)}.",
    "charge.dispute.funds_withdrawn": lambda thing, _: f"The bank took {_money(thing)} back.",
    "charge.dispute.funds_reinstated": lambda thing, _: f"The bank returned {_money(thing)}.",
    "charge.dispute.closed": lambda thing, _: f"The dispute is {thing.status}.",
}
