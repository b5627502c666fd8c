"""The limit of each client, and who a client is behind proxies."""

from __future__ import annotations

import threading

import pytest
from flask.testing import FlaskClient

from tests.routes.conftest import Backend
from tests.routes.edges import ACCOUNT, PRODUCTION, use_up


def test_a_client_over_the_limit_is_told_when_to_come_back(backend: Backend) -> None:
    """429 with Retry-After and the draft-standard headers; one bucket for all routes."""
    client = backend(PRODUCTION)
    use_up(client, 99)
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
    use_up(client, 100)

    assert client.get(ACCOUNT).status_code == 429
    assert client.get("/health").status_code == 200
    assert client.post("/api/webhooks/stripe", data=b"{}").status_code == 400
    assert client.options("/api/payments/confirm", headers={"Origin": "https://app.example.com"}).status_code == 200


def test_two_apps_in_a_process_keep_their_own_limits(backend: Backend) -> None:
    """The first is not forgiven because a second was made."""
    first = backend(PRODUCTION)
    use_up(first, 100)
    second = backend(PRODUCTION)

    assert second.get(ACCOUNT).status_code == 404
    assert first.get(ACCOUNT).status_code == 429


def test_a_customers_whole_ipv6_network_is_one_client(backend: Backend) -> None:
    """Each is given 2^64 addresses."""
    client = backend(PRODUCTION)
    use_up(client, 100, REMOTE_ADDR="2001:db8:1:1::1")

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
    use_up(client, 100)

    assert client.get(ACCOUNT, environ_overrides={"REMOTE_ADDR": "203.0.113.9"}).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP"])
def test_a_forged_address_gains_nothing(backend: Backend, header: str) -> None:
    """By default no proxy is believed."""
    client = backend(PRODUCTION)
    use_up(client, 100)

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


@pytest.mark.parametrize("uri", ["memory://", "redis://127.0.0.1:1"], ids=["alone", "while Redis is away"])
def test_counting_a_client_costs_the_same_however_many_there_are(backend: Backend, uri: str) -> None:
    """No thread walks through all clients: the library's own storage starts one for nearly each request."""
    client = backend({**PRODUCTION, "RATELIMIT_STORAGE_URI": uri})
    before = set(threading.enumerate())

    left = [client.get(ACCOUNT).headers["RateLimit-Remaining"] for _ in range(3)]

    assert left == ["99", "98", "97"]
    assert not [one for one in threading.enumerate() if isinstance(one, threading.Timer) and one not in before]
