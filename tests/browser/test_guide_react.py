"""The guide's React component, as it stands, in a browser: with React, Stripe's own package for it, and the services."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import Watch
from tests.processes import ROOT, backend_process, free_port_pair

SECTION = (ROOT / "SETUP_GUIDE.md").read_text().split("## 5.")[1].split("## 6.")[0]
COMPONENT = re.findall(r"```jsx\n(.*?)```", SECTION, re.DOTALL)[0]
PACKAGES = ROOT / "tests/node/node_modules"
# What an app has around the component.
APP = """
import { Elements } from "@stripe/react-stripe-js";
import { loadStripe } from "@stripe/stripe-js";
import { createRoot } from "react-dom/client";
import { Checkout } from "./Checkout.jsx";
import { configure } from "./payments/paymentService.js";

const { backendUrl, order } = JSON.parse(document.getElementById("about").textContent);
configure({ backendUrl, publishableKey: "pk_test_sandbox" });
const show = (session) => { document.getElementById("session").textContent = JSON.stringify(session); };
createRoot(document.getElementById("root")).render(
  <Elements stripe={loadStripe("pk_test_sandbox")}>
    <Checkout order={order} price={5400} onSession={show} />
  </Elements>,
);
"""
PAGE = """<!doctype html><html lang="en"><title>Checkout</title>
<link rel="icon" href="data:,">
<script src="http://localhost:{sandbox}/v3/"></script>
<script type="application/json" id="about">{{"backendUrl": "http://127.0.0.1:{backend}", "order": {{"coachId": "coach-7",
 "coachName": "Dana", "sport": "golf", "packageType": "package", "packageId": 1, "playerId": "player-7"}}}}</script>
<main><div id="root"></div><output id="session"></output></main>
<script src="app.js"></script></html>"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The app as a bundler makes it of the guide's file and of the services that it says to copy."""
    folder: Path = tmp_path_factory.mktemp("app")
    (folder / "Checkout.jsx").write_text(COMPONENT)
    (folder / "app.jsx").write_text(APP)
    (folder / "payments").mkdir()
    for pattern in ("payment*.js", "stripe*.js"):
        for file in (ROOT / "backend/web/static/js").glob(pattern):
            shutil.copy(file, folder / "payments")
    (folder / "node_modules").symlink_to(PACKAGES)
    words = [str(PACKAGES / ".bin/esbuild"), "app.jsx", "--bundle", "--jsx=automatic", "--outfile=app.js"]
    words.append('--define:process.env.NODE_ENV="production"')
    made = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr
    return (folder / "app.js").read_text()


@pytest.fixture
def checkout(page: Page, bundle: str, tmp_path: Path) -> Iterator[Page]:
    """The app's page at an address of its own, with a backend and its sandbox."""
    port = free_port_pair()
    (tmp_path / "index.html").write_text(PAGE.format(backend=port, sandbox=port + 1))
    (tmp_path / "app.js").write_text(bundle)
    with backend_process(["-m", "backend"], port, tmp_path / "log"), app_server(tmp_path) as address:
        page.goto(address)
        yield page
        page.close()


@contextmanager
def app_server(folder: Path) -> Iterator[str]:
    """The app's own address, as a bundler's development server has one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fields(page: Page) -> FrameLocator:
    """The frame that the card is entered in."""
    return page.frame_locator("#root iframe")


def pay(page: Page, number: str) -> None:
    """Type a card and press the button."""
    fields(page).get_by_label("Card number").click()
    page.keyboard.type(f"{number}1234123")
    page.get_by_role("button", name="Pay").click()


def test_the_component_buys(checkout: Page) -> None:
    """And gets its session; the whole order is the session data."""
    pay(checkout, "4242424242424242")

    expect(checkout.locator("#session")).to_contain_text('"status":"active"')
    expect(checkout.locator("#session")).to_contain_text('"clipsRemaining":5')


def test_a_decline_is_told_and_another_card_buys(checkout: Page, watch: Watch) -> None:
    """In the component's own alert, under the same key."""
    watch.expect("status of 402")
    pay(checkout, "4000000000009995")
    expect(checkout.get_by_role("alert")).to_contain_text("insufficient funds")

    fields(checkout).get_by_label("Card number").fill("")
    pay(checkout, "4242424242424242")

    expect(checkout.locator("#session")).to_contain_text('"status":"active"')


def test_the_bank_may_ask(checkout: Page) -> None:
    """3-D Secure, in a frame over the page."""
    pay(checkout, "4000002760003184")
    checkout.frame_locator("dialog iframe").get_by_role("button", name="Approve payment").click()

    expect(checkout.locator("#session")).to_contain_text('"status":"active"')
