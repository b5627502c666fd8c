"""Application fees: taken by destination charges and direct charges, read and given back here."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state import application_fees, money
from ..state.store import Row
from ..wire import errors
from . import common

NAME = "application fee"
REFUND = "fee_refund"


def retrieve(call: Call) -> Row:
    """GET /v1/application_fees/{id}"""
    return call.in_path("application_fees", NAME)


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/application_fees"""
    charge = call.params.get("charge")
    return lists.page(call.rows("application_fees"), call.params, call.path, NAME, charge=charge)


def create_refund(call: Call) -> Row:
    """POST /v1/application_fees/{id}/refunds: all that is left unless told otherwise."""
    fee = call.in_path("application_fees", NAME)
    left = fee["amount"] - fee["amount_refunded"]
    amount = call.params.get("amount", left)
    if left == 0:
        raise errors.refused(f"Application fee {fee['id']} has already been refunded.")
    if amount < 1:
        raise errors.below_one("amount")
    if amount > left:
        raise errors.refused(
            f"Refund amount ({money.text(amount, fee['currency'])}) is greater than unrefunded amount on application fee "
            f"({money.text(left, fee['currency'])})",
            param="amount",
        )
    metadata = common.new_metadata(call.params.get("metadata"))
    return application_fees.give_back(call.world, fee, amount, metadata=metadata)


def retrieve_refund(call: Call) -> Row:
    """GET /v1/application_fees/{fee}/refunds/{id}"""
    return _refund(call)


def update_refund(call: Call) -> Row:
    """POST /v1/application_fees/{fee}/refunds/{id}: metadata only."""
    row = _refund(call)
    common.amend(row, call.params)
    return row


def list_refunds(call: Call) -> dict[str, Any]:
    """GET /v1/application_fees/{id}/refunds"""
    fee = call.in_path("application_fees", NAME)
    return lists.page(call.rows("fee_refunds"), call.params, call.path, "fee refund", fee=fee["id"])


def _refund(call: Call) -> Row:
    fee = call.in_path("application_fees", NAME, place="fee")
    row = call.in_path("fee_refunds", "fee refund")
    if row["fee"] != fee["id"]:
        raise errors.missing("fee refund", row["id"], "id", status=404)
    return row


_REFUNDS = "/v1/application_fees/<id>/refunds"
_ONE = "/v1/application_fees/<fee>/refunds/<id>"
ROUTES = (
    Route("GET", "/v1/application_fees", "application_fees.list", list_, "application_fee", "list"),
    Route("GET", "/v1/application_fees/<id>", "application_fees.retrieve", retrieve, "application_fee"),
    Route("POST", _REFUNDS, "application_fees.refunds.create", create_refund, REFUND),
    Route("GET", _REFUNDS, "application_fees.refunds.list", list_refunds, REFUND, "list"),
    Route("GET", _ONE, "application_fees.refunds.retrieve", retrieve_refund, REFUND),
    Route("POST", _ONE, "application_fees.refunds.update", update_refund, REFUND),
)
