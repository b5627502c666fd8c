"""Payouts of the acting account: usually a connected one, by the Stripe-Account header."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.store import Row
from ..wire import errors
from ..wire.bounds import in_range
from ..wire.limits import Feature
from . import common

REFUSED = ("payout_method",)


def create(call: Call) -> Row:
    """POST /v1/payouts"""
    params, world = call.params, call.world
    if params.get("method", "standard") != "standard":
        raise errors.unsupported(Feature.INSTANT_PAYOUTS, "method")
    if params["amount"] < 1:
        raise errors.below_one("amount")
    currency = params["currency"].lower()
    _check_bank(call)
    if world.ledger.available(call.account, currency) < params["amount"]:
        raise errors.refused(
            "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low.  You can "
            "use the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance).",
            code="balance_insufficient",
        )
    given = {field: params[field] for field in ("description", "statement_descriptor") if field in params}
    metadata = common.new_metadata(params.get("metadata"))
    return world.payouts.make(call.account, params["amount"], currency, metadata=metadata, **given)


def _check_bank(call: Call) -> None:
    """Only to the account's own bank, and only of money from cards: there is no other here."""
    banks = call.world.must(call.account)["external_accounts"]["data"]
    wanted = call.params.get("destination")
    if wanted and wanted not in [bank["id"] for bank in banks]:
        raise errors.missing("external account", wanted, "destination")
    if call.params.get("source_type", "card") != "card":
        raise errors.refused(
            f"You have no {call.params['source_type']} balance to pay out from.", "balance_insufficient", "source_type"
        )


def reverse(call: Call) -> Row:
    """POST /v1/payouts/{id}/reverse: fetch back what a bank in the United States has received."""
    row, world = call.in_path("payouts", "payout"), call.world
    bank = world.must(call.account)["country"]
    if row["status"] != "paid" or row["reversed_by"] or bank != "US":
        raise errors.refused(
            f"Payout {row['id']} cannot be reversed: only payouts to banks in the United States can, once they are paid and "
            "unless they are reversed already."
        )
    return world.payouts.reverse(row, common.new_metadata(call.params.get("metadata")))


def retrieve(call: Call) -> Row:
    """GET /v1/payouts/{id}"""
    return call.in_path("payouts", "payout")


def update(call: Call) -> Row:
    """POST /v1/payouts/{id}: metadata only."""
    row = call.in_path("payouts", "payout")
    before = common.amend(row, call.params)
    if before:
        call.world.emit("payout.updated", row, before)
    return row


def cancel(call: Call) -> Row:
    """POST /v1/payouts/{id}/cancel"""
    row = call.in_path("payouts", "payout")
    if row["status"] != "pending":
        raise errors.refused(f"Payouts can only be canceled while they are pending; this one is {row['status']}.")
    call.world.payouts.cancel(row)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/payouts"""
    params = call.params
    arrival = params.get("arrival_date")
    return lists.page(
        call.rows("payouts"),
        params,
        call.path,
        "payout",
        where=lambda row: in_range(row["arrival_date"], arrival),
        status=params.get("status"),
        destination=params.get("destination"),
    )


ROUTES = (
    Route("POST", "/v1/payouts", "payouts.create", create, "payout", refuses=REFUSED),
    Route("GET", "/v1/payouts", "payouts.list", list_, "payout", "list"),
    Route("GET", "/v1/payouts/<id>", "payouts.retrieve", retrieve, "payout"),
    Route("POST", "/v1/payouts/<id>", "payouts.update", update, "payout"),
    Route("POST", "/v1/payouts/<id>/reverse", "payouts.reverse", reverse, "payout"),
    Route("POST", "/v1/payouts/<id>/cancel", "payouts.cancel", cancel, "payout"),
)
