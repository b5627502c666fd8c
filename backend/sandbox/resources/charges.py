"""Charges: made by confirming a PaymentIntent, or on a connected account by a transfer."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.store import Row
from ..wire import errors
from . import common

GROUP_MAX = 100


def retrieve(call: Call) -> Row:
    """GET /v1/charges/{id}"""
    return call.in_path("charges", "charge")


def update(call: Call) -> Row:
    """POST /v1/charges/{id}: a transfer_group can be given once."""
    row = call.in_path("charges", "charge")
    group = call.params.get("transfer_group")
    if group is not None and row["transfer_group"] not in (None, group):
        raise errors.refused(
            "You cannot change the transfer_group of a charge once it has been set.", param="transfer_group"
        )
    before = common.amend(row, call.params, "description", "receipt_email", "transfer_group")
    call.world.changed(row)
    if before:
        call.world.emit("charge.updated", row, before)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/charges"""
    params, group = call.params, call.params.get("transfer_group")
    if group and len(call.rows("charges").find(transfer_group=group)) > GROUP_MAX:
        raise errors.invalid(f"Too many charges with transfer group: `{group}`", "transfer_group")
    filters = {field: params.get(field) for field in ("customer", "payment_intent", "transfer_group")}
    return lists.page(call.rows("charges"), params, call.path, "charge", **filters)


ROUTES = (
    Route("GET", "/v1/charges", "charges.list", list_, "charge", "list"),
    Route("GET", "/v1/charges/<id>", "charges.retrieve", retrieve, "charge"),
    Route(
        "POST",
        "/v1/charges/<id>",
        "charges.update",
        update,
        "charge",
        refuses=("customer", "fraud_details", "shipping"),
    ),
)
