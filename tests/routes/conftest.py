"""A backend that may not speak to Stripe at all: what it answers, it answers by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import stripe
from flask.testing import FlaskClient

from backend.config.settings import load_settings
from backend.server import create_app
from tests.conftest import NOW
from tests.routes.sign_in import KeyServer, Town, key_server_at_work

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
