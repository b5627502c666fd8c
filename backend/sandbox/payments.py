"""Charging a PaymentIntent: success, decline, or a challenge first."""

from typing import TYPE_CHECKING, Any

from . import errors
from .cards import Card, Decline
from .charge_fields import charge_fields
from .errors import doc_url
from .ledger import SETTLE_DAYS, midnight
from .money import processing_fee
from .store import Row

if TYPE_CHECKING:
    from .world import World

# automatic_async: the charge learns of its balance transaction about two seconds after it succeeded (facts 1.25).
SETTLED_AFTER = 2
# How long after the payment the dispute of a disputing test card comes in.
DISPUTED_AFTER = 5
UNAUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)


def attempt(world: "World", intent: Row, method: Row, off_session: bool, return_url: str | None) -> None:
    """Charge the intent with the method, or ask for authentication. Raises the 402 of a decline, after committing it."""
    card: Card = method.hidden["card"]
    intent["last_payment_error"] = None
    # A new attempt takes the place of a challenge that nobody has answered.
    intent.hidden.pop("challenge", None)
    method.hidden["used"] = True
    if needs_authentication(intent, method):
        if off_session:
            raise decline(world, intent, method, AUTHENTICATION_REQUIRED)
        challenge(world, intent, method, return_url)
    elif card.decline is not None:
        raise decline(world, intent, method, card.decline)
    else:
        succeed(world, intent, method)


def needs_authentication(intent: Row, method: Row) -> bool:
    """Whether the issuer wants to see the cardholder first."""
    card: Card = method.hidden["card"]
    if card.authenticate == "setup":
        return not method.hidden["off_session"]
    asked = intent["payment_method_options"]["card"]["request_three_d_secure"] in {"any", "challenge"}
    return card.authenticate == "always" or asked


def challenge(world: "World", intent: Row, method: Row, return_url: str | None) -> None:
    """requires_action: 3-D Secure, on a page of ours or inside Stripe.js."""
    token = world.ids.new("src")
    intent.hidden["challenge"] = {"token": token, "return_url": return_url}
    page = f"{world.base_url}/3d_secure/{intent['id']}/{token}"
    intent["payment_method"] = method["id"]
    intent["status"] = "requires_action"
    if return_url:
        redirect = {"return_url": return_url, "url": page}
        intent["next_action"] = {"redirect_to_url": redirect, "type": "redirect_to_url"}
    else:
        sdk = {"source": token, "stripe_js": page, "type": "three_d_secure_redirect"}
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": sdk}
    world.changed(intent)
    world.emit("payment_intent.requires_action", intent)


def authenticate(world: "World", intent: Row, passed: bool) -> None:
    """The cardholder has answered the challenge."""
    method = world.must(intent["payment_method"])
    intent["next_action"] = None
    intent.hidden.pop("challenge", None)
    if not passed:
        _fail(world, intent, method, UNAUTHENTICATED.code, UNAUTHENTICATED.message, _traces(world, intent, method))
        return
    method.hidden["off_session"] = intent["setup_future_usage"] == "off_session"
    card: Card = method.hidden["card"]
    if card.decline is None:
        succeed(world, intent, method)
        return
    try:
        raise decline(world, intent, method, card.decline)
    except errors.StripeError:
        # The browser reads the outcome from the intent; there is no API call to answer.
        return


def _traces(world: "World", intent: Row, method: Row) -> Row | None:
    """Whether a failed authentication leaves a failed charge behind, Stripe does not say."""
    if not world.behaviours["failed_challenge_leaves_charge"]:
        return None
    charge = _new_charge(world, intent, method, UNAUTHENTICATED)
    intent["latest_charge"] = charge["id"]
    return charge


def succeed(world: "World", intent: Row, method: Row) -> None:
    """The money is there: a charge, its balance transaction, and both events."""
    card: Card = method.hidden["card"]
    charge = _new_charge(world, intent, method)
    _to_ledger(world, charge, card)
    if intent["setup_future_usage"] and intent["customer"]:
        method["customer"] = intent["customer"]
        world.changed(method)
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        payment_method=method["id"],
        next_action=None,
    )
    world.changed(intent)
    world.emit("payment_intent.succeeded", intent)
    world.emit("charge.succeeded", charge)
    if card.dispute is not None:
        reason, inquiry = card.dispute, card.inquiry
        world.timeline.at(world.now() + DISPUTED_AFTER, lambda: _dispute(world, charge, reason, inquiry))


def _dispute(world: "World", charge: Row, reason: str, inquiry: bool) -> None:
    """Unless the money went back already, or somebody disputed it by hand."""
    if not charge["disputed"] and not charge["refunded"]:
        world.disputes.open(charge, reason, inquiry)


def _to_ledger(world: "World", charge: Row, card: Card) -> None:
    """The funds are pending at once, so that the books always balance; the charge says so a little later."""
    now, fee = world.now(), processing_fee(charge["amount"], world.behaviours["fee_rounding"])
    available_on = now if card.instant else midnight(now, SETTLE_DAYS)
    text = charge["description"]
    entry = world.ledger.post(charge, "charge", charge["amount"], fee=fee, available_on=available_on, description=text)
    charge.hidden["entry"] = entry["id"]
    world.timeline.at(now + SETTLED_AFTER, lambda: _settled(world, charge, entry["id"]))


def _settled(world: "World", charge: Row, entry: str) -> None:
    charge["balance_transaction"] = entry
    world.changed(charge)
    world.emit("charge.updated", charge, {"balance_transaction": None})


def decline(world: "World", intent: Row, method: Row, why: Decline) -> errors.StripeError:
    """The card says no: a failed charge stays behind, and the intent waits for another card. Returns the 402 to raise."""
    charge = _new_charge(world, intent, method, why)
    intent["latest_charge"] = charge["id"]
    extras = {"charge": charge["id"]} | ({"decline_code": why.decline_code} if why.decline_code else {})
    detail = {name: value for name, value in extras.items() if name != "charge"}
    _fail(world, intent, method, why.code, why.message, charge, param=why.param, **detail)
    return errors.StripeError(
        why.message,
        status=402,
        kind="card_error",
        code=why.code,
        param=why.param,
        executed=True,
        extras=extras | {"payment_intent": dict(intent), "payment_method": dict(method)},
    )


def _fail(
    world: "World",
    intent: Row,
    method: Row,
    code: str,
    message: str,
    charge: Row | None = None,
    **detail: Any,
) -> None:
    param = detail.pop("param", None)
    error = {"code": code, "doc_url": doc_url(code), "message": message, "payment_method": dict(method)}
    kind = "invalid_request_error" if code == UNAUTHENTICATED.code else "card_error"
    extras = {"charge": charge["id"]} if charge else {}
    error |= detail | extras | {"type": kind} | ({"param": param} if param else {})
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        last_payment_error=dict(sorted(error.items())),
        next_action=None,
    )
    world.changed(intent)
    if charge:
        world.emit("charge.failed", charge)
    world.emit("payment_intent.payment_failed", intent)


def _new_charge(world: "World", intent: Row, method: Row, why: Decline | None = None) -> Row:
    fields = charge_fields(world, intent, method, why)
    return world.add("charges", intent.account, fields, transferred=0)
