"""Events: kept for 30 days, newest first."""

from typing import Any

from .. import lists
from ..deliveries import event_object
from ..delivery_rules import matches_type
from ..routing import Call, Route
from ..store import Row

KEPT_SECONDS = 30 * 86_400


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v1/events/{id}"""
    return event_object(call.in_path("events", "event"))


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/events"""
    params, world = call.params, call.world
    kind, delivered = params.get("type"), params.get("delivery_success")
    patterns = [kind] if kind and kind.endswith("*") else params.get("types")
    oldest = world.now() - KEPT_SECONDS

    def wanted(row: Row) -> bool:
        typed = patterns is None or any(matches_type(pattern, row["type"]) for pattern in patterns)
        in_time = row["created"] >= oldest
        return typed and in_time and (delivered is None or delivered == (row["pending_webhooks"] == 0))

    exact = None if kind is None or kind.endswith("*") else kind
    page = lists.page(call.rows("events"), params, call.path, "event", where=wanted, type=exact)
    return page | {"data": [event_object(row) for row in page["data"]]}


ROUTES = (
    Route("GET", "/v1/events", "events.list", list_, "event", "list"),
    Route("GET", "/v1/events/<id>", "events.retrieve", retrieve, "event"),
)
