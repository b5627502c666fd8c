"""A backend that may not speak to Stripe at all: what it answers, it answers by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stripe
from flask.testing import FlaskClient

from backend.config.settings import load_settings
from backend.server import create_app
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.processes import GUNICORN, backend_process, free_port_pair
from tests.routes.doctoring import APP_URL, change
from tests.routes.front_doors import OURS
from tests.routes.sign_in import KeyServer, Town, key_server_at_work
from tests.routes.synced import believe, sync

Backend = Callable[..., FlaskClient]


class Unreachable(stripe.HTTPClient):
    """No call may be made; one that is made fails the test that made it."""

    name = "unreachable"

    def request(self, method: str, url: str, *_: Any, **__: Any) -> Any:
        """Stripe was asked."""
        raise AssertionError(f"Stripe was asked: {method} {url}")

    def close(self) -> None:
        """Nothing is open."""


def make_backend(environ: dict[str, str] | None = None, **changes: Any) -> FlaskClient:
    """A backend without Stripe; keywords are settings that differ from those of a fresh clone."""
    settings = replace(load_settings(environ or {}, env_file=None), **changes)
    app = create_app(settings, http_client=Unreachable(), clock=lambda: NOW)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client()


@pytest.fixture
def backend() -> Backend:
    """Makes a backend without Stripe."""
    return make_backend


@pytest.fixture
def alone(backend: Backend) -> FlaskClient:
    """A backend without Stripe and without a rate limit."""
    return backend(ratelimit_enabled=False)


@pytest.fixture(scope="module")
def town() -> Town:
    """Looked at by many; what is changed in it is changed for nobody's test."""
    return Town()


@pytest.fixture
def issuer() -> Iterator[KeyServer]:
    """A sign-in service that answers."""
    with key_server_at_work() as published:
        yield published


@pytest.fixture(scope="module")
def unlimited() -> FlaskClient:
    """A backend without Stripe; one for all: what is refused leaves nothing behind."""
    return make_backend(ratelimit_enabled=False)


@pytest.fixture
def staged(tmp_path: Path) -> Marketplace:
    """Set up as a staging machine should be: endpoints of its own, and a key that is not the bundled sandbox's."""
    market = Marketplace(now=NOW, stripe_secret_key="sk_test_a1")
    for one in market.stripe.v1.webhook_endpoints.list({"limit": 100}).data:
        market.stripe.v1.webhook_endpoints.delete(one.id)
    market.stripe.v1.accounts.update(
        market.stripe.v1.accounts.retrieve_current().id,
        {"settings": {"payouts": {"schedule": {"interval": "manual"}}}},
    )
    change(market, app_url=APP_URL, stripe_webhook_secrets=(), stripe_connect_webhook_secrets=())
    sync(market, tmp_path / ".env", url=APP_URL)
    return market


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the production server, which redirects; nothing here asks Stripe."""
    port, log = free_port_pair(), tmp_path_factory.mktemp("logs") / "log"
    address = {"APP_URL": OURS, "FORCE_HTTPS": "true", "STRIPE_API_BASE": "http://127.0.0.1:9"}
    with backend_process(GUNICORN, port, log, WEB_CONCURRENCY="1", **address):
        yield port


@pytest.fixture
def bare(market: Marketplace) -> Marketplace:
    """Nobody has made an endpoint yet, and no secret is configured."""
    for one in market.stripe.v1.webhook_endpoints.list({"limit": 100}).data:
        market.stripe.v1.webhook_endpoints.delete(one.id)
    believe(market, {})
    return market


@pytest.fixture
def refunded(market: Marketplace) -> str:
    """A paid and settled payment of Pat's, of which 10.00 was refunded and that is disputed now."""
    market.ready_coach()
    payment = market.paid(customerEmail="Pat@Example.com", customerName="Pat")
    market.deliver()
    market.refund(payment, amount=1000)
    market.dispute(payment)
    market.deliver()
    return payment
