"""The payment methods that are saved with a customer, under the customer's own path."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.store import Row
from ..wire import errors

NAME = "PaymentMethod"


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/customers/{id}/payment_methods"""
    customer = call.in_path("customers", "customer")
    filters = {field: call.params.get(field) for field in ("allow_redisplay", "type")}
    return lists.page(call.rows("payment_methods"), call.params, call.path, NAME, customer=customer["id"], **filters)


def retrieve(call: Call) -> Row:
    """GET /v1/customers/{id}/payment_methods/{payment_method}"""
    customer = call.in_path("customers", "customer")
    row = call.in_path("payment_methods", NAME, place="payment_method")
    if row["customer"] != customer["id"]:
        raise errors.missing(NAME, row["id"], "payment_method", status=404)
    return row


_ALL = "/v1/customers/<id>/payment_methods"
ROUTES = (
    Route("GET", _ALL, "customers.payment_methods.list", list_, "payment_method", "list"),
    Route("GET", f"{_ALL}/<payment_method>", "customers.payment_methods.retrieve", retrieve, "payment_method"),
)
