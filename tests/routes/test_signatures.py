"""Signatures of webhooks: what is believed, and nothing else."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from tests.conftest import NOW
from tests.routes.conftest import Backend
from tests.routes.good_requests import ACCOUNT, EVENT, deliver, sign

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
def test_a_bad_signature_is_refused(unlimited: FlaskClient, signature: str) -> None:
    """400, and nothing is believed."""
    assert deliver(unlimited, signature) == (400, "Invalid signature")


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_of_the_last_or_next_five_minutes_is_believed(unlimited: FlaskClient, seconds: int) -> None:
    """Clocks differ."""
    assert deliver(unlimited, sign(RAW, at=NOW + seconds)) == (200, "")


@pytest.mark.parametrize("signature", [None, ""])
def test_a_missing_signature_is_named(unlimited: FlaskClient, signature: str | None) -> None:
    """Somebody else's request."""
    assert deliver(unlimited, signature) == (400, "Missing signature")


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
    ids=["the same twice", "the platform's unlimited", "the other unlimited"],
)
def test_one_secret_serves_both_kinds(backend: Backend, environ: dict[str, str], body: bytes) -> None:
    """``stripe listen`` has one for both."""
    assert deliver(backend(environ), sign(body, secret="whsec_one"), body) == (200, "")


def test_a_signature_among_others_is_found(unlimited: FlaskClient) -> None:
    """Stripe signs with every active secret."""
    assert deliver(unlimited, f"{sign(RAW)},v1={'0' * 64},v0=abc") == (200, "")


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
def test_the_raw_bytes_are_verified(unlimited: FlaskClient, body: bytes) -> None:
    """Odd white space and Unicode are signed as they are."""
    assert deliver(unlimited, sign(body), body) == (200, "")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"[" * 990, b'{"object":"v2.core.event"}', b"\xff"])
def test_a_signed_body_that_is_no_event_is_refused(unlimited: FlaskClient, body: bytes) -> None:
    """400, never a 500."""
    status, _ = deliver(unlimited, sign(body), body)

    assert status == 400


def test_a_webhook_may_be_large_but_not_huge(unlimited: FlaskClient) -> None:
    """1 MB."""
    large = json.dumps({**EVENT, "padding": "x" * 900_000}).encode()

    assert deliver(unlimited, sign(large), large) == (200, "")
    assert deliver(unlimited, "x", b" " * (1024 * 1024 + 1)) == (413, "Payload too large")
