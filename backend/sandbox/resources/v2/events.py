"""Events v2: the thin twins of the platform's own events, and the events that only v2 has."""

from datetime import datetime
from typing import Any

from ...calls.routing import Call, Route
from ...state.store import Row
from ...state.thin_events import event_in_full, notification, snapshot_id, thin_id
from ...wire import errors
from ...wire.bounds import in_range
from . import common

TYPES_MAX = 20


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v2/core/events/{id}, of a connected account too where it is acted as."""
    call.world.events.forget_old()
    given = call.ids["id"]
    row = call.world.get("v2_events", call.world.platform, given)
    row = row or call.world.get("events", call.account, snapshot_id(given))
    if row is None or given not in {row["id"], thin_id(row["id"])} or (row.kind == "events" and given == row["id"]):
        raise common.not_found("event", given)
    return event_in_full(row)


def list_(call: Call) -> dict[str, Any]:
    """GET /v2/core/events: newest first."""
    call.world.events.forget_old()
    kinds, about = call.params.get("types"), call.params.get("object_id")
    if len(kinds or ()) > TYPES_MAX:
        raise errors.invalid(f"At most {TYPES_MAX} types may be given.", "types")
    bounds = {name: _unix(value) for name, value in (call.params.get("created") or {}).items()}
    rows = [*call.rows("events"), *(call.rows("v2_events") if call.account == call.world.platform else ())]
    found = [row for row in rows if in_range(row["created"], bounds) and (kinds is None or _name(row) in kinds)]
    if about is not None:
        found = [row for row in found if notification(row).get("related_object", {}).get("id") == about]
    return common.page(call, sorted(found, key=lambda row: row["created"])[::-1], event_in_full)


def _name(row: Row) -> str:
    return str(row["type"] if row.kind == "v2_events" else f"v1.{row['type']}")


def _unix(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise errors.invalid(f"Invalid timestamp: {text}", "created") from error


ROUTES = (
    Route("GET", "/v2/core/events", "v2.core.events.list", list_, "v2.core.event", "list"),
    Route("GET", "/v2/core/events/<id>", "v2.core.events.retrieve", retrieve, "v2.core.event"),
)
