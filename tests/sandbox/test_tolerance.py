"""Requests that Stripe takes are taken, and a lack of the sandbox's is not said to be Stripe's."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import stripe

from tests.processes import sandbox_server
from tests.sandbox.conftest import Platform

BASE = {"amount": "500", "currency": "cad"}


def _error(platform: Platform, path: str, given: dict[str, str]) -> dict[str, Any]:
    error: dict[str, Any] = (platform.raw("POST", path, data=given).json or {})["error"]
    return error


@pytest.mark.parametrize("key", ["sk_test_51Habc", "sk_test_51Habc_underscored", "rk_test_restricted", "sk_test_123"])
def test_any_test_key_opens_the_platform(platform: Platform, key: str) -> None:
    """They all see the same objects."""
    customer = platform.v1.customers.create({})

    assert (platform.raw("GET", f"/v1/customers/{customer.id}", key=key).json or {})["id"] == customer.id


def test_any_publishable_key_is_one(platform: Platform) -> None:
    """It may do what a browser may, and no more."""
    assert platform.raw("GET", "/v1/balance", key="pk_test_51Habc").status_code == 403


def test_a_key_that_was_rolled_opens_nothing(platform: Platform) -> None:
    """Until the sandbox is reset."""
    platform.control("/keys", revoke="sk_test_old")
    refused = platform.raw("GET", "/v1/balance", key="sk_test_old").status_code
    platform.control("/reset")

    assert (refused, platform.raw("GET", "/v1/balance", key="sk_test_old").status_code) == (401, 200)


@pytest.mark.parametrize(
    "path",
    [
        "review.charge",
        "latest_charge.balance_transaction.source",
        "customer.default_source.customer",
        "customer.invoice_settings.default_payment_method",
        "customer.subscriptions.data.latest_invoice",
        "transfer_data.destination",
        "payment_record",
    ],
)
def test_a_path_through_null_expands_nothing(platform: Platform, path: str) -> None:
    """It is a path that objects of Stripe's may have."""
    intent: Any = platform.v1.payment_intents.create({"amount": 500, "currency": "cad", "expand": [path]})

    assert (intent.status, intent.latest_charge) == ("requires_payment_method", None)


def test_a_path_into_a_hash_expands_what_is_there(platform: Platform) -> None:
    """An id inside a hash of an object."""
    coach = platform.coach()
    params: Any = {"amount": 500, "currency": "cad", "transfer_data": {"destination": coach}}
    params["expand"] = ["transfer_data.destination"]
    intent: Any = platform.v1.payment_intents.create(params)

    assert intent.transfer_data.destination.id == coach


@pytest.mark.parametrize("path", ["transfer_data", "shipping", "client_secret"])
def test_what_is_no_id_is_not_expanded(platform: Platform, path: str) -> None:
    """It is whole already."""
    assert "cannot be expanded" in _error(platform, "/v1/payment_intents", {**BASE, "expand[]": path})["message"]


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/v1/customers", {"email": "", "name": "", "phone": "", "description": ""}),
        ("/v1/customers", {"address[line1]": "1 Main St", "address[line2]": "", "address[state]": ""}),
        ("/v1/customers", {"shipping[name]": "A", "shipping[phone]": "", "shipping[address][line1]": ""}),
        ("/v1/payment_intents", {**BASE, "shipping[name]": "A", "shipping[address][line2]": ""}),
        ("/v1/payment_intents", {**BASE, "off_session": "false"}),
        ("/v1/payment_intents", {**BASE, "error_on_requires_action": "false"}),
    ],
)
def test_what_stripe_takes_is_taken(platform: Platform, path: str, given: dict[str, str]) -> None:
    """Empty texts about somebody, and a false that says nothing."""
    assert platform.raw("POST", path, data=given).status_code == 200


def test_an_empty_text_unsets(platform: Platform) -> None:
    """The field is null again."""
    customer = platform.v1.customers.create({"name": "Pat", "email": "pat@example.com"})
    changed = platform.v1.customers.update(customer.id, {"name": "", "email": ""})

    assert (changed.name, changed.email) == (None, None)


@pytest.mark.parametrize("param", ["customer", "payment_method", "return_url"])
def test_what_cannot_be_unset_is_refused(platform: Platform, param: str) -> None:
    """An empty reference is no reference."""
    error = _error(platform, "/v1/payment_intents", {**BASE, param: ""})

    assert (error["code"], error["param"]) == ("parameter_invalid_empty", param)


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/disputes/search", None),
        ("/v1/invoices/search", "invoices.search"),
        ("/v1/subscriptions/search", "subscriptions.search"),
        ("/v1/prices/search", "prices.search"),
    ],
)
def test_search_is_no_id(platform: Platform, path: str, operation: str | None) -> None:
    """A search that only Stripe has is named; a search that neither has is an id that is not there."""
    error = (platform.raw("GET", path, query_string={"query": "a:'b'"}).json or {})["error"]

    assert (f"({operation} in the SDK)" in error["message"]) is bool(operation)


@pytest.mark.parametrize(
    ("country", "code", "words"),
    [
        ("KE", "sandbox_unsupported", "This sandbox does not support accounts in this country"),
        ("KP", "country_unsupported", "not currently supported by Stripe"),
        ("XX", "country_unsupported", "Country 'XX' is unknown"),
    ],
)
def test_a_country_is_refused_by_whom_it_is_refused(platform: Platform, country: str, code: str, words: str) -> None:
    """By the sandbox, by Stripe, or by the atlas."""
    error = _error(platform, "/v1/accounts", {"type": "express", "country": country})

    assert (error["code"], words in error["message"]) == (code, True)


@pytest.mark.parametrize("number", ["4000000000000101", "4000000000009235"])
def test_a_card_that_is_not_imitated_is_not_called_real(platform: Platform, number: str) -> None:
    """It is one of Stripe's test cards, and the sandbox says that it is the one who lacks it."""
    card: Any = {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.browser.payment_methods.create(card)

    assert refusal.value.code == "sandbox_unsupported"


@pytest.mark.parametrize(("card", "country"), [("pm_card_fr", "FR"), ("pm_card_jp", "JP"), ("pm_card_br", "BR")])
def test_a_card_has_its_country(platform: Platform, card: str, country: str) -> None:
    """As on the charge that it pays."""
    charge: Any = platform.paid(card=card).latest_charge

    assert charge.payment_method_details.card.country == country


STEP = "invalid_charge_amount_no_decimal_compatible"


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (50_001, "isk", STEP),
        (50_000, "isk", None),
        (500_050, "ugx", STEP),
        (500_000, "ugx", None),
        (5_001, "kwd", None),
        (5_010, "kwd", None),
    ],
)
def test_amounts_that_no_card_network_takes(platform: Platform, amount: int, currency: str, code: str | None) -> None:
    """Króna and shilling in whole units, dinars in whole hundredths."""
    answer = platform.raw("POST", "/v1/payment_intents", data={"amount": str(amount), "currency": currency})
    takes = amount % 100 == 0 if currency in ("isk", "ugx") else amount % 10 == 0

    assert answer.status_code == (200 if takes else 400)
    if not takes:
        error = (answer.json or {})["error"]
        assert (error.get("code"), error["param"]) == (code, "amount")


def test_a_refund_is_held_to_the_same_amounts(platform: Platform) -> None:
    """Half a króna cannot go back."""
    payment = platform.paid(100_000, currency="isk")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.refunds.create({"payment_intent": payment.id, "amount": 50})

    assert refusal.value.code == STEP


def test_an_upload_is_named_after_its_call(platform: Platform) -> None:
    """Whatever its content type, over a socket too."""
    with sandbox_server() as sandbox:
        files = {"file": ("a.txt", b"x")}
        key = ("sk_test_sandbox", "")
        answer = requests.post(f"{sandbox.base_url}/v1/files", {"purpose": "x"}, files=files, auth=key, timeout=60)
    sent = {"purpose": "x", "file": (b"x", "a.txt")}
    inside = platform.raw("POST", "/v1/files", data=sent, content_type="multipart/form-data; boundary=b").json or {}

    for error in (answer.json()["error"], inside["error"]):
        assert "(files.create in the SDK)" in error["message"]
