"""Good requests and events, how they are signed and sent, and what a refused one answers."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from typing import Any

import stripe
from flask.testing import FlaskClient

from backend.config.settings import load_settings
from backend.server import create_app
from tests.conftest import NOW

PAYMENT = "pi_000000000000000000000000"


ACCOUNT = "acct_0000000000000000"


SESSION = {"coachId": "c", "coachName": "n", "sport": "golf", "packageType": "package", "packageId": 1}


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "/api/payments/create-intent": ("POST", {**SESSION, "customerEmail": "a@example.com"}),
    "/api/payments/create-destination-charge": ("POST", {**SESSION, "customerEmail": "a@example.com"}),
    "/api/payments/confirm": ("POST", {"paymentIntentId": PAYMENT, "sessionData": SESSION}),
    "/api/payments/refund": ("POST", {"paymentIntentId": PAYMENT, "amount": 100, "reason": "duplicate"}),
    "/api/payments/delivered": ("POST", {"paymentIntentId": PAYMENT}),
    "/api/payments/accept": ("POST", {"paymentIntentId": PAYMENT, "clientSecret": f"{PAYMENT}_secret_0"}),
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
