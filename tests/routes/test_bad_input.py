"""Bad input gets the contract's status, a clear message, and no call to Stripe."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import Marketplace
from tests.conftest import NOW
from tests.routes.conftest import Backend
from tests.routes.good_requests import ACCOUNT, GOOD, PAYMENT, SESSION, refused

REQUIRED = [
    ("/api/payments/create-intent", "coachId coachName sport packageType packageId"),
    ("/api/payments/create-destination-charge", "coachId coachName sport packageType packageId"),
    ("/api/connect/start-onboarding", "coachId coachName email sport"),
    ("/api/payments/confirm", "paymentIntentId sessionData"),
    ("/api/payments/refund", "paymentIntentId"),
    ("/api/connect/create-account", "coachId coachName email sport"),
    ("/api/connect/transfer", "paymentIntentId coachAccountId amount"),
]


@pytest.mark.parametrize(("path", "field"), [(path, f) for path, fields in REQUIRED for f in fields.split()])
def test_a_missing_field_is_named(unlimited: FlaskClient, path: str, field: str) -> None:
    """Every required field of every route."""
    refused(unlimited, path, {k: v for k, v in GOOD[path][1].items() if k != field}, field)


@pytest.mark.parametrize(("path", "field"), [(path, f) for path, fields in REQUIRED for f in fields.split()])
@pytest.mark.parametrize(
    "value", [None, [], {}, True, 1.5, "", " ", "x" * 501, "a\x00b", "a\u202eb", "\ud800"], ids=repr
)
def test_an_ill_typed_or_overlong_field_is_named(unlimited: FlaskClient, path: str, field: str, value: Any) -> None:
    """Nothing is coerced into shape."""
    refused(unlimited, path, {**GOOD[path][1], field: value}, field)


@pytest.mark.parametrize("path", [path for path in GOOD if path != "/api/payments/confirm"])
def test_an_unknown_field_is_refused(unlimited: FlaskClient, path: str) -> None:
    """A misspelt field must not be ignored, and no extra one may slip through to Stripe."""
    refused(unlimited, path, {**GOOD[path][1], "metadata": {"coachId": "me"}}, "metadata")


@pytest.mark.parametrize("field", ["coachId", "coachName", "sport", "packageType", "packageId"])
def test_a_field_missing_in_the_session_data_is_named(unlimited: FlaskClient, field: str) -> None:
    """With the way to it."""
    session = {k: v for k, v in SESSION.items() if k != field}
    refused(
        unlimited, "/api/payments/confirm", {"paymentIntentId": PAYMENT, "sessionData": session}, f"sessionData.{field}"
    )


SESSION_PATH = "/api/payments/confirm"


@pytest.mark.parametrize("value", [[], {}, True, 1.5, "", " ", "x" * 501, "a\x00b"], ids=repr)
@pytest.mark.parametrize("field", ["coachId", "coachName", "sport", "packageType", "packageId"])
def test_an_ill_typed_field_in_the_session_data_is_named(unlimited: FlaskClient, field: str, value: Any) -> None:
    """As strictly as in a purchase."""
    session = {**SESSION, field: value}
    refused(unlimited, SESSION_PATH, {"paymentIntentId": PAYMENT, "sessionData": session}, f"sessionData.{field}")


@pytest.mark.parametrize("field", ["playerId", "playerName", "customerEmail", "customerName", "amount", "metadata"])
@pytest.mark.parametrize("value", ["x", "", None, 7, [], {}, "4242424242424242", "\ud800"], ids=repr)
def test_whoever_has_just_charged_a_card_is_not_refused_for_a_field_too_many(field: str, value: Any) -> None:
    """Neither beside the session data nor in it: Stripe is asked for the payment."""
    market = Marketplace(now=NOW)
    payment = market.paid()
    session = {**market.order(), field: value}

    answer = market.post(SESSION_PATH, {"paymentIntentId": payment, "sessionData": session, field: value})

    assert answer.status_code == 200, answer.json


OPTIONAL = [
    ("/api/payments/create-intent", "customerEmail customerName playerId playerName"),
    ("/api/payments/create-destination-charge", "customerEmail customerName playerId playerName"),
    ("/api/connect/start-onboarding", "country businessType"),
    (f"/api/connect/account/{ACCOUNT}/onboarding-link", "return_url refresh_url email"),
    ("/api/payments/refund", "reason amount"),
    ("/api/connect/create-account", "country businessType"),
    ("/api/connect/transfer", "description"),
]


@pytest.mark.parametrize(("path", "field"), [(path, f) for path, fields in OPTIONAL for f in fields.split()])
@pytest.mark.parametrize("value", [[], {}, True, 1.5, "x" * 501, "a\x00b", "a\r\nb", "\ud800"], ids=repr)
def test_an_ill_typed_or_overlong_optional_field_is_named(
    unlimited: FlaskClient, path: str, field: str, value: Any
) -> None:
    """Optional means absent, not anything."""
    refused(unlimited, path, {**GOOD[path][1], field: value}, field)


@pytest.mark.parametrize(
    ("part", "field"),
    [("business_profile", f) for f in "name url support_email support_phone support_url".split()]
    + [("individual", f) for f in "first_name last_name email phone address dob".split()],
)
@pytest.mark.parametrize(
    "value", [None, [], True, 1.5, "", "x" * 2001, "http://a.example/\ud800"], ids=lambda v: repr(v)[:30]
)
def test_an_ill_typed_field_of_an_account_is_named(unlimited: FlaskClient, part: str, field: str, value: Any) -> None:
    """With the way to it; nothing is sent on that no UTF-8 writer could write."""
    refused(unlimited, f"/api/connect/account/{ACCOUNT}", {part: {field: value}}, f"{part}.{field}")


@pytest.mark.parametrize("name", ["x" * 60_000, "a\r\nb\x1b[31m", "\ud800"], ids=["60 kB", "control", "surrogate"])
def test_an_unknown_fields_name_is_echoed_in_one_short_line(unlimited: FlaskClient, name: str) -> None:
    """It is the client's own text."""
    answer = unlimited.post("/api/payments/refund", json={"paymentIntentId": PAYMENT, name: 1})

    assert answer.status_code == 400
    assert answer.json["details"].endswith(" is not a known field.")
    assert len(answer.json["details"]) < 150
    assert answer.json["message"].isprintable()


@pytest.mark.parametrize("value", ["chess", "Golf ball"])
def test_a_sport_that_is_not_offered_is_named(unlimited: FlaskClient, value: str) -> None:
    """The catalogue decides."""
    refused(unlimited, "/api/payments/create-intent", {**SESSION, "sport": value}, "sport")


@pytest.mark.parametrize("value", [0, 4, -1, "4", "one", 1.0, True, "1" * 50, "\u0661"])
def test_a_package_that_is_not_offered_is_named(unlimited: FlaskClient, value: Any) -> None:
    """1, 2 or 3, or the same as digits."""
    refused(unlimited, "/api/payments/create-intent", {**SESSION, "packageId": value}, "packageId")


@pytest.mark.parametrize("value", ["a", "a@", "@b.c", "a b@example.com", "a@b\n.com", 5, "a@" + "b" * 400 + ".com"])
def test_what_is_no_email_address_is_named(unlimited: FlaskClient, value: Any) -> None:
    """In a purchase and in a registration."""
    refused(unlimited, "/api/payments/create-intent", {**SESSION, "customerEmail": value}, "customerEmail")
    path = "/api/connect/create-account"
    refused(unlimited, path, {**GOOD[path][1], "email": value}, "email")


@pytest.mark.parametrize("value", [0, -1, True, False, 47.25, 100.0, "100", "", [], {}, 10**20])
@pytest.mark.parametrize("path", ["/api/payments/refund", "/api/connect/transfer"])
def test_what_is_no_amount_is_named(unlimited: FlaskClient, path: str, value: Any) -> None:
    """A positive whole number of cents, sent as a number."""
    refused(unlimited, path, {**GOOD[path][1], "amount": value}, "amount")


@pytest.mark.parametrize(
    ("field", "value"),
    [("country", "Canada"), ("country", "ca"), ("country", "C\n"), ("businessType", "llc"), ("businessType", None)],
)
def test_a_registration_takes_only_what_stripe_knows(unlimited: FlaskClient, field: str, value: Any) -> None:
    """Two letters; individual or company."""
    path = "/api/connect/create-account"
    refused(unlimited, path, {**GOOD[path][1], field: value}, field)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"business_profile": {}},
        {"business_profile": {"mcc": "7997"}},
        {"business_profile": {"url": "javascript:alert(1)"}},
        {"individual": {"ssn_last_4": "0000"}},
        {"individual": {"dob": {"day": 32, "month": 1, "year": 1990}}},
        {"individual": {"dob": {"day": 1}}},
        {"individual": {"address": {"country": "Canada"}}},
        {"individual": []},
        {"external_account": "x"},
        {"settings": {"payouts": {}}},
        {"capabilities": {}},
        {"tos_acceptance": {}},
        {"controller": {}},
    ],
    ids=json.dumps,
)
def test_an_account_update_takes_only_what_the_contract_names(unlimited: FlaskClient, body: Any) -> None:
    """No payee, no schedule and no capability can be changed here."""
    refused(unlimited, f"/api/connect/account/{ACCOUNT}", body)


def test_a_card_number_in_a_name_is_refused_and_not_repeated(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed into the wrong box."""
    answer = backend().post("/api/payments/create-intent", json={**SESSION, "customerName": "4242 4242 4242 4242"})

    assert answer.status_code == 400
    logged = capsys.readouterr().err
    assert "request.refused" in logged
    assert "4242" not in answer.text + logged
