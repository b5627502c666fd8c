"""Destination charges: a payment to the platform that is sent on to a connected account as soon as it succeeds."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from . import application_fees
from .store import Row
from .transferring import Transferring
from .world import World


def send(world: World, charge: Row) -> dict[str, Any]:
    """Send on what a succeeded charge is for, less the platform's fee. Returns what the charge is to show of it."""
    if charge["transfer_data"]:
        return _to_destination(world, charge)
    if charge["application_fee_amount"]:
        due = world.must(charge.hidden["entry"])["available_on"]
        fee = application_fees.take(world, charge, charge["application_fee_amount"], due, None)
        charge.hidden["application_fee"] = fee["id"]
        return {"application_fee": fee["id"]}
    return {}


def _to_destination(world: World, charge: Row) -> dict[str, Any]:
    """The whole charge less the fee, or the amount that was named. In the currency that the charge settles in."""
    data, entry = charge["transfer_data"], world.must(charge.hidden["entry"])
    wanted = charge["amount_captured"] if data["amount"] is None else data["amount"]
    fee = _settled(charge["application_fee_amount"] or 0, entry)
    transfer = Transferring(world).transfer(
        world.must(data["destination"]),
        _settled(wanted, entry),
        entry["currency"],
        charge,
        fee=fee,
        description=charge.hidden.get("transfer_description"),
        metadata=charge.hidden.get("transfer_metadata") or {},
        transfer_group=charge["transfer_group"],
    )
    charge.hidden["transfer"] = transfer["id"]
    shown = {"transfer": transfer["id"]}
    if fee:
        payment = world.must(transfer["destination_payment"])
        taken = application_fees.take(world, payment, fee, entry["available_on"], charge)
        payment["application_fee"] = charge.hidden["application_fee"] = taken["id"]
        world.changed(payment)
        shown["application_fee"] = taken["id"]
    return shown


def _settled(amount: int, entry: Row) -> int:
    """An amount of the charge's currency in the currency of its balance transaction."""
    rate = entry["exchange_rate"]
    return amount if rate is None else int((amount * Decimal(str(rate))).to_integral_value(ROUND_HALF_UP))


def transfer_of(world: World, charge: Row) -> Row | None:
    """The transfer that the charge was sent on by, or None."""
    return world.must(charge.hidden["transfer"]) if "transfer" in charge.hidden else None


def fee_of(world: World, charge: Row) -> Row | None:
    """The application fee that was kept of the charge, or None."""
    return world.must(charge.hidden["application_fee"]) if "application_fee" in charge.hidden else None


def share(whole: int, charge: Row, amount: int) -> int:
    """The part of a transfer, or of a fee, that goes back with the next `amount` refunded of a charge.

    Reckoned from what is refunded altogether, so that the parts of a charge refunded bit by bit add up to the whole.
    """
    paid, before = charge["amount_captured"], charge["amount_refunded"] - (charge["amount"] - charge["amount_captured"])
    return part(whole, before, amount, paid)


def part(whole: int, before: int, amount: int, of: int) -> int:
    """The part of `whole` that belongs to the next `amount` of `of`, after `before` of it. The parts add up to the whole."""
    return _up_to(whole, before + amount, of) - _up_to(whole, before, of)


def _up_to(whole: int, amount: int, of: int) -> int:
    """`whole` by `amount` of `of`, half a cent up."""
    return (2 * whole * amount + of) // (2 * of)


def reverse(world: World, charge: Row, refund: Row, amount: int) -> None:
    """Take `amount` back from the connected account, for a refund."""
    transfer = transfer_of(world, charge)
    assert transfer is not None
    reversal = Transferring(world).reverse(transfer, amount, metadata={}, source_refund=refund["id"])
    refund["transfer_reversal"] = reversal["id"]
    world.changed(refund)
