"""The money's pages and the coach's as a designer would look at them: by day and by night, on a phone and on a desktop."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.storefront import Visitor
from tests.browser.test_looks import too_wide

_DAY = 86_400


class _World:
    """A marketplace with money in every state, made by the calls of front ends and the sandbox's control path."""

    def __init__(self, visitor: Visitor) -> None:
        self.shop, self.sandbox = visitor.shop, visitor.sandbox

    def api(self, path: str, body: Any) -> Any:
        answer = requests.post(f"{self.shop}/api/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def control(self, path: str, body: Any = None) -> None:
        requests.post(f"{self.sandbox}/_sandbox/{path}", json=body or {}, timeout=30).raise_for_status()

    def coach(self, coach_id: str) -> str:
        """The account of a coach who has registered and done no more."""
        body = {"coachId": coach_id, "coachName": "Dana", "sport": "badminton", "email": f"{coach_id}@example.com"}
        return str(self.api("connect/create-account", body)["account"]["id"])

    def sold(self, coach_id: str) -> str:
        """A paid purchase, settled as far as that is possible."""
        order = {
            "coachId": coach_id,
            "coachName": "Dana",
            "sport": "badminton",
            "packageType": "package",
            "packageId": 1,
        }
        payment = str(self.api("payments/create-intent", order)["paymentIntent"]["id"])
        self.control(f"payment_intents/{payment}/pay", {"card": "pm_card_bypassPending"})
        requests.post(f"{self.shop}/money/{payment}/do", data={"act": "mend"}, timeout=30).raise_for_status()
        return payment

    def fill(self) -> list[str]:
        """Make everything; answers with the addresses to look at."""
        self.control(f"accounts/{self.coach('sample-dana')}/onboard")
        owed, settled = self.sold("sample-dana"), self.sold("sample-dana")
        self.control("clock", {"advance": 2 * _DAY})
        self.api("payments/refund", {"paymentIntentId": owed})
        held = self.sold("sample-lee")
        self.coach("sample-lee")
        self.control(f"accounts/{self.coach('sample-sam')}/reject")
        cart = {"coachId": "sample-dana", "coachName": "Dana", "sport": "golf", "packageType": "subscription"}
        unpaid = self.api("payments/create-intent", cart)["paymentIntent"]["id"]
        coaches = [f"/coach/earnings?coach=sample-{name}" for name in ("dana", "lee", "sam", "noa")]
        maps = [f"/money/{payment}" for payment in (owed, settled, held, unpaid)]
        return ["/money", "/money?q=nobody", *maps, "/money/statement", "/money/statement?month=2020-01", *coaches]


def _broken(page: Page) -> list[str]:
    """The amounts that a line break divides."""
    script = """() => [...document.querySelectorAll('.amount')]
      .filter((one) => one.children.length === 0 && one.getClientRects().length)
      .filter((one) => {
        const words = document.createRange();
        words.selectNodeContents(one);
        return new Set([...words.getClientRects()].map((line) => Math.round(line.top))).size > 1;
      })
      .map((one) => one.outerHTML)"""
    found: list[str] = page.evaluate(script)
    return found


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_the_moneys_pages_are_accessible_and_fit(visitor: Visitor, page: Page, scheme: Any, width: int) -> None:
    """Nothing reaches out of the page, no amount is broken over two lines, and axe finds nothing."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    found = {}
    for path in _World(visitor).fill():
        page.goto(f"{visitor.shop}{path}")
        found[path] = violations(page) + too_wide(page) + _broken(page)

    assert {path: what for path, what in found.items() if what} == {}


def test_the_cards_fields_wear_the_pages_colours_by_night(visitor: Visitor, page: Page) -> None:
    """The colour that the page chose, and not that of the theme under it."""
    page.emulate_media(color_scheme="dark")
    visitor.open()
    field = page.frame_locator("#card iframe").get_by_label("Card number")
    card = page.locator("section.card").first

    colour = "(one) => getComputedStyle(one).backgroundColor"
    expect(field).to_have_css("background-color", card.evaluate(colour))


def test_a_wrong_address_leads_back_to_the_shop(visitor: Visitor, page: Page) -> None:
    """With a button, to a person in a browser."""
    page.watch.expect("status of 404")  # type: ignore[attr-defined]
    page.goto(f"{visitor.shop}/mony")
    assert violations(page) == []

    page.get_by_role("link", name="To the coaches").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("A coach who watches you play")


def test_the_calls_of_the_reference_stand_in_columns_on_a_desktop(visitor: Visitor, page: Page) -> None:
    """And under one another on a phone: a list of two dozen is read at a glance."""
    lefts = "(all) => new Set(all.map((one) => Math.round(one.getBoundingClientRect().left))).size"
    columns = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{visitor.shop}/docs")
        columns.append(page.locator(".calls li").evaluate_all(lefts))

    assert columns == [3, 1]
