"""HTTPS, forged schemes and hosts, and the links that lead back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.sandbox import Sandbox
from backend.server import create_app
from tests.builders import STRIPE, Marketplace
from tests.routes.conftest import Backend
from tests.routes.edges import PRODUCTION
from tests.wire import InProcessStripe


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
        """Note the method, the address and the body of each call."""
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
