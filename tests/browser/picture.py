"""Takes the README's picture: the money map of a purchase that was partly given back, on a backend of its own.

``make picture`` runs it. Nothing is drawn for the occasion: it is what a visitor sees.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import requests
from playwright.sync_api import sync_playwright

from tests.browser.conftest import launch
from tests.browser.storefront import PAID, VISA, Visitor
from tests.processes import backend_process, free_port_pair

PICTURE = Path(__file__).parents[2] / "backend/web/static/money.png"
_REFUNDED_MINOR = 1_500


def main() -> None:
    """A coach registers, a player buys, and is given a part back."""
    port = free_port_pair()
    with (
        tempfile.TemporaryDirectory() as folder,
        backend_process(["-m", "backend"], port, Path(folder) / "log"),
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1120, "height": 900}, color_scheme="light")
        visitor = Visitor(page, port)
        page.goto(f"{visitor.shop}/coach/earnings?coach=sample-dana")
        page.get_by_role("button", name="Register at Stripe").click()
        page.get_by_role("button", name="Agree and finish").click()
        page.get_by_text("You can be paid.").wait_for()
        visitor.buy(VISA)
        visitor.sees(PAID)
        payment = visitor.payments()[0].id
        page.goto(f"{visitor.shop}/money/{payment}")
        page.get_by_text("It balances").wait_for()
        refund = {"paymentIntentId": payment, "amount": _REFUNDED_MINOR}
        requests.post(f"{visitor.shop}/api/payments/refund", json=refund, timeout=30).raise_for_status()
        page.get_by_role("link", name="came back from the coach").wait_for()
        page.get_by_text("It balances").wait_for()
        page.locator(".map").screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
