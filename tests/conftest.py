"""Guards for every test, and the world most tests play in: the app, the sandbox, and one clock for both."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.programs import BROWSER, NAMES, NODE

# 2026-11-02 15:00:00 UTC, a Monday: payouts and maturity dates meet no weekend by accident.
NOW = 1_793_631_600


@pytest.fixture(autouse=True)
def _only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches beyond loopback."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the machine's reaches a test; a .env of the checkout's is kept out where processes start."""
    for name in list(os.environ):
        if name.startswith(("STRIPE_", "RATELIMIT_", "APP_", "AUTH_", "PLATFORM_", "ALLOW")):
            monkeypatch.delenv(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--without=Redis,nginx``: leave out the tests that need these programs. ``make test`` gives it, and fails."""
    parser.addoption("--without", default="", help="programs that are not here, separated by commas")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what ``--without`` says. A test names what it needs by the mark ``needs``, or by its fixture."""
    without = set(filter(None, config.getoption("--without").split(",")))
    if unknown := without - set(NAMES):
        raise pytest.UsageError(f"--without: there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    left_out = [item for item in items if _needs(item) & without]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _needs(item: pytest.Item) -> set[str]:
    named = {name for mark in item.iter_markers("needs") for name in mark.args}
    # The pages of browser tests use packages of Node's.
    by_fixture = {"browser": {BROWSER.name, NODE}, "redis": {"Redis"}}
    return named.union(*(by_fixture.get(fixture, set()) for fixture in getattr(item, "fixturenames", ())))


@pytest.fixture
def market() -> Marketplace:
    """A marketplace on a fresh sandbox, in-process, with one clock that only tests move."""
    return Marketplace(now=NOW)
