"""Event destinations: a webhook endpoint with one kind of payload, and the scopes that it hears of."""

from typing import Any

from ...calls.routing import Call, Route
from ...state.deliveries import Endpoint
from ...state.event_types import EVENT_TYPES
from ...state.store import Row
from ...state.thin_events import event_in_full, instant, is_thin_type
from ...wire import errors
from ...wire.limits import Feature
from ..webhook_endpoints import ENDPOINTS_MAX, check_url
from . import common

SCOPES = ("@self", "@accounts")
REFUSED = ("amazon_eventbridge", "azure_event_grid")
DESTINATION = "v2.core.event_destination"
PING = "v2.core.event_destination.ping"


def create(call: Call) -> dict[str, Any]:
    """POST /v2/core/event_destinations: the secret is shown once, and only to those who ask for it."""
    params, world = call.params, call.world
    if params["type"] != "webhook_endpoint":
        raise errors.unsupported(Feature.OTHER_DESTINATIONS, "type")
    if "webhook_endpoint" not in params:
        raise errors.missing_param("webhook_endpoint")
    check_url(params["webhook_endpoint"]["url"])
    thin = params["event_payload"] == "thin"
    _check_version(params, thin)
    _check_types(params["enabled_events"], thin)
    if len(world.events.endpoints) >= ENDPOINTS_MAX:
        raise errors.refused(f"You have reached the maximum of {ENDPOINTS_MAX} test webhook endpoints.")
    secret = world.ids.new("whsec")
    endpoint = Endpoint(
        id=world.ids.new("ed"),
        url=params["webhook_endpoint"]["url"],
        created=world.now(),
        secrets={secret: None},
        enabled_events=tuple(params["enabled_events"]),
        thin=thin,
        scopes=_scopes(params),
        kind="event_destinations",
        extra={
            "name": params["name"],
            "description": params.get("description") or "",
            "metadata": common.changed_metadata({}, params.get("metadata")),
            "snapshot_api_version": params.get("snapshot_api_version"),
            "updated": world.now(),
        },
    )
    world.events.add_endpoint(endpoint)
    include = params.get("include") or []
    return destination(endpoint, include, secret if "webhook_endpoint.signing_secret" in include else None)


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v2/core/event_destinations/{id}"""
    return destination(_endpoint(call), call.params.get("include"))


def update(call: Call) -> dict[str, Any]:
    """POST /v2/core/event_destinations/{id}: neither scopes nor payload ever change."""
    endpoint, params = _endpoint(call), call.params
    if "enabled_events" in params:
        _check_types(params["enabled_events"], endpoint.thin)
        endpoint.enabled_events = tuple(params["enabled_events"])
    if "webhook_endpoint" in params:
        check_url(params["webhook_endpoint"]["url"])
        endpoint.url = params["webhook_endpoint"]["url"]
    endpoint.extra |= {name: params[name] for name in ("description", "name") if name in params}
    endpoint.extra["metadata"] = common.changed_metadata(endpoint.extra.get("metadata", {}), params.get("metadata"))
    endpoint.extra["updated"] = call.world.now()
    return destination(endpoint, params.get("include"))


def enable(call: Call) -> dict[str, Any]:
    """POST /v2/core/event_destinations/{id}/enable"""
    return _switched(call, "enabled")


def disable(call: Call) -> dict[str, Any]:
    """POST /v2/core/event_destinations/{id}/disable"""
    return _switched(call, "disabled")


def ping(call: Call) -> dict[str, Any]:
    """POST /v2/core/event_destinations/{id}/ping: an event that only this destination gets, thin whatever it takes."""
    endpoint = _endpoint(call)
    where = f"/v2/core/event_destinations/{endpoint.id}"
    related = {"id": endpoint.id, "type": DESTINATION, "url": where}
    event = call.world.events.record_v2(PING, related, only=[endpoint])
    return event_in_full(event)


def delete(call: Call) -> dict[str, Any]:
    """DELETE /v2/core/event_destinations/{id}"""
    endpoint = _endpoint(call)
    call.world.store.remove(call.world.must(endpoint.id))
    call.world.events.remove_endpoint(endpoint)
    return {"id": endpoint.id, "object": DESTINATION}


def list_(call: Call) -> dict[str, Any]:
    """GET /v2/core/event_destinations: the endpoints made under /v1 too, as we_…."""
    include, endpoints = call.params.get("include"), call.world.events.endpoints
    rows = [call.world.must(one) for one in endpoints]
    return common.page(call, rows[::-1], lambda row: destination(endpoints[row["id"]], include))


def destination(endpoint: Endpoint, include: list[str] | None = None, secret: str | None = None) -> dict[str, Any]:
    """An endpoint as v2 shows it."""
    own = endpoint.extra
    url = endpoint.url if secret or "webhook_endpoint.url" in (include or ()) else None
    reason = {"disabled": {"reason": "user"}} if endpoint.status == "disabled" else None
    return {
        "id": endpoint.id,
        "object": DESTINATION,
        "amazon_eventbridge": None,
        "azure_event_grid": None,
        "created": instant(endpoint.created),
        "description": own.get("description") or "",
        "enabled_events": list(endpoint.enabled_events),
        "event_payload": "thin" if endpoint.thin else "snapshot",
        "events_from": list(endpoint.scopes or (("@accounts",) if endpoint.connect else ("@self",))),
        "livemode": False,
        "metadata": own.get("metadata") or {},
        "name": own.get("name") or endpoint.url,
        "snapshot_api_version": own.get("snapshot_api_version") or own.get("api_version"),
        "status": endpoint.status,
        "status_details": reason,
        "type": "webhook_endpoint",
        "updated": instant(own.get("updated", endpoint.created)),
        "webhook_endpoint": {"signing_secret": secret, "url": url} if url or secret else None,
    }


def _endpoint(call: Call) -> Endpoint:
    endpoint = call.world.events.endpoints.get(call.ids["id"])
    if endpoint is None:
        raise common.not_found("event destination", call.ids["id"])
    return endpoint


def _switched(call: Call, status: str) -> dict[str, Any]:
    endpoint = _endpoint(call)
    endpoint.status = status
    row: Row = call.world.must(endpoint.id)
    if "status" in row:  # the face of an endpoint made under /v1
        row["status"] = status
    return destination(endpoint)


def _scopes(params: dict[str, Any]) -> tuple[str, ...]:
    given = params.get("events_from") or ["@self"]
    for one in given:
        if one not in SCOPES:
            raise errors.unsupported(Feature.OTHER_SCOPES, "events_from")
    return tuple(given)


def _check_version(params: dict[str, Any], thin: bool) -> None:
    if thin and params.get("snapshot_api_version"):
        raise errors.invalid("snapshot_api_version is for snapshot events only.", "snapshot_api_version")


def _check_types(given: list[str], thin: bool) -> None:
    """Thin and snapshot names cannot be mixed."""
    for kind in given:
        known = is_thin_type(kind) if thin else kind in EVENT_TYPES or not kind.startswith(("v1.", "v2."))
        if kind != "*" and not known:
            raise errors.invalid(f"Invalid event type for this destination: {kind}", "enabled_events")


ROUTES = tuple(
    Route(
        method, f"/v2/core/event_destinations{path}", f"v2.core.event_destinations.{name}", handler, DESTINATION, *more
    )
    for method, path, name, handler, more in (
        ("POST", "", "create", create, ()),
        ("GET", "", "list", list_, ("list",)),
        ("GET", "/<id>", "retrieve", retrieve, ()),
        ("POST", "/<id>", "update", update, ()),
        ("DELETE", "/<id>", "delete", delete, ()),
        ("POST", "/<id>/enable", "enable", enable, ()),
        ("POST", "/<id>/disable", "disable", disable, ()),
        ("POST", "/<id>/ping", "ping", ping, ()),
    )
)
