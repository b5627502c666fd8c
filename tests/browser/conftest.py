"""A real browser. Every page is watched: what it says on its console, what its policy forbids, whom it calls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect, sync_playwright

from tests.browser.shop import shop_of
from tests.browser.storefront import Visitor
from tests.browser.till import Till
from tests.processes import backend_process, free_port_pair, sandbox_server

PATIENCE_MILLISECONDS = 15_000
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# No name resolves, so nothing but loopback can be reached.
_ARGS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests of a worker."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        yield browser
        browser.close()


def launch(playwright: Playwright) -> Browser:
    """Chromium, from the system; else the one that Playwright may have installed, which says how if it has not."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    return playwright.chromium.launch(executable_path=found, args=_ARGS)


class Watch:
    """The problems of a page that nobody clicked for."""

    def __init__(self, page: Page) -> None:
        self.problems: list[str] = []
        self._expected: set[str] = set()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", self._called)

    def expect(self, *words: str) -> None:
        """Console errors with these words are meant to come: a browser logs every answer that is not 2xx."""
        self._expected |= set(words)

    def unexpected(self) -> list[str]:
        """All that nobody expected."""
        return [text for text in self.problems if not any(word in text for word in self._expected)]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _called(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host not in {"127.0.0.1", "localhost", None}:
            self.problems.append(f"called {request.url}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own. The test fails if anything unexpected happened in it."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    watch = Watch(page)
    page.watch = watch  # type: ignore[attr-defined]
    yield page
    context.close()
    assert watch.unexpected() == []


@pytest.fixture
def watch(page: Page) -> Watch:
    """The watch, to which a test adds what it expects to go wrong."""
    found: Watch = page.watch  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A backend with its bundled sandbox, as `make run` starts it; one for all tests of a worker."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path_factory.mktemp("storefront") / "log"):
        yield port


@pytest.fixture
def visitor(page: Page, port: int) -> Visitor:
    """At an empty platform."""
    requests.post(f"http://127.0.0.1:{port + 1}/_sandbox/reset", timeout=30).raise_for_status()
    return Visitor(page, port)


@pytest.fixture
def till(page: Page) -> Iterator[Till]:
    """A shop, a sandbox and a payment to make."""
    with sandbox_server() as server, shop_of(server.base_url) as shop:
        yield Till(page, server, shop)
        page.close()  # before who serves it
