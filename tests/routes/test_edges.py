"""What surrounds every request: ids, headers, CORS, limits, proxies, HTTPS."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import PRODUCTION_ENVIRONMENT
from tests.conftest import NOW
from tests.routes.conftest import Backend

ACCOUNT = "/api/connect/account/x"  # answered by the backend itself, with a 404
PRODUCTION = {
    **PRODUCTION_ENVIRONMENT,
    "ALLOWED_ORIGINS": "https://app.example.com,https://admin.example.com",
    "FORCE_HTTPS": "false",
}


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


def test_an_unknown_address_is_a_404_in_the_contracts_shape(alone: FlaskClient) -> None:
    """JSON, not a page."""
    answer = alone.get("/nowhere")

    assert (answer.status_code, answer.json["error"]) == (404, "Not found")
    assert answer.json["message"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "TRACE"])
def test_a_wrong_method_is_a_405_that_names_the_right_one(alone: FlaskClient, method: str) -> None:
    """With ``Allow``."""
    answer = alone.open("/api/payments/confirm", method=method)

    assert (answer.status_code, answer.json["error"]) == (405, "Method not allowed")
    assert "POST" in answer.headers["Allow"]


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
        200: lambda: alone.post("/api/webhooks/stripe", data=b"", headers={"Stripe-Signature": "x"}),
        400: lambda: alone.post("/api/payments/refund", json={}),
        404: lambda: alone.get(ACCOUNT),
        405: lambda: alone.get("/api/payments/refund"),
        413: lambda: alone.post("/api/payments/refund", data=b"x" * 70_000, content_type="application/json"),
        500: lambda: _bug(alone),
    }[status]()

    assert answer.status_code == (400 if status == 200 else status)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["Referrer-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    assert "Strict-Transport-Security" not in answer.headers


def test_development_is_open_to_any_origin_without_credentials(alone: FlaskClient) -> None:
    """A wildcard, and never together with credentials."""
    answer = alone.get("/health", headers={"Origin": "http://localhost:5173"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://app.example.com", "https://admin.example.com"])
def test_production_is_open_to_its_own_origins_with_credentials(backend: Backend, origin: str) -> None:
    """Exactly those of the list."""
    answer = backend(PRODUCTION).get("/health", headers={"Origin": origin})

    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://appXexample.com",
    ],
)
def test_production_is_closed_to_other_origins(backend: Backend, origin: str) -> None:
    """A dot is a dot."""
    answer = backend(PRODUCTION).get("/health", headers={"Origin": origin})

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_requests_without_an_origin_pass(backend: Backend) -> None:
    """Native apps send none."""
    assert backend(PRODUCTION).get("/test").status_code == 200


def test_a_preflight_allows_what_the_front_end_sends(alone: FlaskClient) -> None:
    """JSON with an idempotency key."""
    answer = alone.options(
        "/api/payments/create-intent",
        headers={
            "Origin": "http://localhost:5173",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,idempotency-key",
        },
    )

    assert answer.status_code == 200
    assert {"content-type", "idempotency-key"} <= set(
        answer.headers["Access-Control-Allow-Headers"].lower().replace(" ", "").split(",")
    )


def _use_up(client: FlaskClient, limit: int, **environ: str) -> None:
    for _ in range(limit):
        assert client.get(ACCOUNT, environ_overrides=environ).status_code == 404


def test_a_client_over_the_limit_is_told_when_to_come_back(backend: Backend) -> None:
    """429 with Retry-After and the draft-standard headers; one bucket for all routes."""
    client = backend(PRODUCTION)
    _use_up(client, 99)
    last = client.post("/api/payments/refund", json={})

    over = client.get(ACCOUNT)

    assert (last.status_code, last.headers["RateLimit-Remaining"], last.headers["RateLimit-Limit"]) == (400, "0", "100")
    assert (over.status_code, over.json["error"]) == (429, "Too many requests")
    assert 0 < int(over.headers["Retry-After"]) <= 900
    assert over.headers["RateLimit-Reset"] == over.headers["Retry-After"]


def test_development_allows_more(backend: Backend) -> None:
    """500."""
    assert backend().get(ACCOUNT).headers["RateLimit-Limit"] == "500"


def test_webhooks_health_and_preflights_are_never_limited(backend: Backend) -> None:
    """Stripe comes from few addresses, and in bursts."""
    client = backend(PRODUCTION)
    _use_up(client, 100)

    assert client.get(ACCOUNT).status_code == 429
    assert client.get("/health").status_code == 200
    assert client.post("/api/webhooks/stripe", data=b"{}").status_code == 400
    assert client.options("/api/payments/confirm", headers={"Origin": "https://app.example.com"}).status_code == 200


def test_two_apps_in_a_process_keep_their_own_limits(backend: Backend) -> None:
    """The first is not forgiven because a second was made."""
    first = backend(PRODUCTION)
    _use_up(first, 100)
    second = backend(PRODUCTION)

    assert second.get(ACCOUNT).status_code == 404
    assert first.get(ACCOUNT).status_code == 429


def test_a_customers_whole_ipv6_network_is_one_client(backend: Backend) -> None:
    """Each is given 2^64 addresses."""
    client = backend(PRODUCTION)
    _use_up(client, 100, REMOTE_ADDR="2001:db8:1:1::1")

    assert client.get(ACCOUNT, environ_overrides={"REMOTE_ADDR": "2001:db8:1:1:ffff::2"}).status_code == 429
    assert client.get(ACCOUNT, environ_overrides={"REMOTE_ADDR": "2001:db8:1:2::1"}).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP"])
def test_a_forged_address_gains_nothing(backend: Backend, header: str) -> None:
    """By default no proxy is believed."""
    client = backend(PRODUCTION)
    _use_up(client, 100)

    assert client.get(ACCOUNT, headers={header: "203.0.113.9"}).status_code == 429


def test_one_proxy_is_believed_one_hop(backend: Backend) -> None:
    """What the client wrote before the proxy's own entry is not."""
    client = backend({**PRODUCTION, "TRUSTED_PROXIES": "1"})
    for n in range(100):
        client.get(ACCOUNT, headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"})

    assert client.get(ACCOUNT, headers={"X-Forwarded-For": "198.51.100.200, 203.0.113.9"}).status_code == 429
    assert client.get(ACCOUNT, headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 404


def test_plain_http_is_redirected_so_that_a_post_stays_one(backend: Backend) -> None:
    """308; webhooks and health, which do not follow redirects, are left alone."""
    client = backend({**PRODUCTION, "FORCE_HTTPS": "true"})

    answer = client.post("/api/payments/refund?x=1", json={})

    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://localhost/api/payments/refund?x=1"
    assert client.get("/health").status_code == 200
    assert client.post("/api/webhooks/stripe", data=b"{}").status_code == 400


def test_a_forged_scheme_gains_nothing(backend: Backend) -> None:
    """Without a proxy, X-Forwarded-Proto is the client's own word."""
    client = backend({**PRODUCTION, "FORCE_HTTPS": "true"})

    answer = client.get("/test", headers={"X-Forwarded-Proto": "https"})

    assert answer.status_code == 308
    assert "Strict-Transport-Security" not in answer.headers


def test_a_trusted_proxys_scheme_counts(backend: Backend) -> None:
    """And HTTPS is then remembered by the browser."""
    client = backend({**PRODUCTION, "FORCE_HTTPS": "true", "TRUSTED_PROXIES": "1"})

    answer = client.get("/test", headers={"X-Forwarded-Proto": "https"})

    assert answer.status_code == 200
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_the_return_page_is_a_page_with_a_policy_of_its_own(alone: FlaskClient) -> None:
    """No script, nothing from elsewhere, and what the address says is not shown."""
    answer = alone.get("/coach/earnings?refresh=<script>alert(1)</script>")

    assert answer.mimetype == "text/html"
    assert "script" not in answer.text
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    with alone.get("/static/pages.css") as style:
        assert style.mimetype == "text/css"
