"""Webhook endpoints: the secret is shown once, when one is made."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.deliveries import Endpoint
from ..state.store import Row
from ..wire import errors
from . import common

ENDPOINTS_MAX = 16
FIELDS = ("description", "enabled_events", "url")


def create(call: Call) -> dict[str, Any]:
    """POST /v1/webhook_endpoints"""
    params, world = call.params, call.world
    check_url(params["url"])
    if len(call.rows("webhook_endpoints")) >= ENDPOINTS_MAX:
        raise errors.refused(f"You have reached the maximum of {ENDPOINTS_MAX} test webhook endpoints.")
    secret = world.ids.new("whsec")
    endpoint = Endpoint(
        id=world.ids.new("we"),
        url=params["url"],
        created=world.now(),
        secrets={secret: None},
        connect=bool(params.get("connect", False)),
        enabled_events=tuple(params["enabled_events"]),
        extra={
            "api_version": params.get("api_version"),
            "description": params.get("description") or None,
            "metadata": common.new_metadata(params.get("metadata")),
        },
    )
    return {**world.events.add_endpoint(endpoint), "secret": secret}


def retrieve(call: Call) -> Row:
    """GET /v1/webhook_endpoints/{id}"""
    return call.in_path("webhook_endpoints", "webhook endpoint")


def update(call: Call) -> Row:
    """POST /v1/webhook_endpoints/{id}"""
    row = call.in_path("webhook_endpoints", "webhook endpoint")
    if "url" in call.params:
        check_url(call.params["url"])
    common.amend(row, call.params, *FIELDS)
    if "disabled" in call.params:
        row["status"] = "disabled" if call.params["disabled"] else "enabled"
    endpoint = call.world.events.endpoints[row["id"]]
    endpoint.url, endpoint.status = row["url"], row["status"]
    endpoint.enabled_events = tuple(row["enabled_events"])
    return row


def delete(call: Call) -> dict[str, Any]:
    """DELETE /v1/webhook_endpoints/{id}: what was still to be retried is not."""
    row = call.in_path("webhook_endpoints", "webhook endpoint")
    call.world.store.remove(row)
    call.world.events.remove_endpoint(call.world.events.endpoints[row["id"]])
    return common.deleted(row["id"], "webhook_endpoint")


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/webhook_endpoints"""
    return lists.page(call.rows("webhook_endpoints"), call.params, call.path, "webhook endpoint")


def check_url(url: str) -> None:
    """Refuse what is no web address."""
    if not url.startswith(("http://", "https://")):
        raise errors.invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")


ROUTES = (
    Route("POST", "/v1/webhook_endpoints", "webhook_endpoints.create", create, "webhook_endpoint"),
    Route("GET", "/v1/webhook_endpoints", "webhook_endpoints.list", list_, "webhook_endpoint", "list"),
    Route("GET", "/v1/webhook_endpoints/<id>", "webhook_endpoints.retrieve", retrieve, "webhook_endpoint"),
    Route("POST", "/v1/webhook_endpoints/<id>", "webhook_endpoints.update", update, "webhook_endpoint"),
    Route("DELETE", "/v1/webhook_endpoints/<id>", "webhook_endpoints.delete", delete, "webhook_endpoint"),
)
