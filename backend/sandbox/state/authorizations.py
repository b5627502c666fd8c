"""Money that is held on a card, and not taken yet: capture_method manual."""

from .charge_fields import new_charge
from .ledger import DAY
from .store import Row
from .world import World

# How long a card's bank holds money for a payment made in the customer's presence on the web.
HELD_DAYS = 7


def authorize(world: World, intent: Row, method: Row) -> None:
    """Hold the money. It is nobody's until it is captured, and free again after seven days."""
    charge = new_charge(world, intent, method)
    until = world.now() + HELD_DAYS * DAY
    charge["payment_method_details"]["card"]["capture_before"] = until
    charge.hidden["authorized"] = True
    world.changed(charge)
    intent.update(
        status="requires_capture",
        amount_capturable=intent["amount"],
        latest_charge=charge["id"],
        payment_method=method["id"],
        next_action=None,
    )
    world.changed(intent)
    world.emit("payment_intent.amount_capturable_updated", intent)
    world.emit("charge.succeeded", charge)
    world.timeline.at(until, "authorization.expire", intent, charge)


def release(world: World, intent: Row) -> None:
    """Let the money go: the PaymentIntent is canceled. Nothing was booked, so nothing is booked back."""
    charge = world.must(intent["latest_charge"])
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge.update(amount_refunded=charge["amount"], refunded=True)
    intent["amount_capturable"] = 0
    world.changed(charge)
    world.emit("charge.refunded", charge, before)


def expire(world: World, intent: Row, charge: Row) -> None:
    """Let money go that nobody has captured in time."""
    if intent["status"] != "requires_capture" or intent["latest_charge"] != charge["id"]:
        return
    charge.update(amount_refunded=charge["amount"], refunded=True)
    intent.update(
        status="canceled",
        amount_capturable=0,
        canceled_at=world.now(),
        cancellation_reason="automatic",
        next_action=None,
    )
    world.changed(charge)
    world.changed(intent)
    world.emit("charge.expired", charge)
    world.emit("payment_intent.canceled", intent)
