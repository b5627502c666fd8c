"""The edges of every request: ids, headers, CORS, limits, proxies, HTTPS."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import NOW
from tests.routes.edges import ACCOUNT

COACH = "/api/connect/coach/%1F"  # likewise: no coach's id has a control character


def _bug(client: FlaskClient) -> TestResponse:
    """A request that meets a bug of ours (Stripe's stand-in fails in a way that nothing expects)."""
    return client.get("/api/payments/intent/pi_000000000000000000000000")


def test_health_answers_without_asking_anybody(alone: FlaskClient) -> None:
    """As the contract says."""
    answer = alone.get("/health")

    assert (answer.status_code, answer.json) == (
        200,
        {"status": "OK", "timestamp": "2026-11-02T15:00:00.000Z", "environment": "development"},
    )
    assert NOW == 1_793_631_600


def test_the_connection_check_answers(alone: FlaskClient) -> None:
    """The Node backend's test endpoint."""
    assert set(alone.get("/test").json or {}) == {"message", "timestamp", "stripeConfigured"}


def test_a_bug_is_a_500_that_says_nothing(alone: FlaskClient) -> None:
    """In the contract's shape."""
    answer = _bug(alone)

    assert answer.status_code == 500
    assert answer.json["error"] == "Internal server error"
    assert "Stripe was asked" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api",
        "/api/",
        "/api/payments",
        "/api/payments/intent/",
        "/api/payments/confirm/",
        "/API/payments/confirm",
        "/api//payments/confirm",
        "/api/connect/account/x%2f/payouts",
        "/api/payments/../payments/confirm",
        "/static/../server.py",
        "/static/%2e%2e/pages.py",
        "/health/",
    ],
)
def test_an_unknown_address_is_a_404_in_the_contracts_shape(alone: FlaskClient, path: str, method: str) -> None:
    """JSON, not a page, and no redirect to something like it."""
    answer = alone.open(path, method=method)

    assert answer.status_code in ((404, 405) if path.startswith("/static/") else (404,))
    assert answer.json["error"] in ("Not found", "Method not allowed")
    assert answer.json["message"]


ROUTES = [
    ("POST", "/api/payments/create-intent"),
    ("POST", "/api/payments/create-destination-charge"),
    ("GET", "/api/payments/packages"),
    ("POST", "/api/payments/confirm"),
    ("GET", "/api/payments/intent/x"),
    ("POST", "/api/payments/refund"),
    ("POST", "/api/payments/delivered"),
    ("POST", "/api/payments/accept"),
    ("POST", "/api/connect/create-account"),
    ("POST", "/api/connect/start-onboarding"),
    ("POST", f"{ACCOUNT}/onboarding-link"),
    ("GET", f"{COACH}/onboarding-link"),
    ("GET", f"{COACH}/status"),
    ("GET", f"{COACH}/transfers"),
    ("GET,PUT", ACCOUNT),
    ("POST", f"{ACCOUNT}/login-link"),
    ("GET", f"{ACCOUNT}/balance"),
    ("GET", f"{ACCOUNT}/payouts"),
    ("POST", "/api/connect/transfer"),
    ("POST", "/api/webhooks/stripe"),
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("GET", "/test"),
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
@pytest.mark.parametrize(("right", "path"), ROUTES, ids=[f"{r[0]} {r[1]}" for r in ROUTES])
def test_a_method_is_right_or_a_405_that_names_the_right_ones(
    alone: FlaskClient, right: str, path: str, method: str
) -> None:
    """With ``Allow``."""
    answer = alone.open(path, method=method)

    if method in right.split(","):
        assert answer.status_code in (200, 400, 404)
    else:
        assert (answer.status_code, answer.json["error"]) == (405, "Method not allowed")
        allowed = set(answer.headers["Allow"].split(", "))
        assert allowed - {"HEAD", "OPTIONS"} == set(right.split(","))


# For people, and one that asks Stripe: what they say is tested with what they show.
PAGES = {
    "/",
    "/coach/earnings",
    "/coaches/<coach_id>",
    "/docs",
    "/money",
    "/money/statement",
    "/money/statement.csv",
    "/money/x",
    "/money/x/do",
    "/openapi.json",
    "/payment-cancel",
    "/payment-success",
    "/ready",
    "/static/<path:filename>",
}


def test_every_route_was_tried(alone: FlaskClient) -> None:
    """The contract's and no other: a new one has to be added to the list above."""
    rules = {
        rule.rule.replace("<account_id>", "x").replace("<payment_id>", "x").replace("coach/<coach_id>", "coach/%1F")
        for rule in alone.application.url_map.iter_rules()
    }

    assert rules - {path for _, path in ROUTES} == PAGES


@pytest.mark.parametrize("given", ["abc", "A-1_b.c:d", "x" * 128])
def test_a_sane_request_id_comes_back(alone: FlaskClient, given: str) -> None:
    """So that the caller's log and ours can be joined."""
    assert alone.get("/health", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\u00e9", "<script>"])
def test_an_insane_request_id_is_replaced(alone: FlaskClient, given: str) -> None:
    """It would go into logs and headers."""
    answered = alone.get("/health", headers={"X-Request-Id": given}).headers["X-Request-Id"]

    assert answered != given
    assert answered.isalnum()


@pytest.mark.parametrize("status", [200, 400, 404, 405, 413, 500])
def test_every_answer_carries_the_security_headers(alone: FlaskClient, status: int) -> None:
    """Whatever happened; under /api/ nothing is kept by a cache."""
    answer = {
        200: lambda: alone.options("/api/payments/refund"),
        400: lambda: alone.post("/api/payments/refund", json={}),
        404: lambda: alone.get(ACCOUNT),
        405: lambda: alone.get("/api/payments/refund"),
        413: lambda: alone.post("/api/payments/refund", data=b"x" * 70_000, content_type="application/json"),
        500: lambda: _bug(alone),
    }[status]()

    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        answer.headers["Content-Security-Policy"]
        == "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    assert "Strict-Transport-Security" not in answer.headers
