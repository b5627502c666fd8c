"""Origins: which pages may call from a browser, and with which headers."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.routes.conftest import Backend
from tests.routes.edges import ACCOUNT, PRODUCTION, use_up


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
    """Native apps send none; and nobody is told who else may ask."""
    answer = backend(PRODUCTION).get("/test")

    assert answer.status_code == 200
    assert "example.com" not in str(answer.headers)


def test_production_without_a_list_is_closed_to_every_origin(backend: Backend) -> None:
    """None named, none allowed."""
    client = backend({key: value for key, value in PRODUCTION.items() if key != "ALLOWED_ORIGINS"})

    answer = client.get("/health", headers={"Origin": "https://app.example.com"})

    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("status", [400, 404, 405, 413, 429, 500])
def test_a_browser_may_read_a_refusal(backend: Backend, status: int) -> None:
    """Else the front end could only say that something failed."""
    client = backend(PRODUCTION)
    origin = {"Origin": "https://app.example.com"}
    if status == 429:
        use_up(client, 100)
    answer = {
        400: lambda: client.post("/api/payments/refund", json={}, headers=origin),
        404: lambda: client.get(ACCOUNT, headers=origin),
        405: lambda: client.get("/api/payments/refund", headers=origin),
        413: lambda: client.post("/api/payments/refund", data=b"x" * 70_000, headers=origin),
        429: lambda: client.get(ACCOUNT, headers=origin),
        500: lambda: client.get("/api/payments/intent/pi_000000000000000000000000", headers=origin),
    }[status]()

    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert {"Retry-After", "X-Request-Id"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


def test_production_with_one_origin_is_closed_to_others(backend: Backend) -> None:
    """It is not told to everybody because it is the only one."""
    client = backend({**PRODUCTION, "ALLOWED_ORIGINS": "https://app.example.com"})

    answer = client.get("/health", headers={"Origin": "https://evil.example"})

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_answer_for_one_origin_is_not_kept_for_another(backend: Backend) -> None:
    """By a cache between."""
    answer = backend(PRODUCTION).get("/health", headers={"Origin": "https://app.example.com"})

    assert "origin" in answer.headers["Vary"].lower()


def test_a_preflight_of_another_origin_allows_nothing(backend: Backend) -> None:
    """The browser then sends nothing."""
    answer = backend(PRODUCTION).options(
        "/api/payments/refund",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )

    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-Allow")]


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


ALWAYS_SENT = "traceparent,tracestate,sentry-trace,baggage,x-requested-with,ngrok-skip-browser-warning"


KNOWN = f"authorization,content-type,idempotency-key,x-request-id,{ALWAYS_SENT}"


def _allowed(client: FlaskClient, origin: str, asked: str) -> set[str]:
    """The headers that a preflight for a purchase allows, of those that are asked for."""
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}
    answer = client.options("/api/payments/create-intent", headers=preflight)
    assert answer.status_code == 200
    return set(answer.headers.get("Access-Control-Allow-Headers", "").lower().replace(" ", "").split(","))


def test_development_takes_any_request_header(alone: FlaskClient) -> None:
    """Whatever a front end, a tracer or a tunnel adds."""
    asked = f"{KNOWN},x-app-version,x-anything-at-all"

    assert _allowed(alone, "http://localhost:5173", asked) == set(asked.split(","))


def test_production_takes_the_known_headers_and_those_that_are_named(backend: Backend) -> None:
    """And no other; tracing never stops a purchase."""
    asked = f"{KNOWN},x-app-version,x-evil"
    plain = backend(PRODUCTION)
    named = backend({**PRODUCTION, "ALLOWED_HEADERS": "X-App-Version, X-Build"})

    assert _allowed(plain, "https://app.example.com", asked) == set(KNOWN.split(","))
    assert _allowed(named, "https://app.example.com", asked) == {*KNOWN.split(","), "x-app-version"}


@pytest.mark.parametrize(
    ("configured", "sent"),
    [
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost", "ionic://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("https://App.Example.com", "https://app.example.com"),
        ("https://app.example.com:80", "https://app.example.com:80"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_an_origin_is_known_as_the_browser_sends_it(backend: Backend, configured: str, sent: str) -> None:
    """Apps have schemes of their own, and no browser sends a scheme's default port."""
    client = backend({**PRODUCTION, "ALLOWED_ORIGINS": configured})

    assert client.get("/health", headers={"Origin": sent}).headers["Access-Control-Allow-Origin"] == sent
    other = client.get("/health", headers={"Origin": f"{sent}.evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
