"""Charging a PaymentIntent: success, decline, or a challenge first."""

from typing import TYPE_CHECKING, Any

from . import errors
from .cards import Card, Decline
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


def charge_fields(world: "World", intent: Row, method: Row, why: Decline | None) -> dict[str, Any]:
    """The charge of an attempt. It takes over the intent's metadata as it is now; later changes stay with the intent."""
    amount, paid, charge_id = intent["amount"], why is None, world.ids.sibling("ch", of=intent["id"])
    receipt = f"https://pay.stripe.com/receipts/payment/{charge_id}"
    return blank_charge(charge_id, amount, intent["currency"], world.now()) | {
        "amount_captured": amount if paid else 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": paid,
        "customer": intent["customer"],
        "description": intent["description"],
        "failure_code": why.code if why else None,
        "failure_message": why.message if why else None,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(why),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _card_used(method, amount), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "receipt_url": receipt if paid else None,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded" if paid else "failed",
        "transfer_group": intent["transfer_group"],
    }


def blank_charge(charge_id: str, amount: int, currency: str, now: int) -> dict[str, Any]:
    """Every field of a charge, as of one about which nothing more is known."""
    nulls = dict.fromkeys(_NULL)
    return {
        "id": charge_id,
        "object": "charge",
        **nulls,
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "captured": True,
        "created": now,
        "currency": currency,
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "paid": True,
        "radar_options": {},
        "refunded": False,
        "status": "succeeded",
    }


_NULL = (
    "application application_fee application_fee_amount authorization_code balance_transaction "
    "calculated_statement_descriptor customer "
    "description failure_balance_transaction failure_code failure_message on_behalf_of outcome payment_intent "
    "payment_method payment_method_details receipt_email receipt_number receipt_url review shipping source "
    "source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
).split()


def _outcome(why: Decline | None) -> dict[str, Any]:
    """What the issuer said, or Radar."""
    base: dict[str, Any] = {"advice_code": None, "network_advice_code": None, "network_decline_code": None}
    if why is None:
        verdict: tuple[Any, ...] = (
            "approved_by_network",
            None,
            "normal",
            20,
            "Payment complete.",
            "authorized",
        )
    elif why.blocked:
        message = "Stripe blocked this payment as too risky."
        verdict = ("not_sent_to_network", why.outcome_reason, "highest", 92, message, "blocked")
    else:
        message = "The bank did not return any further details with this decline."
        verdict = ("declined_by_network", why.outcome_reason, "normal", 20, message, "issuer_declined")
    names = ("network_status", "reason", "risk_level", "risk_score", "seller_message", "type")
    return base | dict(zip(names, verdict, strict=True))


def _card_used(method: Row, amount: int) -> dict[str, Any]:
    card = method["card"]
    shown = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "wallet",
    )
    unavailable = {"status": "unavailable"}
    return {
        "amount_authorized": amount,
        "authorization_code": None,
        **{field: card[field] for field in shown},
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": unavailable,
        "installments": None,
        "mandate": None,
        "multicapture": unavailable,
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
    }
