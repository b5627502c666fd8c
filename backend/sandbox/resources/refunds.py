"""Refunds: from the platform's balance. A transfer made from the charge stays where it is."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state import application_fees, destinations, money
from ..state.store import Row
from ..state.transferring import Transferring
from ..wire import errors
from . import common
from .payment_intent_checks import check_step

# For refunds of customer balances, of methods other than cards, and of application fees.
REFUSED = ("currency", "customer", "instructions_email", "origin")


def create(call: Call) -> Row:
    """POST /v1/refunds"""
    params = call.params
    charge = _charge(call)
    if params.get("amount", 1) < 1:
        raise errors.below_one("amount")
    _check_destined(call, charge)
    _check_refundable(call, charge)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    check_step(amount, charge["currency"])
    _check_amount(charge, amount, left)
    shares = _shares(call, charge, amount)
    metadata = common.new_metadata(params.get("metadata"))
    row = call.world.refunds.refund(charge, amount, metadata=metadata, reason=params.get("reason"))
    if "transfer" in shares:
        destinations.reverse(call.world, charge, row, shares["transfer"])
    if "fee" in shares:
        application_fees.give_back(call.world, shares["row"], shares["fee"])
    return row


def _check_destined(call: Call, charge: Row) -> None:
    """A transfer, or a fee, that is to go back has to be there."""
    if call.params.get("reverse_transfer") and destinations.transfer_of(call.world, charge) is None:
        raise errors.refused(
            f"Cannot reverse transfer on charge {charge['id']} because it does not have an associated transfer."
        )
    if call.params.get("refund_application_fee") and destinations.fee_of(call.world, charge) is None:
        raise errors.refused(  # UNCONFIRMED wording
            f"Cannot refund the application fee of charge {charge['id']} because it does not have one.",
            param="refund_application_fee",
        )


def _shares(call: Call, charge: Row, amount: int) -> dict[str, Any]:
    """Return the parts of transfer and fee that go back: the refund's share of each, at most what is left of it."""
    shares: dict[str, Any] = {}
    transfer = destinations.transfer_of(call.world, charge)
    if call.params.get("reverse_transfer") and transfer is not None:
        left = transfer["amount"] - transfer["amount_reversed"]
        shares["transfer"] = min(destinations.share(transfer["amount"], charge, amount), left)
        if not Transferring(call.world).can_reverse(transfer, shares["transfer"]):
            raise errors.insufficient_funds()
    fee = destinations.fee_of(call.world, charge)
    if call.params.get("refund_application_fee") and fee is not None:
        shares["row"] = fee
        shares["fee"] = min(destinations.share(fee["amount"], charge, amount), fee["amount"] - fee["amount_refunded"])
    return {name: share for name, share in shares.items() if share}


def _charge(call: Call) -> Row:
    params = call.params
    if params.get("charge") and params.get("payment_intent"):
        raise errors.invalid("You may only specify one of these parameters: charge, payment_intent.")
    charge = call.in_body("charges", "charge", "charge")
    if charge is not None:
        return charge
    intent = call.in_body("payment_intents", "payment_intent", "payment_intent")
    if intent is None:
        raise errors.invalid(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    if intent["status"] not in {"succeeded", "processing"}:
        raise errors.refused(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            call.world.switches["unpaid_refund_code"],
        )
    return call.world.must(intent["latest_charge"])


def _check_refundable(call: Call, charge: Row) -> None:
    if charge["status"] not in {"succeeded", "pending"}:
        raise errors.refused(f"Charge {charge['id']} is not refundable: it did not succeed.")
    if not charge["captured"]:
        raise errors.refused(  # UNCONFIRMED wording; the way is documented
            f"Charge {charge['id']} has not been captured. To let its money go, cancel its PaymentIntent."
        )
    if charge["refunded"]:
        raise errors.refused(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
    disputes = call.rows("disputes").find(charge=charge["id"])
    if any(not dispute["is_charge_refundable"] for dispute in disputes):
        raise errors.refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed")


def _check_amount(charge: Row, amount: int, left: int) -> None:
    if amount <= left:
        return
    asked = money.text(amount, charge["currency"])
    if charge["amount_refunded"]:
        limit = f"unrefunded amount on charge ({money.text(left, charge['currency'])})"
    else:
        limit = f"charge amount ({money.text(charge['amount'], charge['currency'])})"
    raise errors.refused(f"Refund amount ({asked}) is greater than {limit}", param="amount")


def retrieve(call: Call) -> Row:
    """GET /v1/refunds/{id}"""
    return call.in_path("refunds", "refund")


def update(call: Call) -> Row:
    """POST /v1/refunds/{id}: metadata only."""
    row = call.in_path("refunds", "refund")
    before = common.amend(row, call.params)
    if before:
        call.world.emit("refund.updated", row, before)
        call.world.emit("charge.refund.updated", row, before)
    return row


def cancel(call: Call) -> Row:
    """POST /v1/refunds/{id}/cancel: only of refunds that wait for the customer, which card refunds never do."""
    row = call.in_path("refunds", "refund")
    call.world.refunds.cancel(row)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/refunds"""
    params = call.params
    filters = {field: params.get(field) for field in ("charge", "payment_intent")}
    return lists.page(call.rows("refunds"), params, call.path, "refund", **filters)


ROUTES = (
    Route("POST", "/v1/refunds", "refunds.create", create, "refund", refuses=REFUSED),
    Route("GET", "/v1/refunds", "refunds.list", list_, "refund", "list"),
    Route("GET", "/v1/refunds/<id>", "refunds.retrieve", retrieve, "refund"),
    Route("POST", "/v1/refunds/<id>", "refunds.update", update, "refund"),
    Route("POST", "/v1/refunds/<id>/cancel", "refunds.cancel", cancel, "refund"),
)
