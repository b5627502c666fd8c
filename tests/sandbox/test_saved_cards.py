"""Cards that are saved: SetupIntents, tokens, a customer's payment methods."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

NO_REDIRECTS: Any = {"enabled": True, "allow_redirects": "never"}
NUMBER: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}


def _set_up(platform: Platform, card: str, **params: Any) -> Any:
    given: Any = {"payment_method": card, "confirm": True, "automatic_payment_methods": NO_REDIRECTS, **params}
    return platform.v1.setup_intents.create(given)


def test_a_new_setup_waits_for_a_card(platform: Platform) -> None:
    """As a PaymentIntent does, without an amount."""
    intent = platform.v1.setup_intents.create({})

    assert (intent.status, intent.usage, intent.payment_method_types) == (
        "requires_payment_method",
        "off_session",
        ["card"],
    )
    assert str(intent.client_secret).startswith(f"{intent.id}_secret_")


def test_a_card_that_was_set_up_is_the_customers(platform: Platform) -> None:
    """Attached, and told of."""
    customer = platform.v1.customers.create({}).id
    intent = _set_up(platform, "pm_card_visa", customer=customer)
    saved = platform.v1.customers.payment_methods.list(customer).data

    assert (intent.status, [one.id for one in saved]) == ("succeeded", [intent.payment_method])
    assert [event.type for event in platform.v1.events.list({"limit": 3}).data] == [
        "setup_intent.succeeded",
        "payment_method.attached",
        "setup_intent.created",
    ]


def test_a_browser_sets_a_card_up(platform: Platform) -> None:
    """With the client secret; it sees a part of the intent, and another secret opens nothing."""
    intent = platform.v1.setup_intents.create({"customer": platform.v1.customers.create({}).id})
    given: Any = {"client_secret": intent.client_secret, "payment_method": "pm_card_visa"}
    with pytest.raises(stripe.InvalidRequestError, match="does not match"):
        platform.browser.setup_intents.confirm(intent.id, given | {"client_secret": "seti_wrong"})
    done = platform.browser.setup_intents.confirm(intent.id, given)

    assert done.status == "succeeded"
    assert not hasattr(done, "customer")


@pytest.mark.parametrize(
    ("passed", "status", "event"),
    [
        (True, "succeeded", "setup_intent.succeeded"),
        (False, "requires_payment_method", "setup_intent.setup_failed"),
    ],
)
def test_a_bank_may_ask_first(platform: Platform, passed: bool, status: str, event: str) -> None:
    """On its page, which leads back to the shop with the outcome."""
    given: Any = {"payment_method": "pm_card_authenticationRequiredOnSetup", "return_url": "https://shop.test/done"}
    intent: Any = platform.v1.setup_intents.create(given | {"confirm": True})
    page = intent.next_action.redirect_to_url.url.removeprefix("http://stripe.test")
    asked = platform.raw("GET", page, key=None).text
    back = platform.raw("POST", page, key=None, data={"outcome": "authorise" if passed else "fail"}).headers["Location"]

    assert (intent.status, "Is this you paying?" in asked) == ("requires_action", True)
    assert f"setup_intent={intent.id}" in back
    assert f"redirect_status={'succeeded' if passed else 'failed'}" in back
    assert platform.v1.setup_intents.retrieve(intent.id).status == status
    assert platform.v1.events.list({"type": event}).data


def test_a_card_that_was_set_up_pays_alone(platform: Platform) -> None:
    """Off session, where the same card not set up is declined."""
    customer = platform.v1.customers.create({}).id
    intent = _set_up(platform, "pm_card_authenticationRequiredOnSetup", customer=customer)
    platform.control(f"/setup_intents/{intent.id}/authenticate")
    paid = platform.paid(card=str(intent.payment_method), customer=customer, off_session=True)

    assert paid.status == "succeeded"
    with pytest.raises(stripe.CardError) as declined:
        platform.paid(card="pm_card_authenticationRequiredOnSetup", off_session=True)
    assert declined.value.code == "authentication_required"


def test_a_card_whose_bank_declines_is_not_set_up(platform: Platform) -> None:
    """402, with the intent as it is now, and the attempt on record."""
    with pytest.raises(stripe.CardError) as declined:
        _set_up(platform, "pm_card_visa_chargeDeclined")
    assert declined.value.error is not None
    intent: Any = declined.value.error.setup_intent
    attempts = platform.v1.setup_attempts.list({"setup_intent": intent.id}).data

    assert (declined.value.code, intent.status) == ("card_declined", "requires_payment_method")
    assert (intent.last_setup_error.decline_code, intent.payment_method) == ("generic_decline", None)
    assert [one.status for one in attempts] == ["failed"]


@pytest.mark.parametrize("way", ["confirm", "cancel"])
def test_a_setup_comes_to_one_end(platform: Platform, way: str) -> None:
    """Afterwards it can be neither confirmed nor canceled."""
    intent = _set_up(platform, "pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        getattr(platform.v1.setup_intents, way)(intent.id)

    assert refusal.value.code == "setup_intent_unexpected_state"


def test_a_setup_is_canceled(platform: Platform) -> None:
    """With its reason."""
    intent = platform.v1.setup_intents.create({})
    done = platform.v1.setup_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    assert (done.status, done.cancellation_reason) == ("canceled", "abandoned")


def test_a_setup_names_its_card_later(platform: Platform) -> None:
    """By update, then confirm."""
    intent = platform.v1.setup_intents.create({"automatic_payment_methods": NO_REDIRECTS})
    waiting = platform.v1.setup_intents.update(intent.id, {"payment_method": "pm_card_visa", "description": "d"})
    done = platform.v1.setup_intents.confirm(intent.id)

    assert (waiting.status, done.status, done.description) == ("requires_confirmation", "succeeded", "d")
    assert [one.id for one in platform.v1.setup_intents.list({"payment_method": str(done.payment_method)}).data] == [
        intent.id
    ]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"confirm": True, "payment_method": "pm_card_visa"}, "must provide a `return_url`"),
        ({"return_url": "https://a.test"}, "unless confirm is set"),
        ({"confirm": True, "return_url": "https://a.test"}, "missing a payment method"),
        (
            {"confirm": True, "return_url": "https://a.test", "payment_method": "pm_acssDebit_success"},
            "is not allowed for this SetupIntent",
        ),
    ],
)
def test_a_setup_that_cannot_be_is_refused(platform: Platform, params: Any, words: str) -> None:
    """In the words that a PaymentIntent's refusal has."""
    with pytest.raises(stripe.InvalidRequestError, match=words):
        platform.v1.setup_intents.create(params)


@pytest.mark.parametrize(
    ("token", "brand"), [("tok_visa", "visa"), ("tok_mastercard", "mastercard"), ("tok_amex", "amex")]
)
def test_a_test_token_is_a_card(platform: Platform, token: str, brand: str) -> None:
    """Wherever a card can be described."""
    made: Any = platform.v1.payment_methods.create({"type": "card", "card": {"token": token}})
    given = {"amount": "500", "currency": "cad", "confirm": "true", "return_url": "https://shop.test"}
    data = {"payment_method_data[type]": "card", "payment_method_data[card][token]": token}
    paid = platform.raw("POST", "/v1/payment_intents", data=given | data).json or {}

    assert (made.card.brand, paid["status"]) == (brand, "succeeded")


@pytest.mark.parametrize(
    ("token", "code"),
    [("tok_chargeDeclined", "generic_decline"), ("tok_chargeDeclinedInsufficientFunds", "insufficient_funds")],
)
def test_a_declining_token_declines(platform: Platform, token: str, code: str) -> None:
    """By the name that it has with its brand, and without."""
    made = platform.v1.payment_methods.create({"type": "card", "card": {"token": token}})
    with pytest.raises(stripe.CardError) as declined:
        platform.paid(card=made.id)

    assert declined.value.error is not None
    assert declined.value.error.decline_code == code


def test_a_token_is_good_for_one_use(platform: Platform) -> None:
    """A browser makes it of a number; the second use is refused."""
    token: Any = platform.browser.tokens.create({"card": NUMBER})
    params: Any = {"type": "card", "card": {"token": token.id}}
    platform.v1.payment_methods.create(params)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.payment_methods.create(params)

    assert (token.card.last4, refusal.value.code) == ("4242", "token_already_used")
    assert platform.v1.tokens.retrieve(token.id).used


def test_a_server_sends_numbers_only_where_that_is_enabled(platform: Platform) -> None:
    """A switch stands for Stripe's permission."""
    params: Any = {"type": "card", "card": NUMBER}
    with pytest.raises(stripe.InvalidRequestError, match="generally unsafe"):
        platform.v1.payment_methods.create(params)
    platform.control("/behaviour", raw_card_numbers=True)
    made: Any = platform.v1.payment_methods.create(params)

    assert made.card.last4 == "4242"


def test_a_customer_has_a_card_to_charge(platform: Platform) -> None:
    """One of its own, and no other's."""
    customer = platform.v1.customers.create({"payment_method": "pm_card_visa"})
    saved = platform.v1.customers.payment_methods.list(customer.id).data[0]
    default: Any = {"invoice_settings": {"default_payment_method": saved.id}}
    changed: Any = platform.v1.customers.update(customer.id, default)
    other = platform.v1.customers.create({})

    assert changed.invoice_settings.default_payment_method == saved.id
    told: Any = platform.v1.events.list({"type": "customer.updated"}).data[0]
    assert told.data.previous_attributes.invoice_settings.to_dict() == {"default_payment_method": None}
    assert platform.v1.customers.payment_methods.retrieve(customer.id, saved.id).id == saved.id
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.customers.update(other.id, default)
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.customers.payment_methods.retrieve(other.id, saved.id)


def test_a_saved_card_is_brought_up_to_date(platform: Platform) -> None:
    """Its expiry and its owner; one that is not saved cannot be."""
    customer = platform.v1.customers.create({"payment_method": "pm_card_visa"})
    saved = platform.v1.customers.payment_methods.list(customer.id).data[0]
    given: Any = {"card": {"exp_year": 2044}, "billing_details": {"name": "Pat"}}
    changed: Any = platform.v1.payment_methods.update(saved.id, given)

    assert (changed.card.exp_year, changed.card.last4, changed.billing_details.name) == (2044, "4242", "Pat")
    loose = platform.v1.payment_methods.retrieve("pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError, match="save this PaymentMethod"):
        platform.v1.payment_methods.update(loose.id, given)
