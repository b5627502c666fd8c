"""Charging a PaymentIntent: success, decline, or a challenge first."""

from typing import Any

from ..wire import errors
from ..wire.errors import doc_url
from . import authorizations, destinations
from .cards import Card, Decline
from .charge_fields import new_charge
from .ledger import SETTLE_DAYS, midnight
from .pricing import FLAT, Price, price_of, processing_fee
from .store import Row
from .world import World

# automatic_async: the charge learns of its balance transaction about two seconds after it succeeded (docs/stripe.md 1.7).
SETTLED_AFTER = 2
# How long after the payment the dispute of a disputing test card comes in.
DISPUTED_AFTER = 5
ASKING = {"payment_intent": "payment_intent.requires_action", "setup_intent": "setup_intent.requires_action"}
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


def charge_card(world: World, intent: Row, method: Row, off_session: bool, return_url: str | None) -> None:
    """Charge the intent with a card, or ask for authentication. Raises the 402 of a decline, after committing it."""
    card: Card = method.hidden["card"]
    if needs_authentication(intent, method) and not intent.hidden.pop("authenticated", False):
        if off_session:
            raise decline(world, intent, method, AUTHENTICATION_REQUIRED)
        challenge(world, intent, method, return_url)
    elif card.decline is not None:
        raise decline(world, intent, method, card.decline)
    else:
        succeed(world, intent, method)


def needs_authentication(intent: Row, method: Row) -> bool:
    """True if the issuer wants to see the cardholder first."""
    card: Card | None = method.hidden.get("card")
    if card is None:
        return False
    if card.authenticate == "setup":
        return not method.hidden["off_session"]
    asked = intent["payment_method_options"]["card"]["request_three_d_secure"] in {"any", "challenge"}
    return card.authenticate == "always" or asked


def challenge(world: World, intent: Row, method: Row, return_url: str | None) -> None:
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
    world.emit(ASKING[intent["object"]], intent)


def authenticate(world: World, intent: Row, passed: bool) -> None:
    """The cardholder has answered the challenge."""
    method = world.must(intent["payment_method"])
    intent["next_action"] = None
    intent.hidden.pop("challenge", None)
    if not passed:
        fail(world, intent, method, UNAUTHENTICATED.code, UNAUTHENTICATED.message, _traces(world, intent, method))
        return
    method.hidden["off_session"] = intent["setup_future_usage"] == "off_session"
    if intent["confirmation_method"] == "manual":
        # The server has the last word: it confirms once more, and is not asked again.
        intent.update(status="requires_confirmation")
        intent.hidden["authenticated"] = True
        world.changed(intent)
        return
    card: Card = method.hidden["card"]
    if card.decline is None:
        succeed(world, intent, method)
        return
    try:
        raise decline(world, intent, method, card.decline)
    except errors.StripeError:
        # The browser reads the outcome from the intent; there is no API call to answer.
        return


def _traces(world: World, intent: Row, method: Row) -> Row | None:
    """True if a failed authentication leaves a failed charge behind; Stripe does not say."""
    if not world.switches["failed_challenge_leaves_charge"]:
        return None
    charge = new_charge(world, intent, method, UNAUTHENTICATED)
    intent["latest_charge"] = charge["id"]
    return charge


def succeed(world: World, intent: Row, method: Row) -> None:
    """The money is there: a charge, its balance transaction, and both events."""
    if intent["capture_method"] == "manual":
        authorizations.authorize(world, intent, method)
        return
    take(world, intent, method, new_charge(world, intent, method))


def take(world: World, intent: Row, method: Row, charge: Row) -> None:
    """The card's money comes in: at once, or when an authorized charge is captured. Then what the test card is for."""
    card: Card = method.hidden["card"]
    settle(world, charge, "charge", world.now() if card.instant else midnight(world.now(), SETTLE_DAYS))
    complete(world, intent, method, charge)
    if card.dispute is not None:
        dispute_later(world, charge, card.dispute, card.inquiry, card.disputes)
    if card.warned:
        world.timeline.at(world.now() + DISPUTED_AFTER, "fraud_warning.open", charge)


def complete(world: World, intent: Row, method: Row, charge: Row) -> None:
    """The intent is paid by a charge that has succeeded, and that has its balance transaction."""
    if intent["setup_future_usage"] and intent["customer"]:
        method["customer"] = intent["customer"]
        world.changed(method)
    intent.update(
        status="succeeded",
        amount_received=charge["amount_captured"],
        amount_capturable=0,
        latest_charge=charge["id"],
        payment_method=method["id"],
        next_action=None,
    )
    world.changed(intent)
    told = charge.hidden.pop("authorized", False)
    if told:
        world.emit("charge.captured", charge)
    world.emit("payment_intent.succeeded", intent)
    if not told:
        world.emit("charge.succeeded", charge)
    _show(world, intent, charge, charge.hidden.pop("settled", {}) | destinations.send(world, charge))


def _show(world: World, intent: Row, charge: Row, fields: dict[str, Any]) -> None:
    """Let the charge show its balance transaction, transfer and fee: at once if captured so, else a little later."""
    if not fields:
        return
    if intent["capture_method"] == "automatic_async":
        world.timeline.at(world.now() + SETTLED_AFTER, "charge.show", charge, fields)
    else:
        charge.update(fields)
        world.changed(charge)


def dispute_later(world: World, charge: Row, reason: str, inquiry: bool, disputes: int = 1) -> None:
    """Some seconds after the payment, as with Stripe's disputing test methods."""
    world.timeline.at(world.now() + DISPUTED_AFTER, "charge.dispute", charge, reason, inquiry, disputes)


def dispute(world: World, charge: Row, reason: str, inquiry: bool, disputes: int) -> None:
    """Unless the money went back already, or somebody disputed it by hand. Several disputes share the amount."""
    if charge["disputed"] or charge["refunded"]:
        return
    left = charge["amount"] - charge["amount_refunded"]
    for place in range(disputes):
        amount = left * (place + 1) // disputes - left * place // disputes
        world.disputes.open(charge, reason, "inquiry" if inquiry else "chargeback", amount=amount)


def book(world: World, charge: Row, kind: str, available_on: int) -> Row:
    """The charge's balance transaction."""
    amount = charge["amount_captured"]
    fee = processing_fee(amount, world.switches["fee_rounding"], _price(world, charge))
    direct = 0 if charge["transfer_data"] else charge["application_fee_amount"] or 0
    entry = world.ledger.post(
        charge,
        kind,
        amount,
        fee=fee,
        application_fee=direct,
        available_on=available_on,
        description=charge["description"],
    )
    charge.hidden.update(entry=entry["id"], fee=fee)
    return entry


def _price(world: World, charge: Row) -> Price:
    """Return Stripe's price for a charge."""
    if world.switches["fees"] == "flat":
        return FLAT
    card = (charge["payment_method_details"] or {}).get("card") or {}
    return price_of(world.must(charge.account)["country"], card.get("country"))


def settle(world: World, charge: Row, kind: str, available_on: int) -> None:
    """The funds are pending at once, so that the books always balance; the charge says so once it is complete."""
    charge.hidden["settled"] = {"balance_transaction": book(world, charge, kind, available_on)["id"]}


def show(world: World, charge: Row, fields: dict[str, Any]) -> None:
    """Let the charge learn of its balance transaction, and of where it was sent."""
    before = {field: charge.get(field) for field in fields}
    charge.update(fields)
    world.changed(charge)
    world.emit("charge.updated", charge, before)


def decline(world: World, intent: Row, method: Row, why: Decline) -> errors.StripeError:
    """The card says no: a failed charge stays behind, and the intent waits for another card. Returns the 402 to raise."""
    charge = new_charge(world, intent, method, why)
    intent["latest_charge"] = charge["id"]
    extras = {"charge": charge["id"]} | ({"decline_code": why.decline_code} if why.decline_code else {})
    detail = {name: value for name, value in extras.items() if name != "charge"}
    fail(world, intent, method, why.code, why.message, charge, param=why.param, **detail)
    return errors.StripeError(
        why.message,
        status=402,
        kind="card_error",
        code=why.code,
        param=why.param,
        executed=True,
        extras=extras | {"payment_intent": dict(intent), "payment_method": dict(method)},
    )


def fail(
    world: World,
    intent: Row,
    method: Row,
    code: str,
    message: str,
    charge: Row | None = None,
    **detail: Any,
) -> None:
    """The attempt has failed: the intent waits for another payment method."""
    param = detail.pop("param", None)
    error = {"code": code, "doc_url": doc_url(code), "message": message, "payment_method": dict(method)}
    kind = "invalid_request_error" if code.startswith("payment_intent_") else "card_error"
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
