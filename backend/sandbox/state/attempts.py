"""An attempt at paying a PaymentIntent, with whichever method."""

from ..wire.errors import refused
from . import debits, payments
from .store import Row
from .world import World


def attempt(world: World, intent: Row, method: Row, off_session: bool, return_url: str | None) -> None:
    """Charge the intent with the method. Raises the 402 of a decline, after committing it."""
    if method["type"] not in intent["payment_method_types"]:
        raise refused(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. It may be paid with: "
            f"{', '.join(intent['payment_method_types'])}.",
            param="payment_method",
        )
    intent["last_payment_error"] = None
    # A new attempt takes the place of a challenge that nobody has answered.
    intent.hidden.pop("challenge", None)
    method.hidden["used"] = True
    if "bank" in method.hidden:
        debits.begin(world, intent, method)
    else:
        payments.charge_card(world, intent, method, off_session, return_url)
