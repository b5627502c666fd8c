"""Thin events: the type of what happened and the id of what it happened to. Each snapshot event has a thin twin.

The twin is not stored: its id is the snapshot's with a mark, and its content is read from the snapshot when it is asked for.
"""

import functools
import json
from datetime import UTC, datetime
from typing import Any

import stripe
from stripe.events._event_classes import get_v2_event_class  # the SDK's list of the names

from .store import Row

_MARK = "evt_65"
# The type of an object -> where it is read.
_PATHS = {
    "account": "/v1/accounts/{id}",
    "balance": "/v1/balance",
    "bank_account": "/v1/accounts/{account}/external_accounts/{id}",
    "capability": "/v1/accounts/{account}/capabilities/{id}",
    "charge": "/v1/charges/{id}",
    "customer": "/v1/customers/{id}",
    "dispute": "/v1/disputes/{id}",
    "payment_intent": "/v1/payment_intents/{id}",
    "payment_method": "/v1/payment_methods/{id}",
    "payout": "/v1/payouts/{id}",
    "product": "/v1/products/{id}",
    "radar.early_fraud_warning": "/v1/radar/early_fraud_warnings/{id}",
    "refund": "/v1/refunds/{id}",
    "transfer": "/v1/transfers/{id}",
}


def instant(unix: int) -> str:
    """A time as v2 writes it."""
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def thin_id(snapshot_id: str) -> str:
    """The id of the thin twin of a snapshot event."""
    return _MARK + snapshot_id.removeprefix("evt_")


def snapshot_id(thin: str) -> str:
    """The id of the snapshot event that a thin one is the twin of."""
    return "evt_" + thin.removeprefix(_MARK)


def notification(event: Row) -> dict[str, Any]:
    """The body that is delivered: no data, no changes."""
    return _v2_notification(event) if event.kind == "v2_events" else _twin(event, _data(event))


def event_in_full(event: Row) -> dict[str, Any]:
    """The event as it is fetched: with its data, what was before the change, and its twin's id."""
    if event.kind == "v2_events":
        return _v2_notification(event) | {"changes": None, "data": event["data"], "snapshot_event": None}
    data = _data(event)
    before = data.get("previous_attributes")
    after = {name: data["object"].get(name) for name in before or {}}
    changes = None if before is None else {"before": before, "after": after}
    return _twin(event, data) | {"changes": changes, "data": {}, "snapshot_event": event["id"]}


@functools.cache
def is_thin_type(kind: str) -> bool:
    """True for a name that a destination of thin events can be subscribed to."""
    return get_v2_event_class(kind) is not stripe.StripeObject


def _data(event: Row) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(event.hidden["data"].text())
    return data


def _twin(event: Row, data: dict[str, Any]) -> dict[str, Any]:
    related, account = data["object"], event.get("account")
    body = _body(thin_id(event["id"]), f"v1.{event['type']}", event["created"], account, event["request"])
    path = _PATHS.get(related.get("object", ""))
    if path is None:  # an application has no address: the account is the context
        return body
    where = path.format(id=related.get("id"), account=related.get("account") or account)
    named = {"id": related["id"]} if "id" in related else {}
    return body | {"related_object": {**named, "type": related["object"], "url": where}}


def _v2_notification(event: Row) -> dict[str, Any]:
    body = _body(event["id"], event["type"], event["created"], None, event["request"])
    return body | ({"related_object": event["related_object"]} if event["related_object"] else {})


def _body(event_id: str, kind: str, created: int, account: str | None, request: dict[str, Any]) -> dict[str, Any]:
    asked = {"id": request["id"], "idempotency_key": request["idempotency_key"] or ""}
    reason = {"type": "request", "request": asked} if request["id"] else None
    return {
        "id": event_id,
        "object": "v2.core.event",
        "type": kind,
        "created": instant(created),
        "livemode": False,
        "context": account,
        "reason": reason,
    }
