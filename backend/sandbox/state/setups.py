"""Setting up a card for later: saved at once, refused by its bank, or asked about first."""

from typing import Any

from ..wire import errors
from ..wire.errors import doc_url
from . import methods, payments
from .cards import Card, Decline
from .store import Row
from .world import World

UNAUTHENTICATED = Decline(
    "setup_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)


def attempt(world: World, intent: Row, method: Row, return_url: str | None) -> None:
    """Set the card up, or ask for authentication. Raises the 402 of a refusal, after committing it."""
    card: Card = method.hidden["card"]
    intent["last_setup_error"] = None
    intent.hidden.pop("challenge", None)
    if card.authenticate:
        payments.challenge(world, intent, method, return_url)
    elif card.decline is not None and not card.attaches:
        raise _decline(world, intent, method, card.decline)
    else:
        _succeed(world, intent, method)


def authenticate(world: World, intent: Row, passed: bool) -> None:
    """The cardholder has answered the challenge."""
    method = world.must(intent["payment_method"])
    intent["next_action"] = None
    intent.hidden.pop("challenge", None)
    if passed:
        _succeed(world, intent, method)
    else:
        _fail(world, intent, method, UNAUTHENTICATED)


def _succeed(world: World, intent: Row, method: Row) -> None:
    """The card can be charged without its owner from now on, if that is what it was set up for."""
    method.hidden["off_session"] = intent["usage"] == "off_session"
    customer = world.store.anywhere(intent["customer"] or "")
    if customer is not None:
        methods.attach(world, method, customer)
    intent.update(
        status="succeeded",
        payment_method=method["id"],
        next_action=None,
        latest_attempt=_attempt(world, intent, method, "succeeded", None),
    )
    world.changed(intent)
    world.emit("setup_intent.succeeded", intent)


def _decline(world: World, intent: Row, method: Row, why: Decline) -> errors.StripeError:
    _fail(world, intent, method, why)
    extras = {"decline_code": why.decline_code} if why.decline_code else {}
    return errors.StripeError(
        why.message,
        status=402,
        kind="card_error",
        code=why.code,
        param=why.param,
        executed=True,
        extras=extras | {"payment_method": dict(method), "setup_intent": dict(intent)},
    )


def _fail(world: World, intent: Row, method: Row, why: Decline) -> None:
    kind = "invalid_request_error" if why.code.startswith("setup_intent_") else "card_error"
    told: dict[str, Any] = {"code": why.code, "doc_url": doc_url(why.code), "message": why.message, "type": kind}
    told |= {"payment_method": dict(method)}
    told |= {"decline_code": why.decline_code} if why.decline_code else {}
    told |= {"param": why.param} if why.param else {}
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_setup_error=dict(sorted(told.items())),
        latest_attempt=_attempt(world, intent, method, "failed", told),
    )
    world.changed(intent)
    world.emit("setup_intent.setup_failed", intent)


def _attempt(world: World, intent: Row, method: Row, status: str, error: dict[str, Any] | None) -> str:
    fields = {
        "id": world.ids.new("setatt"),
        "object": "setup_attempt",
        "application": None,
        "created": world.now(),
        "customer": intent["customer"],
        "customer_account": None,
        "flow_directions": None,
        "livemode": False,
        "on_behalf_of": intent["on_behalf_of"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _card(method), "type": "card"},
        "setup_error": error,
        "setup_intent": intent["id"],
        "status": status,
        "usage": intent["usage"],
    }
    row_id: str = world.add("setup_attempts", intent.account, fields)["id"]
    return row_id


def _card(method: Row) -> dict[str, Any]:
    names = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    shown = {name: method["card"][name] for name in names}
    return {**shown, "network": method["card"]["brand"], "three_d_secure": None}
