"""Thin events: a type and an id, without the object. Read from the wire, and made whole by a read of what they are about.

https://docs.stripe.com/event-destinations#thin-payload
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import stripe

from backend.domain.instants import unix_second
from backend.services import objects
from backend.services.reads import get_or_none
from backend.webhooks.event import (
    Event,
    NotAnEvent,
    check_field,
    check_object,
    is_account,
    is_boolean,
    is_id,
    is_mapping,
    is_previous,
    is_text,
    is_word,
    or_none,
)

OBJECT = "v2.core.event"
# How the thin twin of a snapshot event is named.
_PREFIX = "v1."
# Events that only v2 has: their account is what they are about, whoever tells of it.
_OF_V2_ACCOUNTS = "v2.core.account"
# The type of an event up to its last word -> where the object is read.
_COLLECTIONS = {
    "charge": "charges",
    "charge.dispute": "disputes",
    "payment_intent": "payment_intents",
    "payout": "payouts",
    "radar.early_fraud_warning": "radar/early_fraud_warnings",
    "refund": "refunds",
    "transfer": "transfers",
}
# These are handled by the id alone: the handler reads the rest itself.
_BY_ID = frozenset(["payment_intent.succeeded", "account.updated", "account.application.deauthorized"])
# Whose handlers ask what was before the change.
_WITH_CHANGES = frozenset(["transfer.updated", "account.updated"])
# The status that the event tells of. An object with another one by now has told, or will tell, of that itself.
_STATUS = {
    "payment_intent.payment_failed": "requires_payment_method",
    "payment_intent.canceled": "canceled",
    "payout.paid": "paid",
    "payout.failed": "failed",
}


def is_notification(document: Any) -> bool:
    """True if a JSON document is a thin event."""
    return isinstance(document, dict) and document.get("object") == OBJECT


def read_notification(document: Mapping[str, Any]) -> Event:
    """The event in a thin notification: ``object`` has the id and nothing else. Raises ``NotAnEvent``."""
    related = check_field(document, "related_object", or_none(is_mapping)) or {}
    kind = check_field(document, "type", is_word)
    object_id = check_field(related, "id", or_none(is_id))
    context = check_field(document, "context", or_none(is_text))
    if object_id is None and _collection(kind.removeprefix(_PREFIX)) is not None:
        raise NotAnEvent("related_object")
    owner = object_id if kind.startswith(_OF_V2_ACCOUNTS) else context and context.rpartition("/")[2]
    return Event(
        id=check_field(document, "id", is_id),
        type=kind.removeprefix(_PREFIX),
        account=check_field({"context": owner or None}, "context", or_none(is_account)),
        livemode=check_field(document, "livemode", or_none(is_boolean)) or False,
        created=_created(document),
        object={} if object_id is None else {"id": object_id},
        is_thin=True,
    )


def whole(client: stripe.StripeClient, event: Event) -> Event | None:
    """The event with the object as it is now. None where that is gone, or where what the event tells of is over.

    One read, none where the id is enough, and one more where a handler asks what was before.
    """
    if event.type in _WITH_CHANGES:
        event = replace(event, previous=_before(client, event))
    if event.type in _BY_ID or event.type.startswith(_OF_V2_ACCOUNTS):
        return event
    found = _read(client, event)
    if found is None or found.get("status") != _STATUS.get(event.type, found.get("status")):
        return None
    return check_object(replace(event, object=found))


def _read(client: stripe.StripeClient, event: Event) -> dict[str, Any] | None:
    """The object. Its address is ours to know: the one in the notification is not followed."""
    collection = str(_collection(event.type))
    found = get_or_none(lambda: objects.get(client, collection, event.object["id"], _acting_as(event)))
    return found.to_dict() if found is not None else None


def _collection(kind: str) -> str | None:
    """The place where the object of an event is read; None for a type that nobody reads an object of."""
    return _COLLECTIONS.get(kind.rpartition(".")[0])


def _before(client: stripe.StripeClient, event: Event) -> Mapping[str, Any] | None:
    """The fields that changed, with their old values; None where Stripe does not say."""
    address = f"/v2/core/events/{event.id}"
    fetched = get_or_none(lambda: client.raw_request("get", address, **_acting_as(event)))
    event_now: Any = fetched.data if fetched is not None else {}
    changes = event_now.get("changes")
    before = changes.get("before") if isinstance(changes, dict) else None
    return before if is_previous(before) else None


def _acting_as(event: Event) -> dict[str, Any]:
    return {"stripe_context": event.account} if event.account else {}


def _created(document: Mapping[str, Any]) -> int | None:
    text = check_field(document, "created", or_none(is_text))
    try:
        return unix_second(text) if text is not None else None
    except ValueError as error:
        raise NotAnEvent("created") from error
