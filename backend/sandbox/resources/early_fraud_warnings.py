"""Early fraud warnings: read here; made by a test card, or under /_sandbox."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.store import Row

NAME = "radar.early_fraud_warning"


def retrieve(call: Call) -> Row:
    """GET /v1/radar/early_fraud_warnings/{id}"""
    return call.in_path("early_fraud_warnings", "early fraud warning")


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/radar/early_fraud_warnings"""
    params = call.params
    filters = {field: params.get(field) for field in ("charge", "payment_intent")}
    return lists.page(call.rows("early_fraud_warnings"), params, call.path, "early fraud warning", **filters)


_ALL = "/v1/radar/early_fraud_warnings"
ROUTES = (
    Route("GET", _ALL, "radar.early_fraud_warnings.list", list_, NAME, "list"),
    Route("GET", f"{_ALL}/<id>", "radar.early_fraud_warnings.retrieve", retrieve, NAME),
)
