"""PaymentMethods: create, attach to a customer, detach."""

from typing import Any

from .. import errors, lists, methods
from ..routing import Call, Route
from ..store import Row
from . import common

NAME = "PaymentMethod"


def create(call: Call) -> Row:
    """POST /v1/payment_methods"""
    call.refuse("customer", "payment_method")
    row = methods.from_data(call, call.params, "")
    row["metadata"] = common.new_metadata(call.params.get("metadata"))
    return row


def retrieve(call: Call) -> Row:
    """GET /v1/payment_methods/{id}; a `pm_card_*` name answers with a fresh one, as Stripe's does."""
    return methods.by_reference(call, call.ids["id"], status=404)


def attach(call: Call) -> Row:
    """POST /v1/payment_methods/{id}/attach: cards whose issuer declines cannot be saved (facts 1.24)."""
    customer = call.in_body("customers", "customer", "customer")
    if customer is None:
        raise errors.missing_param("customer")
    row = methods.to_attach(call, call.ids["id"], customer["id"], status=404)
    methods.attach(call.world, row, customer)
    return row


def detach(call: Call) -> Row:
    """POST /v1/payment_methods/{id}/detach: after that it is of no use to anybody."""
    row = call.in_path("payment_methods", NAME)
    before = {"customer": row["customer"]}
    row["customer"] = None
    row.hidden["used"] = True
    call.world.changed(row)
    call.world.emit("payment_method.detached", row, before)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/payment_methods?customer=…"""
    customer = call.in_body("customers", "customer", "customer")
    if customer is None:
        raise errors.missing_param("customer")
    rows = call.rows("payment_methods")
    return lists.page(rows, call.params, call.path, NAME, customer=customer["id"], type=call.params.get("type"))


ROUTES = (
    Route("POST", "/v1/payment_methods", "payment_methods.create", create, "payment_method", publishable=True),
    Route("GET", "/v1/payment_methods", "payment_methods.list", list_, "payment_method", "list"),
    Route("GET", "/v1/payment_methods/<id>", "payment_methods.retrieve", retrieve, "payment_method"),
    Route("POST", "/v1/payment_methods/<id>/attach", "payment_methods.attach", attach, "payment_method"),
    Route("POST", "/v1/payment_methods/<id>/detach", "payment_methods.detach", detach, "payment_method"),
)
