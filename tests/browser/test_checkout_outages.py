"""The checkout while a script is blocked, empty, slow or lost: it says so, and can be tried again."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.checkout import STRIPE_JS, alert, keep_in
from tests.browser.conftest import Watch
from tests.browser.storefront import PAID, VISA, Visitor

FRAME = "**/elements/card"


def test_a_blocked_script_is_told_and_can_be_tried_again(visitor: Visitor, page: Page, watch: Watch) -> None:
    """With what to do; once the blocker is off, Try again brings it, and the purchase goes through."""
    watch.expect("ERR_FAILED")
    page.route(STRIPE_JS, lambda route: route.abort())
    page.goto(f"{visitor.shop}/coaches/sample-dana")

    expect(alert(page)).to_contain_text("could not be loaded")
    expect(alert(page)).to_contain_text("switch off what blocks scripts of stripe.com")
    expect(visitor.pay_button).to_be_disabled()

    page.unroute(STRIPE_JS)
    page.get_by_role("button", name="Try again").click()
    expect(visitor.pay_button).to_be_enabled()
    expect(alert(page)).to_be_hidden()
    visitor.enter(VISA)
    visitor.press()
    visitor.sees(PAID)


def test_a_blocker_that_answers_with_an_empty_script_is_told(visitor: Visitor, page: Page) -> None:
    """The script came, and brought no Stripe."""
    page.route(STRIPE_JS, lambda route: route.fulfill(content_type="text/javascript", body=""))
    page.goto(f"{visitor.shop}/coaches/sample-dana")

    expect(alert(page)).to_contain_text("could not be loaded")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_fields_that_do_not_come_are_told_and_can_be_tried_again(visitor: Visitor, page: Page) -> None:
    """The script is there, and the frame with the card is held back."""
    page.clock.install()
    held: list[Route] = []
    page.route(FRAME, keep_in(held))
    page.goto(f"{visitor.shop}/coaches/sample-dana", wait_until="commit")
    page.wait_for_selector("#card iframe", state="attached")
    expect(page.get_by_text("Loading Stripe's fields")).to_be_visible()

    page.clock.fast_forward(16_000)
    expect(alert(page)).to_contain_text("could not be loaded")

    for route in held:
        route.abort()
    page.unroute(FRAME)
    page.get_by_role("button", name="Try again").click()
    expect(visitor.pay_button).to_be_enabled()


def test_a_slow_script_shows_that_it_is_on_its_way(visitor: Visitor, page: Page) -> None:
    """At once a word, after some seconds a way out, and no way to press in vain; then the fields."""
    held: list[Route] = []
    page.route(STRIPE_JS, keep_in(held))
    page.goto(f"{visitor.shop}/coaches/sample-dana", wait_until="commit")
    expect(page.get_by_role("status")).to_contain_text("Loading Stripe's fields")
    expect(visitor.pay_button).to_be_disabled()
    expect(page.get_by_role("link", name="Load the page again")).to_be_visible(timeout=15_000)

    for route in held:
        route.continue_()

    expect(visitor.pay_button).to_be_enabled()
    expect(page.get_by_text("Loading Stripe's fields")).to_be_hidden()


def test_a_page_whose_own_script_is_lost_still_offers_a_way_out(visitor: Visitor, page: Page, watch: Watch) -> None:
    """Nothing runs that could say so: the page says it by itself after a while."""
    watch.expect("ERR_FAILED")
    page.route("**/buy.js", lambda route: route.abort())
    page.goto(f"{visitor.shop}/coaches/sample-dana")

    expect(page.get_by_role("link", name="Load the page again")).to_be_visible(timeout=15_000)
