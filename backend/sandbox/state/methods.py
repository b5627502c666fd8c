"""PaymentMethods: cards, made from test tokens or, in a browser, from a number; bank accounts, from test tokens."""

from typing import Any, Protocol

from ..wire import errors
from ..wire.limits import Feature
from . import banks
from .cards import BY_TEST_TOKEN, BY_TOKEN, NOT_IMITATED, Card, card_of, luhn
from .store import Row
from .world import World

USED_UP = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a "
    "connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a "
    "PaymentMethod multiple times, you must attach it to a Customer first."
)
RAW_NUMBER = (
    "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map "
    "to the test card you are using, see https://stripe.com/docs/testing. To enable raw card data APIs in test mode, see "
    "https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis."
)
# What a PaymentMethod can be made of here.
TAKEN = frozenset({"allow_redisplay", "billing_details", "card", "expand", "metadata", "radar_options", "type"})
NO_BILLING = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
# Every name of Stripe's for a test payment method begins like one of these.
TEST_TOKENS = ("pm_card_", "pm_acssDebit_", "pm_usBankAccount_")


class Caller(Protocol):
    """The call that brings a PaymentMethod: in whose account it is made, and with which kind of key."""

    world: World
    account: str
    publishable: bool


def new_method(call: Caller, card: Card, expiry: tuple[int, int], billing: dict[str, Any] | None = None) -> Row:
    """A PaymentMethod of a card, not yet attached to anybody."""
    return _new(call, "card", card_details(card, expiry), billing, card=card)


def _new(call: Caller, kind: str, details: dict[str, Any], billing: dict[str, Any] | None, **habits: Any) -> Row:
    world = call.world
    fields = {
        "id": world.ids.new("pm"),
        "object": "payment_method",
        kind: details,
        "allow_redisplay": "unspecified",
        "billing_details": NO_BILLING | {"address": NO_ADDRESS} | (billing or {}),
        "created": world.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "radar_options": {},
        "type": kind,
    }
    return world.add("payment_methods", call.account, fields, used=False, off_session=False, **habits)


def card_details(card: Card, expiry: tuple[int, int]) -> dict[str, Any]:
    """The `card` hash of a PaymentMethod."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": expiry[0],
        "exp_year": expiry[1],
        "fingerprint": f"{int(card.number):016x}"[-16:],
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def from_data(call: Caller, data: dict[str, Any], param: str) -> Row:
    """From `payment_method_data`: a browser may send a card number, a server may not (docs/stripe.md 1.5)."""
    card = data.get("card")
    if data.get("type") != "card" or not isinstance(card, dict) or set(data) - TAKEN:
        raise errors.unsupported(Feature.OTHER_METHODS, f"{param}[type]" if param else "type")
    prefix = f"{param}[card]" if param else "card"
    billing = data.get("billing_details") or None
    if "token" in card:
        return new_method(call, *_of_token(call, str(card["token"]), f"{prefix}[token]"), billing)
    return new_method(call, *read_card(call, card, prefix), billing)


def _of_token(call: Caller, token: str, param: str) -> tuple[Card, tuple[int, int]]:
    """The card behind the name of a test card, or behind a token that was made of a number and is good for one use."""
    card = BY_TEST_TOKEN.get(token)
    if card is not None:
        return card, next_year(call)
    row = call.world.get("tokens", call.account, token)
    if row is None:
        raise errors.missing("token", token, param)
    if row["used"]:
        raise errors.refused(f"You cannot use a Stripe token more than once: {token}.", "token_already_used", param)
    row["used"] = True
    return row.hidden["card"], row.hidden["expiry"]


def read_card(call: Caller, card: dict[str, Any], prefix: str) -> tuple[Card, tuple[int, int]]:
    """The card of a number, and its expiry. Servers may not send one unless Stripe has enabled that."""
    if not call.publishable and not call.world.switches["raw_card_numbers"]:
        raise errors.invalid(RAW_NUMBER, prefix)
    number = "".join(str(card.get("number", "")).split())
    expiry = (int(card.get("exp_month", 0)), int(card.get("exp_year", 0)))
    if number in NOT_IMITATED:
        raise errors.unsupported(Feature.OTHER_TEST_CARDS, f"{prefix}[number]")
    _check_card(call, number, expiry, str(card.get("cvc", "")))
    return card_of(number), expiry


def _check_card(call: Caller, number: str, expiry: tuple[int, int], cvc: str) -> None:
    if not (number.isascii() and number.isdecimal() and 12 <= len(number) <= 19 and luhn(number)):
        raise _card_error("incorrect_number", "Your card number is incorrect.", "number")
    month, year = expiry[0], expiry[1] + (2000 if expiry[1] < 100 else 0)
    if not 1 <= month <= 12:
        raise _card_error("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")
    # A year of 365.25 days is near enough: what is refused is last year's card, not last night's.
    if year < 1970 + call.world.now() // 31_557_600:
        raise _card_error("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year")
    if cvc and not (cvc.isascii() and cvc.isdecimal() and len(cvc) in {3, 4}):
        raise _card_error("invalid_cvc", "Your card's security code is invalid.", "cvc")


def _card_error(code: str, message: str, param: str) -> errors.StripeError:
    return errors.StripeError(message, status=402, kind="card_error", code=code, param=param, executed=True)


def next_year(call: Caller) -> tuple[int, int]:
    """Return the expiry of test cards: December of next year."""
    return 12, 1970 + call.world.now() // 31_557_600 + 1


def by_reference(call: Caller, reference: str, param: str = "payment_method", status: int = 400) -> Row:
    """The name of a test card or bank account makes a fresh PaymentMethod at each use; anything else must exist."""
    card = BY_TOKEN.get(reference)
    if card is not None:
        return new_method(call, card, next_year(call))
    bank = banks.BY_TOKEN.get(reference)
    if bank is not None:
        return _new(call, bank.method, banks.bank_details(bank), None, bank=bank)
    if reference.startswith(TEST_TOKENS):
        raise errors.unsupported(Feature.OTHER_TEST_CARDS, param)
    row = call.world.get("payment_methods", call.account, reference)
    if row is None:
        raise errors.missing("PaymentMethod", reference, param, status)
    return row


def check_usable(method: Row, customer: str | None) -> None:
    """A PaymentMethod belongs to one customer, or is good for one payment."""
    if method["customer"] is None and method.hidden["used"]:
        raise errors.refused(USED_UP)
    if method["customer"] not in (None, customer):
        raise errors.refused(
            "The payment method you provided is attached to a customer so for security purposes you must provide the "
            "customer in the request.",
            param="payment_method",
        )


def to_attach(call: Caller, reference: str, customer: str | None, status: int = 400) -> Row:
    """A PaymentMethod that can be saved: not one whose issuer declines (docs/stripe.md 1.6)."""
    row = by_reference(call, reference, status=status)
    check_usable(row, customer)
    card: Card | None = row.hidden.get("card")
    if card is None or card.decline is None or card.attaches:
        return row
    extras = {"decline_code": card.decline.decline_code} if card.decline.decline_code else {}
    raise errors.StripeError(
        card.decline.message,
        status=402,
        kind="card_error",
        code=card.decline.code,
        param="",
        executed=True,
        extras=extras,
    )


def attach(world: World, method: Row, customer: Row) -> None:
    """From now on the PaymentMethod is that customer's, and can be used again and again."""
    method["customer"] = customer["id"]
    world.changed(method)
    world.emit("payment_method.attached", method)
