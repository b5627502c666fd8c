"""Bodies, content types, ids and queries that are refused, and their limits."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.routes.good_requests import ACCOUNT, GOOD, PAYMENT, SESSION, refused

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
def test_what_is_no_json_object_is_refused(unlimited: FlaskClient, path: str, raw: bytes) -> None:
    """On every route, never a 500; as JSON, before any field of it is looked at. A link may be asked for without a body."""
    if not raw and path.endswith("/onboarding-link"):
        return
    refused(unlimited, path, raw, "body")


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"9" * 5000])
def test_no_number_is_read_that_json_does_not_have(unlimited: FlaskClient, value: bytes) -> None:
    """Not even where a subscription ignores what it finds."""
    subscription = json.dumps({**SESSION, "packageType": "subscription", "packageId": 0}).encode()

    refused(unlimited, "/api/payments/create-intent", subscription.replace(b": 0}", b": " + value + b"}"), "body")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
@pytest.mark.parametrize("path", GOOD)
def test_another_content_type_is_refused(unlimited: FlaskClient, path: str, content_type: str | None) -> None:
    """A form of another site could send those without asking."""
    method, good = GOOD[path]
    answer = unlimited.open(path, method=method, data=json.dumps(good), content_type=content_type)

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")
    assert answer.json["details"].startswith("Content-Type")


@pytest.mark.parametrize("size", [64 * 1024 + 1, 30 * 1024 * 1024])
def test_a_body_over_the_limit_is_refused(unlimited: FlaskClient, size: int) -> None:
    """413 at 64 kB."""
    answer = unlimited.post("/api/payments/create-intent", data=b" " * size, content_type="application/json")

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
def test_a_body_in_chunks_over_the_limit_is_refused(unlimited: FlaskClient, path: str, limit: int, more: int) -> None:
    """Not cut off at the limit and read as if it were whole."""
    answer = send_in_chunks(unlimited, path, b"{}".ljust(limit + more))

    assert (answer.status_code, answer.json["error"]) == (413, "Payload too large")


@pytest.mark.parametrize("size", [2, 64 * 1024], ids=["small", "at the limit"])
def test_a_body_in_chunks_is_read(unlimited: FlaskClient, size: int) -> None:
    """A length is not required."""
    answer = send_in_chunks(unlimited, "/api/payments/refund", b"{}".ljust(size))

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")
    assert answer.json["details"].startswith("paymentIntentId")


def test_a_body_at_the_limit_is_read(unlimited: FlaskClient) -> None:
    """The limit itself is allowed; what is in it decides."""
    refused(unlimited, "/api/payments/create-intent", b"[" + b" " * (64 * 1024 - 2) + b"]")


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\u00e9", "x" * 21, "a," * 20])
@pytest.mark.parametrize("path", ["/api/payments/create-intent", "/api/payments/refund"])
def test_a_malformed_idempotency_key_is_refused(unlimited: FlaskClient, path: str, key: str) -> None:
    """22 to 255 visible characters, none of them a comma."""
    answer = unlimited.post(path, json=GOOD[path][1], headers={"Idempotency-Key": key})

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
def test_a_path_that_holds_no_id_is_not_found(unlimited: FlaskClient, segment: str) -> None:
    """On every route with an id."""
    for method, path in [
        ("GET", f"/api/payments/intent/{segment}"),
        ("GET", f"/api/connect/account/{segment}"),
        ("PUT", f"/api/connect/account/{segment}"),
        ("POST", f"/api/connect/account/{segment}/login-link"),
        ("GET", f"/api/connect/account/{segment}/balance"),
        ("GET", f"/api/connect/account/{segment}/payouts"),
    ]:
        answer = unlimited.open(
            path, method=method, json={"individual": {"first_name": "x"}} if method == "PUT" else None
        )
        assert (answer.status_code, answer.json["error"]) == (404, "Not found"), (method, path)


@pytest.mark.parametrize(
    "value", ["x", "pi_", "pi_1/..", "pi_\r\n", "acct_0000000000000000", "pi_" + "0" * 5000, 5, f"{PAYMENT}\n"]
)
def test_a_body_that_holds_no_id_is_refused(unlimited: FlaskClient, value: Any) -> None:
    """In a body it is a 400."""
    for path in ("/api/payments/confirm", "/api/payments/refund", "/api/connect/transfer"):
        refused(unlimited, path, {**GOOD[path][1], "paymentIntentId": value}, "paymentIntentId")


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
def test_a_bad_query_is_refused(unlimited: FlaskClient, query: str) -> None:
    """Payouts take a limit of 1 to 100 and a payout's id, each once."""
    answer = unlimited.get(f"/api/connect/account/{ACCOUNT}/payouts?{query}")

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")
