"""The money map in a real browser: the slider, the buttons beside the picture, and a page that needs no script."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import violations
from tests.browser.storefront import PAID, VISA, Visitor


def _follow(visitor: Visitor, page: Page, coach: str = "sample-dana") -> str:
    """A purchase, and its map."""
    visitor.buy(VISA, coach)
    visitor.sees(PAID)
    payment = str(visitor.payments()[0].id)
    page.goto(f"{visitor.shop}/money/{payment}")
    return payment


def test_the_slider_goes_through_the_payments_life_by_keyboard(visitor: Visitor, page: Page) -> None:
    """One step back is the moment before; the picture and its words change with it."""
    _follow(visitor, page)
    slider = page.get_by_role("slider", name="Moment in the life of the payment")
    expect(page.locator("figure.moment:visible")).to_contain_text("Stripe took its fee, 1.67 CAD.")

    slider.focus()
    page.keyboard.press("ArrowLeft")

    expect(page.locator("figure.moment:visible")).to_contain_text("The player paid 47.25 CAD.")
    expect(page.locator("figure.moment:visible")).not_to_contain_text("Stripe's fee")
    assert "The player paid" in (slider.get_attribute("aria-valuetext") or "")


def test_a_refund_beside_the_picture_is_seen_in_it(visitor: Visitor, page: Page) -> None:
    """Pressed, and drawn."""
    _follow(visitor, page)

    page.get_by_role("button", name="Refund all of it").click()

    expect(page.locator("figure.moment:visible")).to_contain_text("Back with the player")
    expect(page.get_by_text("Refund all of it: done.")).to_be_visible()
    assert [refund.amount for refund in visitor.stripe.v1.refunds.list().data] == [4725]


def test_without_script_the_life_is_links_and_the_buttons_work(visitor: Visitor, page: Page, browser: Browser) -> None:
    """Every moment has an address; a form sends the refund."""
    payment = _follow(visitor, page)
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{visitor.shop}/money/{payment}")

    plain.get_by_role("link", name="The player paid 47.25 CAD.").click()
    expect(plain.locator("figure.moment:visible")).to_contain_text("The player paid 47.25 CAD.")
    plain.get_by_role("button", name="Refund all of it").click()
    expect(plain.locator("figure.moment:visible")).to_contain_text("Back with the player")
    context.close()


def test_a_broken_map_is_accessible_and_fits_a_phone(visitor: Visitor, page: Page) -> None:
    """With a long word for a name, and the statement and the list beside it."""
    _follow(visitor, page)
    page.get_by_role("button", name="The bank disputes it").click()
    expect(page.get_by_role("button", name="The platform wins")).to_be_visible()

    found = {}
    for path in (
        page.url.removeprefix(visitor.shop),
        "/money",
        "/money/statement",
        "/coach/earnings?coach=sample-dana",
    ):
        page.goto(f"{visitor.shop}{path}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found[path] = violations(page) + ([f"{wide} pixels too wide"] if wide > 0 else [])

    assert {path: what for path, what in found.items() if what} == {}
