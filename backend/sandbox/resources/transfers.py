"""Transfers to connected accounts, and their reversals."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state import application_fees, destinations, money
from ..state.store import Row
from ..state.transferring import Transferring
from ..wire import errors
from . import common

CAPABILITIES = (
    "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
    "crypto_transfers, legacy_payments"
)


def create(call: Call) -> Row:
    """POST /v1/transfers"""
    params = call.params
    currency, amount = params["currency"].lower(), params.get("amount")
    if amount is None:
        raise errors.missing_param("amount")
    if amount < 1:
        raise errors.below_one("amount")
    destination = call.world.get("accounts", call.account, params["destination"])
    if destination is None:
        raise _gone(call, params["destination"])
    charge = call.in_body("charges", "charge", "source_transaction")
    enforced = call.world.switches["capabilities_enforced"]
    if enforced and destination["capabilities"].get("transfers") != "active":
        raise errors.refused(CAPABILITIES, "insufficient_capabilities_for_transfer")
    _check_refusal(destination)
    if charge is None:
        _check_balance(call, amount, currency)
    else:
        _check_source(call, charge, amount, currency)
    return Transferring(call.world).transfer(
        destination,
        amount,
        currency,
        charge,
        description=common.text_or_none(params, "description"),
        metadata=common.new_metadata(params.get("metadata")),
        transfer_group=common.text_or_none(params, "transfer_group"),
    )


def _gone(call: Call, destination: str) -> errors.StripeError:
    if call.world.switches["gone_destination_code"] == "account_invalid":
        return errors.account_invalid(destination)
    return errors.missing("destination", destination, "destination")


def _check_refusal(destination: Row) -> None:
    """An account may be refused although its capability is active: said under /_sandbox."""
    refusal = destination.hidden.get("transfers_refused")
    if refusal is not None:
        raise errors.refused(refusal["message"], refusal["code"], "destination")


def _check_balance(call: Call, amount: int, currency: str) -> None:
    if call.world.ledger.available(call.account, currency) < amount:
        raise errors.insufficient_funds()


def _check_source(call: Call, charge: Row, amount: int, currency: str) -> None:
    """Bounded by the charge, over all transfers. Whether what was reversed frees room, Stripe does not say."""
    if charge["status"] != "succeeded":
        raise errors.refused(f"The source_transaction {charge['id']} has not succeeded.", param="source_transaction")
    entry = call.world.must(charge.hidden["entry"])
    settled, limit = entry["currency"], entry["amount"]
    if settled != currency:
        raise errors.refused(
            f"The currency of source_transaction's balance transaction ({settled}) must be the same as the transfer "
            f"currency ({currency})"
        )
    used = charge.hidden["transferred"]
    if call.world.switches["reversals_free_source_room"]:
        used -= sum(row["amount_reversed"] for row in call.rows("transfers").find(source_transaction=charge["id"]))
    if used + amount > limit:
        already = f" (There is already a transfer using this source, amounting to {money.text(used, currency)}.)"
        raise errors.refused(
            f"Transfers using this transaction as a source must not exceed the source amount of "
            f"{money.text(limit, currency)}.{already if used else ''}",
            call.world.switches["excess_code"],
        )
    given, group = call.params.get("transfer_group"), charge["transfer_group"]
    refused = call.world.switches["other_transfer_group"] == "refused"
    if refused and given and group and given != group:
        raise errors.refused(
            f"The transfer_group of a transfer must be that of its source_transaction ({group}).",
            param="transfer_group",
        )


def retrieve(call: Call) -> Row:
    """GET /v1/transfers/{id}"""
    return call.in_path("transfers", "transfer")


def update(call: Call) -> Row:
    """POST /v1/transfers/{id}: description and metadata only."""
    row = call.in_path("transfers", "transfer")
    before = common.amend(row, call.params, "description")
    call.world.changed(row)
    if before:
        call.world.emit("transfer.updated", row, before)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/transfers"""
    params = call.params
    filters = {field: params.get(field) or None for field in ("destination", "transfer_group")}
    return lists.page(call.rows("transfers"), params, call.path, "transfer", **filters)


def create_reversal(call: Call) -> Row:
    """POST /v1/transfers/{id}/reversals"""
    row, params, world = call.in_path("transfers", "transfer"), call.params, call.world
    left = row["amount"] - row["amount_reversed"]
    amount = params.get("amount", left)
    if left == 0:
        raise errors.refused(f"The transfer {row['id']} is already fully reversed.")
    if amount < 1:
        raise errors.below_one("amount")
    if amount > left:
        raise errors.refused(
            f"Reversal amount ({money.text(amount, row['currency'])}) is greater than unreversed amount on transfer "
            f"({money.text(left, row['currency'])})",
            world.switches["excess_code"],
            "amount",
        )
    transferring = Transferring(world)
    if not transferring.can_reverse(row, amount):
        raise errors.insufficient_funds()
    fee, share = _fee_to_refund(call, row, amount)
    reversal = transferring.reverse(
        row,
        amount,
        description=common.text_or_none(params, "description"),
        metadata=common.new_metadata(params.get("metadata")),
    )
    if fee and share:
        application_fees.give_back(world, fee, share)
    return reversal


def _fee_to_refund(call: Call, transfer: Row, amount: int) -> tuple[Row | None, int]:
    """The fee of a destination charge, and how much of it a reversal of `amount` is to give back: nothing unless told to."""
    if not call.params.get("refund_application_fee"):
        return None, 0
    source = transfer["source_transaction"]
    fee = destinations.fee_of(call.world, call.world.must(source)) if source else None
    if fee is None:
        raise errors.refused(  # UNCONFIRMED wording
            f"Transfer {transfer['id']} has no application fee to refund.", param="refund_application_fee"
        )
    share = destinations.part(fee["amount"], transfer["amount_reversed"], amount, transfer["amount"])
    return fee, min(share, fee["amount"] - fee["amount_refunded"])


def retrieve_reversal(call: Call) -> Row:
    """GET /v1/transfers/{id}/reversals/{reversal}"""
    return _reversal(call)


def update_reversal(call: Call) -> Row:
    """POST /v1/transfers/{id}/reversals/{reversal}: metadata only."""
    row = _reversal(call)
    common.amend(row, call.params)
    return row


def list_reversals(call: Call) -> dict[str, Any]:
    """GET /v1/transfers/{id}/reversals"""
    transfer = call.in_path("transfers", "transfer")
    return lists.page(call.rows("reversals"), call.params, call.path, "transfer reversal", transfer=transfer["id"])


def _reversal(call: Call) -> Row:
    transfer = call.in_path("transfers", "transfer")
    row = call.in_path("reversals", "transfer reversal", place="reversal")
    if row["transfer"] != transfer["id"]:
        raise errors.missing("transfer reversal", row["id"], "id", status=404)
    return row


_REVERSALS = "/v1/transfers/<id>/reversals"
_KIND = "transfer_reversal"
ROUTES = (
    Route("POST", "/v1/transfers", "transfers.create", create, "transfer", refuses=("source_type",)),
    Route("GET", "/v1/transfers", "transfers.list", list_, "transfer", "list"),
    Route("GET", "/v1/transfers/<id>", "transfers.retrieve", retrieve, "transfer"),
    Route("POST", "/v1/transfers/<id>", "transfers.update", update, "transfer"),
    Route(
        "POST",
        _REVERSALS,
        "transfers.reversals.create",
        create_reversal,
        _KIND,
    ),
    Route("GET", _REVERSALS, "transfers.reversals.list", list_reversals, _KIND, "list"),
    Route("GET", f"{_REVERSALS}/<reversal>", "transfers.reversals.retrieve", retrieve_reversal, _KIND),
    Route("POST", f"{_REVERSALS}/<reversal>", "transfers.reversals.update", update_reversal, _KIND),
)
