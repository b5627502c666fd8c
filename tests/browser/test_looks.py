"""The pages of a purchase as a designer would try them: with very long words, without script, on a phone and on a desktop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import violations
from tests.browser.storefront import PAID, VISA, Visitor
from tests.processes import backend_process, free_port_pair

SPORT = "Donaudampfschifffahrtsgesellschaftskapitän"
NAME = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
APP_NAME = "Kraftfahrzeughaftpflichtversicherungen"
TERMS = "Rückzahlungsanspruchsvoraussetzungsprüfung " * 9 + NAME
CATALOGUE = f"""
currency = "cad"
[packages]
1 = {{ clips = 100000, days = 3660 }}
[subscription]
clips = 100000
days = 3660
[prices."{SPORT}"]
1 = 99999999
subscription = 99999999
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A backend whose every name, term and number is as long as it may be."""
    folder = tmp_path_factory.mktemp("looks")
    (folder / "catalogue.toml").write_text(CATALOGUE)
    port, words = free_port_pair(), {"CATALOGUE_PATH": str(folder / "catalogue.toml"), "APP_NAME": APP_NAME}
    with backend_process(["-m", "backend"], port, folder / "log", REFUND_TERMS=TERMS, **words):
        yield port


@pytest.fixture
def visitor(page: Page, port: int) -> Visitor:
    """At that backend."""
    return Visitor(page, port)


def too_wide(page: Any) -> list[str]:
    """The elements that reach beyond the page's right edge, by the beginning of their markup."""
    script = """() => [...document.querySelectorAll('body *')]
      .filter((one) => getComputedStyle(one).position !== 'absolute' && !one.closest('.scroll, .hidden, svg'))
      .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((one) => one.outerHTML.slice(0, 120))"""
    found: list[str] = page.evaluate(script)
    return found


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_very_long_words_break_and_push_nothing_out_of_the_page(visitor: Visitor, page: Page, width: int) -> None:
    """On every page of a purchase, the sandbox's included; and the pages stay accessible."""
    page.set_viewport_size({"width": width, "height": 844})
    found = {}

    def look(name: str) -> None:
        found[name] = too_wide(page) + violations(page)

    page.goto(visitor.shop)
    look("coaches")
    visitor.open()
    look("buy")
    order = {"coachId": "coach-long", "coachName": NAME, "sport": SPORT, "packageType": "package", "packageId": 1}
    order["customerEmail"] = f"{'e' * 60}@{'d' * 60}.example.com"
    bought = requests.post(f"{visitor.shop}/api/payments/create-intent", json=order, timeout=30).json()["paymentIntent"]
    page.goto(f"{visitor.shop}/payment-success?payment_intent_client_secret={bought['client_secret']}")
    look("not paid")
    requests.post(f"{visitor.sandbox}/_sandbox/payment_intents/{bought['id']}/pay", json={}, timeout=30)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(PAID)
    look("receipt")
    page.get_by_role("button", name="Give the money back").click()
    look("refund question")
    coach = {"coachId": f"coach-{width}", "coachName": NAME, "sport": SPORT, "email": f"{'c' * 60}@example.com"}
    made = requests.post(f"{visitor.shop}/api/connect/create-account", json=coach, timeout=30).json()
    page.goto(made["onboardingLink"]["url"])
    look("onboarding")

    assert {name: what for name, what in found.items() if what} == {}


def test_amounts_are_never_broken_over_two_lines(visitor: Visitor, page: Page) -> None:
    """The largest that can be charged, on the narrowest phone."""
    page.set_viewport_size({"width": 320, "height": 844})
    visitor.open()

    heights = page.locator("b.amount").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight))"
    )
    assert page.locator("b.amount").first.inner_text() == "999,999.99 CAD"
    assert [round(height) for height in heights] == [1, 1]


@pytest.mark.parametrize("place", ["/coaches/sample-dana", "/payment-cancel", "/"])
def test_without_script_the_pages_say_what_they_need(browser: Browser, port: int, place: str) -> None:
    """The purchase says so and offers nothing that would not work; the others need none."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"http://localhost:{port}{place}")

    sells = place.startswith("/coaches/")
    # By its place: a search for text passes over what only a browser without script shows.
    assert page.locator("noscript p", has_text="Paying needs JavaScript").is_visible() is sells
    assert not page.get_by_text("Loading Stripe's fields").is_visible()
    assert not page.get_by_role("button", name="Pay").is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
    context.close()


def test_without_script_a_receipt_is_complete(browser: Browser, visitor: Visitor) -> None:
    """It shows what was bought, and no button that does nothing."""
    visitor.buy(VISA)
    visitor.sees(PAID)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(visitor.page.url)

    assert page.get_by_text("999,999.99 CAD").first.is_visible()
    assert page.get_by_text("Visa").first.is_visible()
    assert not page.get_by_role("button", name="Give the money back").is_visible()
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 390), ("light", 1280), ("dark", 1280)])
def test_the_pages_of_a_purchase_are_accessible(
    visitor: Visitor, page: Page, scheme: Any, width: int, tmp_path: Path
) -> None:
    """To axe, by day and by night, on a phone and on a desktop."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    found = {}
    visitor.open()
    found["buy"] = violations(page)
    visitor.enter("4000002760003184")
    visitor.press()
    visitor.page.frame_locator("dialog iframe").get_by_role("button", name="Decline").wait_for()
    found["bank"] = violations(next(frame for frame in page.frames if "/3d_secure/" in frame.url))
    visitor.answer("Approve payment")
    visitor.sees(PAID)
    found["receipt"] = violations(page)

    assert {name: what for name, what in found.items() if what} == {}
