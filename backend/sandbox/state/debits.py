"""Bank debits: the money takes days to come, may never come, and may be taken back after it came."""

from ..wire.errors import invalid, refused
from . import payments
from .banks import FAILURES, Bank
from .charge_fields import new_charge, receipt
from .ledger import DAY, SETTLE_DAYS, midnight
from .store import Row
from .world import World

# How many days a bank takes to answer.
DEBIT_DAYS = 4
FAILED_CODE = "payment_intent_payment_attempt_failed"


def begin(world: World, intent: Row, method: Row) -> None:
    """Ask the bank. The charge is there at once, pending; the answer comes days later."""
    charge = new_charge(world, intent, method, pending=True)
    if world.switches["debit_booked"] == "pending":
        due = midnight(world.now(), DEBIT_DAYS + SETTLE_DAYS)
        charge["balance_transaction"] = payments.book(world, charge, "payment", due)["id"]
        world.changed(charge)
    intent.update(status="processing", latest_charge=charge["id"], payment_method=method["id"], next_action=None)
    world.changed(intent)
    world.emit("payment_intent.processing", intent)
    world.emit("charge.pending", charge)
    bank: Bank = method.hidden["bank"]
    if bank.answers:
        due = world.now() + DEBIT_DAYS * DAY
        world.timeline.at(due, "debit.answer", intent, charge, bank.failure)


def answer(world: World, intent: Row, charge: Row, failure: str | None) -> None:
    """The bank's answer, unless this attempt has ended before."""
    if charge["status"] == "pending":
        finish(world, intent, failure)


def finish(world: World, intent: Row, failure: str | None) -> None:
    """The debit has come to an end: the money is there, or the bank gives a reason."""
    charge = world.must(intent["latest_charge"])
    if failure is None:
        _succeed(world, intent, charge)
        return
    message = _message(failure)
    _charge_fails(world, charge, failure)
    method = world.must(charge["payment_method"])
    payments.fail(world, intent, method, FAILED_CODE, message, charge)
    world.refunds.charge_ended(charge)


def _message(failure: str) -> str:
    if failure not in FAILURES:
        raise invalid(f"Invalid failure_code: must be one of {', '.join(FAILURES)}", "failure_code")
    return FAILURES[failure]


def _succeed(world: World, intent: Row, charge: Row) -> None:
    charge.update(status="succeeded", paid=True, receipt_url=receipt(charge["id"]))
    world.changed(charge)
    if "entry" not in charge.hidden:
        payments.settle(world, charge, "payment", midnight(world.now(), SETTLE_DAYS))
    method = world.must(charge["payment_method"])
    payments.complete(world, intent, method, charge)
    world.refunds.charge_ended(charge)
    bank: Bank = method.hidden["bank"]
    if bank.disputed:
        payments.dispute_later(world, charge, "debit_not_authorized", inquiry=False)


def call_off(world: World, intent: Row) -> None:
    """The PaymentIntent was canceled while the bank was being asked."""
    charge = world.must(intent["latest_charge"])
    _charge_fails(world, charge, "charge_canceled")
    world.emit("charge.failed", charge)
    world.refunds.charge_ended(charge)


def bounce(world: World, charge: Row) -> None:
    """The bank takes back a debit that had succeeded: by a dispute, or by failing the charge after all."""
    method = world.store.anywhere(charge["payment_method"] or "")
    if charge["status"] != "succeeded" or method is None or "bank" not in method.hidden:
        raise refused(f"Charge {charge['id']} is no bank debit that has succeeded.")
    if charge["disputed"]:
        raise refused(f"Charge {charge['id']} has been taken back already: it is disputed.")
    if world.switches["debit_bounces_as"] == "dispute":
        world.disputes.open(charge, "debit_not_authorized")
        return
    _charge_fails(world, charge, "debit_not_authorized")
    world.refunds.charge_ended(charge)
    intent = world.must(charge["payment_intent"])
    if world.switches["bounce_reopens_intent"]:
        intent["amount_received"] = 0
        payments.fail(world, intent, method, FAILED_CODE, FAILURES["debit_not_authorized"], charge)
    else:
        world.emit("charge.failed", charge)


def _charge_fails(world: World, charge: Row, failure: str) -> None:
    """Book back what was booked for it; the fee too, if the money never came."""
    came = charge["status"] == "succeeded"
    charge.update(status="failed", paid=False, failure_code=failure, failure_message=FAILURES[failure])
    if "entry" in charge.hidden:
        entry = world.must(charge.hidden["entry"])
        back = world.ledger.post(
            charge,
            "payment_failure_refund",
            world.refunds.taken(charge) - charge["amount"],
            fee=0 if came else -charge.hidden["fee"],
            available_on=entry["available_on"],
            description=f"REFUND FOR FAILED PAYMENT ({charge['description'] or charge['id']})",
        )
        charge["failure_balance_transaction"] = back["id"]
    world.changed(charge)
