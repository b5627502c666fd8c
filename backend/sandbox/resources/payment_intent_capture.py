"""POST /v1/payment_intents/{id}/capture: take money that is held, all of it or a part."""

from ..calls.routing import Call, Route
from ..state import payments
from ..state.store import Row
from ..wire import errors
from . import common
from .destination_charges import changed_destination
from .payment_intent_checks import UNEXPECTED, check_step

NAME = "payment_intent"
# One capture is all that a card here takes.
REFUSED = ("amount_details", "hooks", "payment_details")


def capture(call: Call) -> Row:
    """Take the money. What is not taken goes back to the card."""
    row, params, world = call.in_path("payment_intents", NAME, "intent"), call.params, call.world
    if row["status"] != "requires_capture":
        raise errors.refused(
            f"This PaymentIntent could not be captured because it has a status of {row['status']}. Only a PaymentIntent with "
            "one of the following statuses may be captured: requires_capture.",
            UNEXPECTED,
            payment_intent=dict(row),
        )
    amount = params.get("amount_to_capture", row["amount_capturable"])
    _check_amount(row, amount)
    charge = world.must(row["latest_charge"])
    destined = changed_destination(call, row, amount)
    common.amend(row, params, "statement_descriptor", "statement_descriptor_suffix")
    row.update(destined)
    charge.update(
        captured=True,
        amount_captured=amount,
        amount_refunded=charge["amount"] - amount,
        application_fee_amount=row["application_fee_amount"],
        transfer_data=row["transfer_data"],
    )
    payments.take(world, row, world.must(charge["payment_method"]), charge)
    world.changed(charge)
    return row


def _check_amount(row: Row, amount: int) -> None:
    if amount < 1:
        raise errors.below_one("amount_to_capture")
    check_step(amount, row["currency"], "amount_to_capture")
    if amount > row["amount_capturable"]:
        raise errors.refused(
            "The requested capture amount is greater than the amount you can capture for this charge.",
            "amount_too_large",
            "amount_to_capture",
        )


ROUTES = (
    Route(
        "POST",
        "/v1/payment_intents/<id>/capture",
        "payment_intents.capture",
        capture,
        NAME,
        refuses=REFUSED,
        unused=("final_capture",),
    ),
)
