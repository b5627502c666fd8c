"""PaymentMethods: create, attach to a customer, detach."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state import methods
from ..state.store import Row
from ..wire import errors
from ..wire.params import parameters
from . import common

NAME = "PaymentMethod"
# Cards only: the hash of every other kind is refused, as is the copying of a customer's method to an account.
UPDATED = frozenset({"allow_redisplay", "billing_details", "card", "expand", "metadata"})
REFUSED = (*sorted(parameters("payment_methods.create") - methods.TAKEN),)


def create(call: Call) -> Row:
    """POST /v1/payment_methods"""
    row = methods.from_data(call, call.params, "")
    row["allow_redisplay"] = call.params.get("allow_redisplay", row["allow_redisplay"])
    row["metadata"] = common.new_metadata(call.params.get("metadata"))
    return row


def retrieve(call: Call) -> Row:
    """GET /v1/payment_methods/{id}; a `pm_card_*` name answers with a fresh one, as Stripe's does."""
    return methods.by_reference(call, call.ids["id"], status=404)


def attach(call: Call) -> Row:
    """POST /v1/payment_methods/{id}/attach: cards whose issuer declines cannot be saved (docs/stripe.md 1.6)."""
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


def update(call: Call) -> Row:
    """POST /v1/payment_methods/{id}: of a saved one, what is on file about its card and its owner."""
    row, params = call.in_path("payment_methods", NAME), call.params
    if row["customer"] is None:
        raise errors.refused("You must save this PaymentMethod to a customer before you can update it.")
    before = common.amend(row, params, "allow_redisplay")
    billing = params.get("billing_details") or {}
    row["billing_details"] = {**row["billing_details"], **{name: value or None for name, value in billing.items()}}
    expiry = {name: value for name, value in (params.get("card") or {}).items() if name in ("exp_month", "exp_year")}
    if expiry:
        row["card"] = {**row["card"], **expiry}
    call.world.changed(row)
    call.world.emit("payment_method.updated", row, before)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/payment_methods?customer=…"""
    customer = call.in_body("customers", "customer", "customer")
    if customer is None:
        raise errors.missing_param("customer")
    rows = call.rows("payment_methods")
    filters = {field: call.params.get(field) for field in ("allow_redisplay", "type")}
    return lists.page(rows, call.params, call.path, NAME, customer=customer["id"], **filters)


ROUTES = (
    Route(
        "POST",
        "/v1/payment_methods",
        "payment_methods.create",
        create,
        "payment_method",
        publishable=True,
        refuses=REFUSED,
        unused=("radar_options",),
    ),
    Route(
        "GET",
        "/v1/payment_methods",
        "payment_methods.list",
        list_,
        "payment_method",
        "list",
        refuses=("customer_account",),
    ),
    Route("GET", "/v1/payment_methods/<id>", "payment_methods.retrieve", retrieve, "payment_method"),
    Route(
        "POST",
        "/v1/payment_methods/<id>",
        "payment_methods.update",
        update,
        "payment_method",
        refuses=tuple(sorted(parameters("payment_methods.update") - UPDATED)),
    ),
    Route(
        "POST",
        "/v1/payment_methods/<id>/attach",
        "payment_methods.attach",
        attach,
        "payment_method",
        refuses=("customer_account",),
    ),
    Route("POST", "/v1/payment_methods/<id>/detach", "payment_methods.detach", detach, "payment_method"),
)
