"""Tokens: a card that can be used once, under a name that says nothing of it."""

from ..calls.routing import Call, Route
from ..state import methods
from ..state.store import Row
from ..wire import errors
from ..wire.limits import Feature

# What else Stripe makes tokens of.
REFUSED = ("account", "bank_account", "customer", "cvc_update", "person", "pii")


def create(call: Call) -> Row:
    """POST /v1/tokens: of a card's number, so mostly from a browser."""
    card = call.params.get("card")
    if not isinstance(card, dict):
        raise errors.unsupported(Feature.TOKENS, "card") if card else errors.missing_param("card")
    world, (found, expiry) = call.world, methods.read_card(call, card, "card")
    details = methods.card_details(found, expiry)
    shown = {field: details[field] for field in ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding")}
    fields = {
        "id": world.ids.new("tok"),
        "object": "token",
        "card": {
            "id": world.ids.new("card"),
            "object": "card",
            **_NO_CARD,
            **shown,
            "last4": found.last4,
            "metadata": {},
        },
        "client_ip": None,
        "created": world.now(),
        "livemode": False,
        "type": "card",
        "used": False,
    }
    return world.add("tokens", call.account, fields, card=found, expiry=expiry)


_NO_CARD = dict.fromkeys(
    "address_city address_country address_line1 address_line1_check address_line2 address_state address_zip "
    "address_zip_check cvc_check dynamic_last4 name tokenization_method".split()
)


def retrieve(call: Call) -> Row:
    """GET /v1/tokens/{id}"""
    return call.in_path("tokens", "token")


ROUTES = (
    Route("POST", "/v1/tokens", "tokens.create", create, "token", publishable=True, refuses=REFUSED),
    Route("GET", "/v1/tokens/<id>", "tokens.retrieve", retrieve, "token"),
)
