"""Payments that are for a connected account: `transfer_data`, `application_fee_amount`, `on_behalf_of`."""

from typing import Any

from ..calls.routing import Call
from ..state import money
from ..state.store import Row
from ..wire import errors
from ..wire.errors import StripeError
from . import common

FEE = "application_fee_amount"
# The first is what a transfer needs, the second what it is to charge in somebody's name.
NEEDS = {"transfers": "transfers, crypto_transfers, legacy_payments", "card_payments": "card_payments, legacy_payments"}
ONLY_CONNECT = (
    "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an OAuth key or "
    "Stripe-Account header) or destination payment (using `transfer_data[destination]`)."
)


def check_destination(call: Call) -> dict[str, Any]:
    """The fields that a new PaymentIntent has of its destination, and what its transfer is to be called."""
    params = call.params
    data = params.get("transfer_data") or None
    fields = {
        FEE: params.get(FEE),
        "on_behalf_of": _able(call, params.get("on_behalf_of"), "card_payments", "on_behalf_of"),
        "transfer_data": None,
    }
    if data:
        if "payment_data" in data:
            raise errors.unsupported_param("transfer_data[payment_data]")
        destination = _able(call, data["destination"], "transfers", "transfer_data[destination]")
        fields["transfer_data"] = {"amount": data.get("amount"), "destination": destination}
    _check_amounts(call, fields, params["amount"], params["currency"].lower())
    return fields


def transfer_words(params: dict[str, Any]) -> dict[str, Any]:
    """Return the words that the transfer of a destination charge will carry. Stripe keeps them with the PaymentIntent."""
    data = params.get("transfer_data") or {}
    return {
        "transfer_description": data.get("description"),
        "transfer_metadata": common.new_metadata(data.get("metadata")),
    }


def changed_destination(call: Call, row: Row, amount: int) -> dict[str, Any]:
    """The fee and the transferred amount that a PaymentIntent is to have, of which `amount` is to be taken."""
    params, data = call.params, call.params.get("transfer_data") or {}
    fields = {FEE: row[FEE], "transfer_data": row["transfer_data"]}
    if FEE in params:
        fields[FEE] = params[FEE] or None
    if "amount" in data and row["transfer_data"]:
        fields["transfer_data"] = {**row["transfer_data"], "amount": data["amount"]}
    elif data:
        raise errors.invalid("This PaymentIntent has no transfer_data to change.", "transfer_data")
    _check_amounts(call, fields, amount, row["currency"])
    return fields


def _able(call: Call, account: str | None, capability: str, param: str) -> str | None:
    """The account's id, once it is known to be the platform's and able."""
    if not account:
        return None
    row = call.world.get("accounts", call.world.platform, account)
    if row is None:
        name = "destination" if capability == "transfers" else "account"
        raise errors.missing(name, account, param)
    if call.world.switches["capabilities_enforced"] and row["capabilities"].get(capability) != "active":
        raise _not_able(account, capability, param)
    return account


def _not_able(account: str, capability: str, param: str) -> StripeError:
    if capability == "transfers":
        text = "Your destination account needs to have at least one of the following capabilities enabled: "
        return errors.refused(text + NEEDS[capability], "insufficient_capabilities_for_transfer")
    return errors.refused(  # UNCONFIRMED wording
        f"The account referenced in the '{param}' parameter is missing the required capabilities: {account} must have at "
        f"least one of the following capabilities enabled: {NEEDS[capability]}",
        param=param,
    )


def _check_amounts(call: Call, fields: dict[str, Any], amount: int, currency: str) -> None:
    fee, data = fields[FEE], fields["transfer_data"]
    direct = call.account != call.world.platform
    if fee is not None and not data and not direct:
        raise errors.invalid(ONLY_CONNECT, FEE)
    if fee is not None and data and data["amount"] is not None:
        raise errors.invalid(
            f"You may only specify one of these parameters: {FEE}, transfer_data[amount].", "transfer_data[amount]"
        )
    for param, part in ((FEE, fee), ("transfer_data[amount]", data and data["amount"])):
        if part is not None and not 0 <= part <= amount:
            raise errors.invalid(  # UNCONFIRMED wording of a documented rule
                f"The {param} ({money.text(part, currency)}) must be between 0 and the amount "
                f"({money.text(amount, currency)}).",
                param,
            )
