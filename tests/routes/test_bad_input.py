"""Bad input gets the contract's status, a clear message, and no call to Stripe."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import stripe
from flask.testing import FlaskClient
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from backend.config.settings import load_settings
from backend.server import create_app
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.routes.conftest import Backend, make_backend

PAYMENT = "pi_000000000000000000000000"
ACCOUNT = "acct_0000000000000000"
SESSION = {"coachId": "c", "coachName": "n", "sport": "golf", "packageType": "package", "packageId": 1}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "/api/payments/create-intent": ("POST", {**SESSION, "customerEmail": "a@example.com"}),
    "/api/payments/create-destination-charge": ("POST", {**SESSION, "customerEmail": "a@example.com"}),
    "/api/payments/confirm": ("POST", {"paymentIntentId": PAYMENT, "sessionData": SESSION}),
    "/api/payments/refund": ("POST", {"paymentIntentId": PAYMENT, "amount": 100, "reason": "duplicate"}),
    "/api/connect/create-account": (
        "POST",
        {"coachId": "c", "coachName": "n", "email": "a@example.com", "sport": "golf", "country": "CA"},
    ),
    "/api/connect/start-onboarding": (
        "POST",
        {"coachId": "c", "coachName": "n", "email": "a@example.com", "sport": "golf"},
    ),
    f"/api/connect/account/{ACCOUNT}/onboarding-link": ("POST", {"email": "a@example.com"}),
    f"/api/connect/account/{ACCOUNT}": ("PUT", {"business_profile": {"name": "n"}}),
    "/api/connect/transfer": ("POST", {"paymentIntentId": PAYMENT, "coachAccountId": ACCOUNT, "amount": 100}),
}
REQUIRED = [
    ("/api/payments/create-intent", "coachId coachName sport packageType packageId"),
    ("/api/payments/create-destination-charge", "coachId coachName sport packageType packageId"),
    ("/api/connect/start-onboarding", "coachId coachName email sport"),
    ("/api/payments/confirm", "paymentIntentId sessionData"),
    ("/api/payments/refund", "paymentIntentId"),
    ("/api/connect/create-account", "coachId coachName email sport"),
    ("/api/connect/transfer", "paymentIntentId coachAccountId amount"),
]


@pytest.fixture(scope="module")
def alone() -> FlaskClient:
    """A backend without Stripe; one for all: what is refused leaves nothing behind."""
    return make_backend(ratelimit_enabled=False)


def refused(client: FlaskClient, path: str, body: Any, field: str = "") -> None:
    """400 in the contract's shape, naming the field."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.open(path, method=GOOD[path][0], data=raw, content_type="application/json")
    assert answer.status_code == 400, (answer.status_code, answer.json)
    assert answer.json["error"] == "Validation error"
    assert answer.json["message"]
    assert answer.json["details"].startswith(field)
    # Front ends show it to people, before the message.
    assert re.fullmatch(r"\S+:? \w.*\.", answer.json["details"], re.DOTALL), answer.json["details"]


@pytest.mark.parametrize(("path", "field"), [(path, f) for path, fields in REQUIRED for f in fields.split()])
def test_a_missing_field_is_named(alone: FlaskClient, path: str, field: str) -> None:
    """Every required field of every route."""
    refused(alone, path, {k: v for k, v in GOOD[path][1].items() if k != field}, field)


@pytest.mark.parametrize(("path", "field"), [(path, f) for path, fields in REQUIRED for f in fields.split()])
@pytest.mark.parametrize(
    "value", [None, [], {}, True, 1.5, "", " ", "x" * 501, "a\x00b", "a\u202eb", "\ud800"], ids=repr
)
def test_an_ill_typed_or_overlong_field_is_named(alone: FlaskClient, path: str, field: str, value: Any) -> None:
    """Nothing is coerced into shape."""
    refused(alone, path, {**GOOD[path][1], field: value}, field)


@pytest.mark.parametrize("path", [path for path in GOOD if path != "/api/payments/confirm"])
def test_an_unknown_field_is_refused(alone: FlaskClient, path: str) -> None:
    """A misspelt field must not be ignored, and no extra one may slip through to Stripe."""
    refused(alone, path, {**GOOD[path][1], "metadata": {"coachId": "me"}}, "metadata")


@pytest.mark.parametrize("field", ["coachId", "coachName", "sport", "packageType", "packageId"])
def test_a_field_missing_in_the_session_data_is_named(alone: FlaskClient, field: str) -> None:
    """With the way to it."""
    session = {k: v for k, v in SESSION.items() if k != field}
    refused(
        alone, "/api/payments/confirm", {"paymentIntentId": PAYMENT, "sessionData": session}, f"sessionData.{field}"
    )


SESSION_PATH = "/api/payments/confirm"


@pytest.mark.parametrize("value", [[], {}, True, 1.5, "", " ", "x" * 501, "a\x00b"], ids=repr)
@pytest.mark.parametrize("field", ["coachId", "coachName", "sport", "packageType", "packageId"])
def test_an_ill_typed_field_in_the_session_data_is_named(alone: FlaskClient, field: str, value: Any) -> None:
    """As strictly as in a purchase."""
    session = {**SESSION, field: value}
    refused(alone, SESSION_PATH, {"paymentIntentId": PAYMENT, "sessionData": session}, f"sessionData.{field}")


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
    alone: FlaskClient, path: str, field: str, value: Any
) -> None:
    """Optional means absent, not anything."""
    refused(alone, path, {**GOOD[path][1], field: value}, field)


@pytest.mark.parametrize(
    ("part", "field"),
    [("business_profile", f) for f in "name url support_email support_phone support_url".split()]
    + [("individual", f) for f in "first_name last_name email phone address dob".split()],
)
@pytest.mark.parametrize(
    "value", [None, [], True, 1.5, "", "x" * 2001, "http://a.example/\ud800"], ids=lambda v: repr(v)[:30]
)
def test_an_ill_typed_field_of_an_account_is_named(alone: FlaskClient, part: str, field: str, value: Any) -> None:
    """With the way to it; nothing is sent on that no UTF-8 writer could write."""
    refused(alone, f"/api/connect/account/{ACCOUNT}", {part: {field: value}}, f"{part}.{field}")


@pytest.mark.parametrize("name", ["x" * 60_000, "a\r\nb\x1b[31m", "\ud800"], ids=["60 kB", "control", "surrogate"])
def test_an_unknown_fields_name_is_echoed_in_one_short_line(alone: FlaskClient, name: str) -> None:
    """It is the client's own text."""
    answer = alone.post("/api/payments/refund", json={"paymentIntentId": PAYMENT, name: 1})

    assert answer.status_code == 400
    assert answer.json["details"].endswith(" is not a known field.")
    assert len(answer.json["details"]) < 150
    assert answer.json["message"].isprintable()


@pytest.mark.parametrize("value", ["chess", "Golf ball"])
def test_a_sport_that_is_not_offered_is_named(alone: FlaskClient, value: str) -> None:
    """The catalogue decides."""
    refused(alone, "/api/payments/create-intent", {**SESSION, "sport": value}, "sport")


@pytest.mark.parametrize("value", [0, 4, -1, "4", "one", 1.0, True, "1" * 50, "\u0661"])
def test_a_package_that_is_not_offered_is_named(alone: FlaskClient, value: Any) -> None:
    """1, 2 or 3, or the same as digits."""
    refused(alone, "/api/payments/create-intent", {**SESSION, "packageId": value}, "packageId")


@pytest.mark.parametrize("value", ["a", "a@", "@b.c", "a b@example.com", "a@b\n.com", 5, "a@" + "b" * 400 + ".com"])
def test_what_is_no_email_address_is_named(alone: FlaskClient, value: Any) -> None:
    """In a purchase and in a registration."""
    refused(alone, "/api/payments/create-intent", {**SESSION, "customerEmail": value}, "customerEmail")
    path = "/api/connect/create-account"
    refused(alone, path, {**GOOD[path][1], "email": value}, "email")


@pytest.mark.parametrize("value", [0, -1, True, False, 47.25, 100.0, "100", "", [], {}, 10**20])
@pytest.mark.parametrize("path", ["/api/payments/refund", "/api/connect/transfer"])
def test_what_is_no_amount_is_named(alone: FlaskClient, path: str, value: Any) -> None:
    """A positive whole number of cents, sent as a number."""
    refused(alone, path, {**GOOD[path][1], "amount": value}, "amount")


@pytest.mark.parametrize(
    ("field", "value"),
    [("country", "Canada"), ("country", "ca"), ("country", "C\n"), ("businessType", "llc"), ("businessType", None)],
)
def test_a_registration_takes_only_what_stripe_knows(alone: FlaskClient, field: str, value: Any) -> None:
    """Two letters; individual or company."""
    path = "/api/connect/create-account"
    refused(alone, path, {**GOOD[path][1], field: value}, field)


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
def test_an_account_update_takes_only_what_the_contract_names(alone: FlaskClient, body: Any) -> None:
    """No payee, no schedule and no capability can be changed here."""
    refused(alone, f"/api/connect/account/{ACCOUNT}", body)


def test_a_card_number_in_a_name_is_refused_and_not_repeated(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed into the wrong box."""
    answer = backend().post("/api/payments/create-intent", json={**SESSION, "customerName": "4242 4242 4242 4242"})

    assert answer.status_code == 400
    logged = capsys.readouterr().err
    assert "request.refused" in logged
    assert "4242" not in answer.text + logged


BROKEN = {
    "nothing": b"",
    "half": b'{"coachId": ',
    "not utf-8": b'{"coachId": "\xff"}',
    "utf-16": '{"coachId": "c"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "array": b"[]",
    "null": b"null",
    "string": b'"x"',
    "number": b"5",
    "nan": b'{"amount": NaN}',
    "infinity": b'{"amount": -Infinity}',
    "too big for a float": b'{"amount": 1e400}',
    "5000 digits": b'{"amount": ' + b"9" * 5000 + b"}",
    "65 levels": b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
    "65 digits": b'{"amount": ' + b"1" * 65 + b"}",
    "65 digits of a fraction": b'{"amount": 0.' + b"1" * 65 + b"}",
    "2 kB of brackets": b"[" * 990 + b"]" * 990,
    "60 kB of brackets": b'{"a":' * 10_000,
    "a key twice": b'{"amount": 1, "amount": 2}',
    "nul": b'{"coachId": "a\x00"}',
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("path", GOOD)
def test_what_is_no_json_object_is_refused(alone: FlaskClient, path: str, raw: bytes) -> None:
    """On every route, never a 500; as JSON, before any field of it is looked at. A link may be asked for without a body."""
    if not raw and path.endswith("/onboarding-link"):
        return
    refused(alone, path, raw, "body")


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"9" * 5000])
def test_no_number_is_read_that_json_does_not_have(alone: FlaskClient, value: bytes) -> None:
    """Not even where a subscription ignores what it finds."""
    subscription = json.dumps({**SESSION, "packageType": "subscription", "packageId": 0}).encode()

    refused(alone, "/api/payments/create-intent", subscription.replace(b": 0}", b": " + value + b"}"), "body")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
@pytest.mark.parametrize("path", GOOD)
def test_another_content_type_is_refused(alone: FlaskClient, path: str, content_type: str | None) -> None:
    """A form of another site could send those without asking."""
    method, good = GOOD[path]
    answer = alone.open(path, method=method, data=json.dumps(good), content_type=content_type)

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")
    assert answer.json["details"].startswith("Content-Type")


@pytest.mark.parametrize("size", [64 * 1024 + 1, 30 * 1024 * 1024])
def test_a_body_over_the_limit_is_refused(alone: FlaskClient, size: int) -> None:
    """413 at 64 kB."""
    answer = alone.post("/api/payments/create-intent", data=b" " * size, content_type="application/json")

    assert (answer.status_code, answer.json["error"]) == (413, "Payload too large")


def send_in_chunks(client: FlaskClient, path: str, raw: bytes) -> TestResponse:
    """As a server hands on a body without a length: a stream that ends by itself."""
    answer: TestResponse = client.post(
        path,
        input_stream=io.BytesIO(raw),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked", "Stripe-Signature": "x"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    return answer


@pytest.mark.parametrize("more", [1, 1024 * 1024], ids=["a byte", "a megabyte"])
@pytest.mark.parametrize(
    ("path", "limit"), [("/api/payments/refund", 64 * 1024), ("/api/webhooks/stripe", 1024 * 1024)]
)
def test_a_body_in_chunks_over_the_limit_is_refused(alone: FlaskClient, path: str, limit: int, more: int) -> None:
    """Not cut off at the limit and read as if it were whole."""
    answer = send_in_chunks(alone, path, b"{}".ljust(limit + more))

    assert (answer.status_code, answer.json["error"]) == (413, "Payload too large")


@pytest.mark.parametrize("size", [2, 64 * 1024], ids=["small", "at the limit"])
def test_a_body_in_chunks_is_read(alone: FlaskClient, size: int) -> None:
    """A length is not required."""
    answer = send_in_chunks(alone, "/api/payments/refund", b"{}".ljust(size))

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")
    assert answer.json["details"].startswith("paymentIntentId")


def test_a_body_at_the_limit_is_read(alone: FlaskClient) -> None:
    """The limit itself is allowed; what is in it decides."""
    refused(alone, "/api/payments/create-intent", b"[" + b" " * (64 * 1024 - 2) + b"]")


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\u00e9", "x" * 21, "a," * 20])
@pytest.mark.parametrize("path", ["/api/payments/create-intent", "/api/payments/refund"])
def test_a_malformed_idempotency_key_is_refused(alone: FlaskClient, path: str, key: str) -> None:
    """22 to 255 visible characters, none of them a comma."""
    answer = alone.post(path, json=GOOD[path][1], headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert answer.json["details"].startswith("Idempotency-Key")


NO_IDS = [
    "x",
    "pi_",
    "pi_1%2F..%2F..%2Fbalance",
    "..%2fpayments",
    "pi_%00",
    "acct_%0d%0aX:1",
    "pi_" + "0" * 5000,
    "pi_\u0661" * 9,
    f"{PAYMENT}%0A",
    f"{ACCOUNT}%0A",
]


@pytest.mark.parametrize("segment", NO_IDS, ids=[text[:20] for text in NO_IDS])
def test_a_path_that_holds_no_id_is_not_found(alone: FlaskClient, segment: str) -> None:
    """On every route with an id."""
    for method, path in [
        ("GET", f"/api/payments/intent/{segment}"),
        ("GET", f"/api/connect/account/{segment}"),
        ("PUT", f"/api/connect/account/{segment}"),
        ("POST", f"/api/connect/account/{segment}/login-link"),
        ("GET", f"/api/connect/account/{segment}/balance"),
        ("GET", f"/api/connect/account/{segment}/payouts"),
    ]:
        answer = alone.open(path, method=method, json={"individual": {"first_name": "x"}} if method == "PUT" else None)
        assert (answer.status_code, answer.json["error"]) == (404, "Not found"), (method, path)


@pytest.mark.parametrize(
    "value", ["x", "pi_", "pi_1/..", "pi_\r\n", "acct_0000000000000000", "pi_" + "0" * 5000, 5, f"{PAYMENT}\n"]
)
def test_a_body_that_holds_no_id_is_refused(alone: FlaskClient, value: Any) -> None:
    """In a body it is a 400."""
    for path in ("/api/payments/confirm", "/api/payments/refund", "/api/connect/transfer"):
        refused(alone, path, {**GOOD[path][1], "paymentIntentId": value}, "paymentIntentId")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=abc",
        "limit=1e3",
        "limit=",
        "limit=1&limit=2",
        "limit[]=1",
        "starting_after=x",
        "starting_after=",
        "starting_after=po_1%0d%0a",
        "expand[]=data",
        "ending_before=po_12345678",
    ],
)
def test_a_bad_query_is_refused(alone: FlaskClient, query: str) -> None:
    """Payouts take a limit of 1 to 100 and a payout's id, each once."""
    answer = alone.get(f"/api/connect/account/{ACCOUNT}/payouts?{query}")

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")


# Webhooks

EVENT = {"id": "evt_1", "type": "invoice.paid", "livemode": False, "data": {"object": {}}}
SECRET = "whsec_sandbox"
PATH = "/api/webhooks/stripe"


def sign(body: bytes, secret: str = SECRET, at: int = NOW, scheme: str = "v1") -> str:
    """The header that Stripe would send."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},{scheme}={digest}"


def deliver(client: FlaskClient, signature: str | None, body: bytes = json.dumps(EVENT).encode()) -> tuple[int, str]:
    """The status and the error of a delivery."""
    headers = {"Stripe-Signature": signature} if signature is not None else {}
    answer = client.post(PATH, data=body, headers=headers, content_type="application/json")
    return answer.status_code, answer.json.get("error", "")


RAW = json.dumps(EVENT).encode()
BAD_SIGNATURES = {
    "garbage": "x",
    "no timestamp": sign(RAW).split(",")[1],
    "two timestamps": f"t=1,{sign(RAW)}",
    "not ascii": "t=1,v1=\u00e9",
    "v0 only": sign(RAW, scheme="v0"),
    "another secret": sign(RAW, secret="whsec_other"),
    "empty secret": sign(RAW, secret=""),
    "five minutes old": sign(RAW, at=NOW - 301),
    "five minutes early": sign(RAW, at=NOW + 301),
    "of the far future": sign(RAW, at=10**15),
    "of another body": sign(RAW + b" "),
    "17 guesses and the right one": f"t={NOW}," + "v1=0," * 17 + sign(RAW).partition(",")[2],
    "much around the right one": sign(RAW) + "," * 2_048,
    "10,000 guesses": f"t={NOW}," + ",".join(["v1=" + "0" * 64] * 10_000),
}


@pytest.mark.parametrize("signature", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES.keys())
def test_a_bad_signature_is_refused(alone: FlaskClient, signature: str) -> None:
    """400, and nothing is believed."""
    assert deliver(alone, signature) == (400, "Invalid signature")


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_of_the_last_or_next_five_minutes_is_believed(alone: FlaskClient, seconds: int) -> None:
    """Clocks differ."""
    assert deliver(alone, sign(RAW, at=NOW + seconds)) == (200, "")


@pytest.mark.parametrize("signature", [None, ""])
def test_a_missing_signature_is_named(alone: FlaskClient, signature: str | None) -> None:
    """Somebody else's request."""
    assert deliver(alone, signature) == (400, "Missing signature")


OF_A_COACH = json.dumps({**EVENT, "account": ACCOUNT}).encode()
ROLLED = {"STRIPE_WEBHOOK_SECRET": "whsec_old,whsec_new", "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_connect,whsec_next"}


@pytest.mark.parametrize(
    ("body", "secret"),
    [(RAW, "whsec_old"), (RAW, "whsec_new"), (OF_A_COACH, "whsec_connect"), (OF_A_COACH, "whsec_next")],
)
def test_every_secret_of_its_own_endpoint_is_accepted(backend: Backend, body: bytes, secret: str) -> None:
    """Both of one that is being rolled."""
    assert deliver(backend(ROLLED), sign(body, secret=secret), body) == (200, "")


@pytest.mark.parametrize(("body", "secret"), [(RAW, "whsec_connect"), (OF_A_COACH, "whsec_old")])
def test_an_event_is_not_believed_with_the_other_endpoints_secret(backend: Backend, body: bytes, secret: str) -> None:
    """A stranger who learns one secret cannot speak for the other kind of account."""
    assert deliver(backend(ROLLED), sign(body, secret=secret), body) == (400, "Invalid signature")


def test_an_event_may_carry_signatures_of_both_endpoints(backend: Backend) -> None:
    """One of its own is enough."""
    header = f"{sign(RAW, secret='whsec_connect')},v1={sign(RAW, secret='whsec_old').partition('v1=')[2]}"

    assert deliver(backend(ROLLED), header) == (200, "")


@pytest.mark.parametrize("body", [RAW, OF_A_COACH], ids=["platform", "connected"])
@pytest.mark.parametrize(
    "environ",
    [
        {"STRIPE_WEBHOOK_SECRET": "whsec_one", "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_one"},
        {"STRIPE_WEBHOOK_SECRET": "whsec_one", "STRIPE_SECRET_KEY": "sk_test_x"},
        {"STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_one", "STRIPE_SECRET_KEY": "sk_test_x"},
    ],
    ids=["the same twice", "the platform's alone", "the other alone"],
)
def test_one_secret_serves_both_kinds(backend: Backend, environ: dict[str, str], body: bytes) -> None:
    """``stripe listen`` has one for both."""
    assert deliver(backend(environ), sign(body, secret="whsec_one"), body) == (200, "")


def test_a_signature_among_others_is_found(alone: FlaskClient) -> None:
    """Stripe signs with every active secret."""
    assert deliver(alone, f"{sign(RAW)},v1={'0' * 64},v0=abc") == (200, "")


def test_without_a_secret_nothing_can_be_believed(backend: Backend) -> None:
    """503, so that Stripe keeps the event."""
    client = backend({"STRIPE_SECRET_KEY": "sk_test_x"})

    assert deliver(client, sign(RAW)) == (503, "Payment provider unavailable")


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":"evt_1", "type":"invoice.paid","data":{"object":{}}}\n',
        '{"id":"\u2603","type":"x","data":{"object":{}}}'.encode(),
    ],
)
def test_the_raw_bytes_are_verified(alone: FlaskClient, body: bytes) -> None:
    """Odd white space and Unicode are signed as they are."""
    assert deliver(alone, sign(body), body) == (200, "")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"[" * 990, b'{"object":"v2.core.event"}', b"\xff"])
def test_a_signed_body_that_is_no_event_is_refused(alone: FlaskClient, body: bytes) -> None:
    """400, never a 500."""
    status, _ = deliver(alone, sign(body), body)

    assert status == 400


def test_a_webhook_may_be_large_but_not_huge(alone: FlaskClient) -> None:
    """1 MB."""
    large = json.dumps({**EVENT, "padding": "x" * 900_000}).encode()

    assert deliver(alone, sign(large), large) == (200, "")
    assert deliver(alone, "x", b" " * (1024 * 1024 + 1)) == (413, "Payload too large")


# Whatever is sent: it is refused here, or it is fit to go on to Stripe.

ADDRESS = {"line1": "1", "line2": "2", "city": "x", "state": "QC", "postal_code": "H0H", "country": "CA"}
PERSON = {"first_name": "a", "last_name": "b", "email": "a@example.com", "phone": "1", "address": ADDRESS}
PROFILE = {"name": "n", "url": "https://a.example", "support_email": "a@example.com", "support_phone": "1"}
EXTRA: dict[str, dict[str, Any]] = {
    "/api/payments/create-intent": {"customerName": "n", "playerId": "p", "playerName": "q"},
    "/api/connect/create-account": {"businessType": "company"},
    f"/api/connect/account/{ACCOUNT}": {
        "business_profile": {**PROFILE, "support_url": "https://a.example"},
        "individual": {**PERSON, "dob": {"day": 1, "month": 1, "year": 1990}},
    },
    "/api/connect/transfer": {"description": "d"},
}
# Every field of the contract, well filled in.
WHOLE = {path: (method, {**body, **EXTRA.get(path, {})}) for path, (method, body) in GOOD.items()}

# All of Unicode, halves of surrogate pairs included, and what has broken parsers before.
TEXT = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    ["\x00", "\r\nX: 1", "\u202e", "a" * 501, "../..", "__proto__", "null", "１", "https://a.example/\ud800"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
# The same every time, and in a moment.
some = settings(derandomize=True, max_examples=80, deadline=None)


class DeadLine(stripe.HTTPClient):
    """Counts the calls and connects none."""

    name = "dead"

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def request(self, *_: Any, **__: Any) -> Any:
        """Stripe was asked."""
        self.calls += 1
        raise stripe.APIConnectionError("dead", should_retry=False)

    def close(self) -> None:
        """Nothing is open."""


class CutOff:
    """A backend whose line to Stripe is dead."""

    def __init__(self) -> None:
        self.line = DeadLine()
        app = create_app(load_settings({"RATELIMIT_ENABLED": "false"}, None), http_client=self.line, clock=lambda: NOW)
        self.http = app.test_client()

    def asked(self, method: str, path: str, **sent: Any) -> tuple[int, bool]:
        """The status, and whether Stripe was asked."""
        before = self.line.calls
        answer = self.http.open(path, method=method, **sent)
        assert answer.json["error"]
        assert answer.json["message"]
        return answer.status_code, self.line.calls > before


@pytest.fixture(scope="module")
def cut_off() -> CutOff:
    """One for all: what is refused leaves nothing behind."""
    return CutOff()


def places(body: dict[str, Any], way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The way to every field, outer ones too."""
    for name, value in body.items():
        yield (*way, name)
        if isinstance(value, dict):
            yield from places(value, (*way, name))


def put(body: dict[str, Any], way: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The body with another value in one place."""
    name, *deeper = way
    return {**body, name: put(body[name], tuple(deeper), value) if deeper else value}


@pytest.mark.parametrize("path", WHOLE)
def test_a_body_with_every_field_goes_on_to_stripe(cut_off: CutOff, path: str) -> None:
    """The full body from which the next tests start is accepted."""
    method, body = WHOLE[path]

    assert cut_off.asked(method, path, json=body) == (503, True)


@pytest.mark.parametrize("path", WHOLE)
@some
@given(data=st.data(), value=VALUES)
def test_any_value_in_any_field_is_refused_or_fit_for_stripe(
    cut_off: CutOff, path: str, data: st.DataObject, value: Any
) -> None:
    """400 without a call, or the line was tried: never a 500."""
    method, body = WHOLE[path]
    way = data.draw(st.sampled_from(list(places(body))))

    assert cut_off.asked(method, path, json=put(body, way, value)) in [(400, False), (503, True)]


@pytest.mark.parametrize("value", ["https://a.example/\ud800", "a\x00b", "x" * 5000], ids=["half", "nul", "long"])
@pytest.mark.parametrize("path", WHOLE)
def test_the_worst_values_are_refused_in_every_field(cut_off: CutOff, path: str, value: str) -> None:
    """No field is forgotten."""
    method, body = WHOLE[path]
    for way in places(body):
        assert cut_off.asked(method, path, json=put(body, way, value)) == (400, False), way


@some
@given(segment=st.binary(min_size=1, max_size=30) | TEXT.filter(bool).map(lambda t: t.encode(errors="surrogatepass")))
def test_any_path_segment_is_an_id_or_not_found(cut_off: CutOff, segment: bytes) -> None:
    """Percent-encoded as it comes; Stripe is asked for ids only."""
    for path in ("payments/intent/{}", "connect/account/{}/payouts"):
        assert cut_off.asked("GET", f"/api/{path.format(quote(segment, safe=''))}") == (404, False)


@some
@given(name=st.sampled_from(["Idempotency-Key", "X-Request-Id", "Origin", "Content-Type"]), raw=st.binary(max_size=30))
def test_any_header_is_refused_or_fit_for_stripe(cut_off: CutOff, name: str, raw: bytes) -> None:
    """As a server hands it on: any bytes but line breaks, read as Latin-1."""
    value = raw.decode("latin-1").translate({10: None, 13: None})
    body = json.dumps(GOOD["/api/payments/refund"][1])
    headers = {"Content-Type": "application/json", name: value}

    answered = cut_off.asked("POST", "/api/payments/refund", data=body, headers=headers)

    assert answered in [(400, False), (503, True)]


PAID = json.dumps({**EVENT, "type": "payment_intent.succeeded", "data": {"object": {"id": PAYMENT}}}).encode()
SIGNED = sign(PAID)


def test_the_event_that_is_damaged_next_is_believed(cut_off: CutOff) -> None:
    """It goes on to Stripe."""
    assert cut_off.asked("POST", PATH, data=PAID, headers={"Stripe-Signature": SIGNED}) == (503, True)


@some
@given(at=st.integers(0, len(PAID) - 1), bit=st.integers(0, 7))
def test_no_bit_of_an_event_can_change(cut_off: CutOff, at: int, bit: int) -> None:
    """Believed as it was signed, or not at all."""
    body = bytearray(PAID)
    body[at] ^= 1 << bit

    assert cut_off.asked("POST", PATH, data=bytes(body), headers={"Stripe-Signature": SIGNED}) == (400, False)


@some
@given(at=st.integers(0, len(SIGNED) - 1), char=st.characters(min_codepoint=32, max_codepoint=255))
def test_no_character_of_a_signature_can_change(cut_off: CutOff, at: int, char: str) -> None:
    """Nor the time, within the tolerance: it is signed too."""
    damaged = SIGNED[:at] + char + SIGNED[at + 1 :]
    assume(damaged != SIGNED)

    assert cut_off.asked("POST", PATH, data=PAID, headers={"Stripe-Signature": damaged}) == (400, False)
