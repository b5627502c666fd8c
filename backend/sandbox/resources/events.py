"""Events: kept for 30 days, newest first."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.deliveries import event_object
from ..state.delivery_rules import matches_type
from ..state.store import Row


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v1/events/{id}"""
    call.world.events.forget_old()
    return event_object(call.in_path("events", "event"))


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/events"""
    call.world.events.forget_old()
    params = call.params
    kind, delivered = params.get("type"), params.get("delivery_success")
    patterns = [kind] if kind and kind.endswith("*") else params.get("types")

    def wanted(row: Row) -> bool:
        return patterns is None or any(matches_type(pattern, row["type"]) for pattern in patterns)

    exact = None if kind is None or kind.endswith("*") else kind
    undelivered = None if delivered is None else not delivered
    rows = call.rows("events")
    page = lists.page(rows, params, call.path, "event", where=wanted, type=exact, undelivered=undelivered)
    return page | {"data": [event_object(row) for row in page["data"]]}


ROUTES = (
    Route("GET", "/v1/events", "events.list", list_, "event", "list"),
    Route("GET", "/v1/events/<id>", "events.retrieve", retrieve, "event"),
)
