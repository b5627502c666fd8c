"""The edges of every request: ids, headers, CORS, limits, proxies, HTTPS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.sandbox import Sandbox
from backend.server import create_app
from tests.builders import PRODUCTION_ENVIRONMENT, STRIPE, Marketplace
from tests.conftest import NOW
from tests.routes.conftest import Backend
from tests.wire import InProcessStripe

ACCOUNT = "/api/connect/account/x"  # answered by the backend itself, with a 404
COACH = "/api/connect/coach/%1F"  # likewise: no coach's id has a control character
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
    "/money/x",
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
        _use_up(client, 100)
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


def test_all_routes_share_one_bucket_and_unlimited_ones_take_nothing_from_it(backend: Backend) -> None:
    """100 requests to the API, not to each of its routes."""
    client = backend(PRODUCTION)
    for _ in range(120):
        client.get("/health")
        client.get("/test")
        client.post("/api/webhooks/stripe", data=b"{}")
    first = client.get(ACCOUNT)
    second = client.post("/api/payments/refund", json={})

    assert [a.headers["RateLimit-Remaining"] for a in (first, second)] == ["99", "98"]


def test_what_is_not_limited_says_nothing_of_limits(alone: FlaskClient) -> None:
    """Health, and everything where limits are off."""
    for path in ("/health", ACCOUNT):
        assert not [name for name, _ in alone.get(path).headers if name.startswith("RateLimit")]


def test_a_clients_limit_is_not_its_neighbours(backend: Backend) -> None:
    """Each address has its own."""
    client = backend(PRODUCTION)
    _use_up(client, 100)

    assert client.get(ACCOUNT, environ_overrides={"REMOTE_ADDR": "203.0.113.9"}).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP"])
def test_a_forged_address_gains_nothing(backend: Backend, header: str) -> None:
    """By default no proxy is believed."""
    client = backend(PRODUCTION)
    _use_up(client, 100)

    assert client.get(ACCOUNT, headers={header: "203.0.113.9"}).status_code == 429


def test_one_proxy_is_believed_one_hop(backend: Backend) -> None:
    """The proxy's own entry is believed, and not what the client wrote before it."""
    client = backend({**PRODUCTION, "TRUSTED_PROXIES": "1"})
    for n in range(100):
        client.get(ACCOUNT, headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"})

    assert client.get(ACCOUNT, headers={"X-Forwarded-For": "198.51.100.200, 203.0.113.9"}).status_code == 429
    assert client.get(ACCOUNT, headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 404


def test_two_proxies_are_believed_two_hops(backend: Backend) -> None:
    """The nearest one's entry is the other proxy; what comes before both is the client's own word."""
    client = backend({**PRODUCTION, "TRUSTED_PROXIES": "2"})
    for n in range(100):
        client.get(ACCOUNT, headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9, 192.0.2.1"})

    assert client.get(ACCOUNT, headers={"X-Forwarded-For": "x, 203.0.113.9, 192.0.2.1"}).status_code == 429
    assert client.get(ACCOUNT, headers={"X-Forwarded-For": "203.0.113.10, 192.0.2.1"}).status_code == 404


def test_plain_http_is_redirected_so_that_a_post_stays_one(backend: Backend) -> None:
    """308; webhooks and health, which do not follow redirects, are left alone."""
    client = backend({**PRODUCTION, "FORCE_HTTPS": "true"})

    answer = client.post("/api/payments/refund?x=1", json={})

    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://api.example.com/api/payments/refund?x=1"
    assert client.get("/health").status_code == 200
    assert client.post("/api/webhooks/stripe", data=b"{}").status_code == 400


def test_a_forged_scheme_gains_nothing(backend: Backend) -> None:
    """Without a proxy, X-Forwarded-Proto is the client's own word."""
    client = backend({**PRODUCTION, "FORCE_HTTPS": "true"})

    answer = client.get("/test", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"})

    assert answer.status_code == 308
    assert "evil" not in answer.headers["Location"]
    assert "Strict-Transport-Security" not in answer.headers


def test_a_trusted_proxys_scheme_counts(backend: Backend) -> None:
    """And HTTPS is then remembered by the browser."""
    client = backend({**PRODUCTION, "FORCE_HTTPS": "true", "TRUSTED_PROXIES": "1"})

    answer = client.get("/test", headers={"X-Forwarded-Proto": "https"})

    assert answer.status_code == 200
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Prefix", "/evil"), ("X-Forwarded-Port", "666")],
)
def test_a_trusted_proxy_is_believed_in_address_and_scheme_only(backend: Backend, header: str, value: str) -> None:
    """Many pass on a client's other headers as they came: nobody is redirected by them."""
    client = backend({**PRODUCTION, "FORCE_HTTPS": "true", "TRUSTED_PROXIES": "1"})

    assert client.get("/test", headers={header: value}).headers["Location"] == "https://api.example.com/test"


def test_a_scheme_that_was_written_before_the_proxy_is_not_believed(backend: Backend) -> None:
    """Only the last entry is the proxy's own."""
    client = backend({**PRODUCTION, "FORCE_HTTPS": "true", "TRUSTED_PROXIES": "1"})

    assert client.get("/test", headers={"X-Forwarded-Proto": "https, http"}).status_code == 308


def test_https_is_not_remembered_where_http_is_served_too(backend: Backend) -> None:
    """A browser that remembers never comes back over HTTP, for a year."""
    client = backend({**PRODUCTION, "TRUSTED_PROXIES": "1"})

    answer = client.get("/test", headers={"X-Forwarded-Proto": "https"})

    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:1", "", "a b", "[", "x:abc"])
def test_an_odd_host_is_no_bug(alone: FlaskClient, host: str) -> None:
    """Whoever the caller thinks we are."""
    answer = alone.get("/health", headers={"Host": host})

    assert answer.status_code in (200, 400)
    assert "evil" not in answer.text + str(answer.headers)


class Listening(InProcessStripe):
    """Hears what is sent to the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.sent: list[str] = []

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **rest: Any
    ) -> Any:
        """One call."""
        self.sent.append(f"{method} {url} {post_data}")
        return super().request(method, url, headers, post_data, **rest)


def test_the_links_that_bring_a_coach_back_do_not_come_from_the_host_header(market: Marketplace) -> None:
    """A forged one would lead the coach astray."""
    line = Listening(market.sandbox)
    settings = replace(market.settings, stripe_api_base=STRIPE, app_url="https://pay.example.com")
    client = create_app(settings, http_client=line, clock=market.clock.now).test_client()

    answer = client.post(
        "/api/connect/create-account",
        json={"coachId": "coach-1", "coachName": "Dana", "email": "dana@example.com", "sport": "golf"},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )

    links = [call for call in line.sent if "/v1/account_links" in call]
    assert answer.status_code == 200
    assert len(links) == 1
    assert links[0].count("https%3A%2F%2Fpay.example.com%2F") == 2
    assert "evil" not in " ".join(line.sent) + answer.text


def test_the_return_page_is_a_page_with_a_policy_of_its_own(alone: FlaskClient) -> None:
    """Nothing from elsewhere, and what the address says is not shown."""
    answer = alone.get("/coach/earnings?refresh=<script>alert(1)</script>")

    assert answer.mimetype == "text/html"
    assert "alert" not in answer.text
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    with alone.get("/static/pages.css") as style:
        assert style.mimetype == "text/css"
