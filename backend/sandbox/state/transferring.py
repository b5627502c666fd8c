"""Moving money between the platform and a connected account, there and back."""

from typing import Any

from .charge_fields import blank_charge
from .refund_fields import refund_fields
from .store import Row
from .world import World

# How many reversals ride along inside a transfer object.
EMBEDDED = 10


class Transferring:
    """Both sides of a transfer: the platform's transfer, and the payment (`py_`) that the other account sees."""

    def __init__(self, world: World) -> None:
        self._world = world

    def transfer(self, destination: Row, amount: int, currency: str, charge: Row | None, **given: Any) -> Row:
        """Transfer `amount`. From a charge, the money is pending on both sides until the charge's own funds mature.

        `fee`: what the platform keeps of it, as the receiver's books show it.
        """
        world, fee = self._world, given.pop("fee", 0)
        transfer_id = world.ids.sibling("tr", of=charge["id"]) if charge else world.ids.new("tr")
        if charge:
            given["transfer_group"] = self._group(charge, given["transfer_group"])
        fields = _transfer_fields(transfer_id, amount, currency, world.now()) | given
        fields["destination"] = destination["id"]
        fields["source_transaction"] = charge["id"] if charge else None
        row = world.add("transfers", self._world.platform, fields)
        due = self._available_on(charge)
        text = f"Transfer to {destination['id']}"
        entry = world.ledger.post(row, "transfer", -amount, available_on=due, description=text)
        row["balance_transaction"] = entry["id"]
        row["destination_payment"] = self._receive(row, destination["id"], due, fee)["id"]
        if charge:
            charge.hidden["transferred"] += amount
        world.changed(row)
        world.emit("transfer.created", row)
        return row

    def can_reverse(self, row: Row, amount: int) -> bool:
        """A reversal needs the account's available balance, unless this very money is still pending there."""
        if self._is_pending(row):
            return True
        return self._world.ledger.available(row["destination"], row["currency"]) >= amount

    def reverse(self, row: Row, amount: int, **given: Any) -> Row:
        """Take `amount` back. The caller has checked that it can be."""
        world = self._world
        payment = world.must(row["destination_payment"])
        due = self._due_of(row)
        fields = _reversal_fields(world.ids.sibling("trr", of=row["id"]), amount, row, world.now())
        fields |= {"metadata": given["metadata"], "source_refund": given.get("source_refund")}
        reversal = world.add("reversals", row.account, fields, description=given.get("description"))
        back = f"REFUND FOR TRANSFER ({row['description'] or row['id']})"
        entry = world.ledger.post(reversal, "transfer_refund", amount, available_on=due, description=back)
        reversal["balance_transaction"] = entry["id"]
        reversal["destination_payment_refund"] = self._give_back(payment, amount, due)["id"]
        before = {field: row[field] for field in ("amount_reversed", "reversed", "reversals")}
        row["amount_reversed"] += amount
        row["reversed"] = row["amount_reversed"] == row["amount"]
        row["reversals"] = self._embedded(row)
        world.changed(row)
        world.emit("transfer.reversed", row, before)
        return reversal

    def _group(self, charge: Row, given: str | None) -> str:
        """The charge's group; when nobody named one, Stripe invents one for both (docs/stripe.md 2.3)."""
        group: str | None = charge["transfer_group"] or given
        if group is None:
            group = f"group_{charge['payment_intent']}"
            charge["transfer_group"] = group
            self._world.changed(charge)
        return group

    def _available_on(self, charge: Row | None) -> int:
        entry = self._world.must(charge.hidden["entry"]) if charge else None
        return entry["available_on"] if entry else self._world.now()

    def _due_of(self, row: Row) -> int:
        due: int = self._world.must(row["balance_transaction"])["available_on"]
        return due

    def _is_pending(self, row: Row) -> bool:
        return bool(self._world.must(row["balance_transaction"])["status"] == "pending")

    def _receive(self, row: Row, account: str, due: int, fee: int) -> Row:
        world = self._world
        fields = blank_charge(world.ids.new("py"), row["amount"], row["currency"], world.now())
        fields |= {
            "source_transfer": row["id"],
            "payment_method_details": {"stripe_account": {}, "type": "stripe_account"},
            "application_fee_amount": fee or None,
        }
        payment = world.add("charges", account, fields, transferred=0)
        entry = world.ledger.post(payment, "payment", row["amount"], available_on=due, application_fee=fee)
        payment["balance_transaction"] = payment.hidden["entry"] = entry["id"]
        world.changed(payment)
        chosen = world.switches["destination_payment_event"]
        for kind in ("payment.created", "charge.succeeded"):
            if chosen in {kind, "both"}:
                world.emit(kind, payment)
        return payment

    def _give_back(self, payment: Row, amount: int, due: int) -> Row:
        world = self._world
        fields = refund_fields(world.ids.new("pyr"), amount, payment, world.now())
        refund = world.add("refunds", payment.account, fields | {"destination_details": None})
        entry = world.ledger.post(refund, "payment_refund", -amount, available_on=due, description="REFUND FOR PAYMENT")
        refund["balance_transaction"] = entry["id"]
        payment["amount_refunded"] += amount
        payment["refunded"] = payment["amount_refunded"] == payment["amount"]
        world.changed(payment)
        return refund

    def _embedded(self, row: Row) -> dict[str, Any]:
        found = self._world.store.of(row.account, "reversals").find(transfer=row["id"])[::-1]
        data = [dict(reversal) for reversal in found[:EMBEDDED]]
        return {
            **row["reversals"],
            "data": data,
            "has_more": len(found) > EMBEDDED,
            "total_count": len(found),
        }


def _transfer_fields(transfer_id: str, amount: int, currency: str, now: int) -> dict[str, Any]:
    """There is no status: a transfer exists, or its creation was refused."""
    url = f"/v1/transfers/{transfer_id}/reversals"
    return {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": now,
        "currency": currency,
        "description": None,
        "destination": None,
        "destination_payment": None,
        "livemode": False,
        "metadata": {},
        "reversals": {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": url},
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": None,
    }


def _reversal_fields(reversal_id: str, amount: int, row: Row, now: int) -> dict[str, Any]:
    return {
        "id": reversal_id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": now,
        "currency": row["currency"],
        "destination_payment_refund": None,
        "metadata": {},
        "source_refund": None,
        "transfer": row["id"],
    }
