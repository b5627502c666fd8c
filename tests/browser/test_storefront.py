"""The storefront in a real browser, on a running backend: what a person does to try it, and what goes wrong meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from backend.domain.decline_advice import ADVICE
from tests.browser.accessibility import violations
from tests.browser.conftest import Watch
from tests.browser.storefront import CHALLENGED, PAID, VISA, Visitor


@pytest.mark.parametrize("number", [VISA, "5555555555554444", "4000000000000077", "4000000000000259"])
def test_a_player_buys_a_package(visitor: Visitor, number: str) -> None:
    """And has the session: clips and expiry."""
    visitor.buy(number)

    visitor.sees(PAID)
    expect(visitor.page.get_by_text("Clips left")).to_be_visible()
    assert [payment.amount for payment in visitor.payments()] == [4725]


def test_a_player_subscribes(visitor: Visitor) -> None:
    """With an email for the receipt."""
    visitor.open("sample-lee").page.get_by_text("50 clips").click()
    visitor.page.get_by_label("Email").fill("pat@example.com")
    visitor.enter(VISA)
    visitor.press()

    visitor.sees(PAID)
    assert [(one.amount, one.receipt_email) for one in visitor.payments()] == [(10_125, "pat@example.com")]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("4000000000000002", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
    ],
)
def test_a_declined_player_tries_another_card(visitor: Visitor, watch: Watch, number: str, reason: str) -> None:
    """On the same page, with the same purchase, after advice that fits the reason."""
    watch.expect("status of 402")
    visitor.buy(number)
    visitor.hears(ADVICE[reason])

    visitor.page.frame_locator("#card iframe").get_by_label("Card number").fill(VISA)
    visitor.page.frame_locator("#card iframe").get_by_label("Expiration").fill("12 / 34")
    visitor.page.frame_locator("#card iframe").get_by_label("Security code").fill("123")
    visitor.press()

    visitor.sees(PAID)
    assert (len(visitor.payments()), visitor.charged()) == (1, 1)


@pytest.mark.parametrize("number", [CHALLENGED, "4000002500003155", "4000000000003220"])
def test_a_challenge_is_accepted(visitor: Visitor, number: str) -> None:
    """In a dialog over the page."""
    visitor.buy(number)
    visitor.answer("Approve payment")

    visitor.sees(PAID)


def test_a_challenge_is_refused(visitor: Visitor) -> None:
    """Nothing is charged, and the page says what to do."""
    visitor.buy(CHALLENGED)
    visitor.answer("Decline")

    visitor.hears("could not confirm that it is you")
    assert visitor.charged() == 0


def test_a_double_click_pays_once(visitor: Visitor) -> None:
    """However fast."""
    visitor.open().enter(VISA)
    visitor.pay_button.dblclick()

    visitor.sees(PAID)
    assert (len(visitor.payments()), visitor.charged()) == (1, 1)


def test_a_reload_in_the_middle_goes_on_with_the_same_purchase(visitor: Visitor) -> None:
    """While the bank was asking."""
    visitor.buy(CHALLENGED)
    expect(visitor.page.frame_locator("dialog iframe").get_by_role("button", name="Decline")).to_be_visible()
    visitor.page.reload()
    visitor.buy(VISA)

    visitor.sees(PAID)
    assert (len(visitor.payments()), visitor.charged()) == (1, 1)


def test_offline_is_said_and_paying_works_once_back(visitor: Visitor, watch: Watch) -> None:
    """Nothing is lost and nothing is paid twice."""
    watch.expect("ERR_INTERNET_DISCONNECTED")
    visitor.open().enter(VISA)
    visitor.page.context.set_offline(True)
    visitor.press()
    expect(visitor.page.get_by_role("alert")).not_to_be_empty(timeout=30_000)

    visitor.page.context.set_offline(False)
    visitor.press()

    visitor.sees(PAID)
    assert visitor.charged() == 1


@pytest.mark.parametrize("effect", ["close", "html_502"])
def test_an_answer_lost_after_the_payment_is_no_second_payment(visitor: Visitor, watch: Watch, effect: str) -> None:
    """The player presses Pay again, and is told that it is paid."""
    watch.expect("ERR_EMPTY_RESPONSE", "status of 502", "status of 400")
    visitor.open().enter(VISA)
    fault = {"match": {"method": "POST", "path": ".*/confirm"}, "stage": "after", "effect": effect, "times": 1}
    requests.post(f"{visitor.sandbox}/_sandbox/faults", json=fault, timeout=30).raise_for_status()
    visitor.press()
    expect(visitor.page.get_by_role("alert")).not_to_be_empty(timeout=15_000)

    visitor.press()

    visitor.sees(PAID)
    assert visitor.charged() == 1


def test_a_wrong_email_is_found_before_anything_is_sent(visitor: Visitor) -> None:
    """With the field to mend in focus."""
    visitor.open().page.get_by_label("Email").fill("pat@")
    visitor.press()

    visitor.hears("check the email")
    expect(visitor.page.get_by_label("Email")).to_be_focused()
    assert visitor.payments() == []


def test_a_player_gets_the_money_back(visitor: Visitor) -> None:
    """From the receipt."""
    visitor.buy(VISA)
    visitor.sees(PAID)
    visitor.give_back()

    visitor.sees("Refunded")
    assert [refund.amount for refund in visitor.stripe.v1.refunds.list().data] == [4725]


def test_the_money_of_a_coach_who_registers_late_arrives_by_itself(visitor: Visitor, page: Page) -> None:
    """Held on the map; then the coach registers in another tab, and the map changes while one looks at it."""
    visitor.buy(VISA, "sample-noa")
    visitor.sees(PAID)
    page.get_by_role("link", name="Follow the money").click()
    expect(page.get_by_text("The coach has not registered yet.")).to_be_visible(timeout=15_000)

    tab = page.context.new_page()
    tab.goto(f"{visitor.shop}/coach/earnings")
    tab.get_by_role("link", name="Noa Weiss").click()
    tab.get_by_role("button", name="Register at Stripe").click()
    tab.get_by_role("button", name="Agree and finish").click()
    expect(tab.get_by_text("You can be paid.")).to_be_visible(timeout=15_000)
    expect(tab.get_by_role("button", name="Finish onboarding")).to_be_hidden()
    tab.get_by_role("button", name="Open the Stripe dashboard").click()
    expect(tab.get_by_role("heading", name="Express dashboard")).to_be_visible()
    tab.close()

    expect(page.get_by_text("It balances")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("link", name="The coach was sent 42.52 CAD.")).to_be_visible()


def test_a_coach_leaves_onboarding_and_comes_back_to_it(visitor: Visitor, page: Page) -> None:
    """The page says what is missing, and leads there."""
    page.goto(f"{visitor.shop}/coach/earnings?coach=sample-sam")
    page.get_by_role("button", name="Register at Stripe").click()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_text("Stripe still has questions.")).to_be_visible(timeout=15_000)

    page.get_by_role("button", name="Finish onboarding").click()
    page.get_by_role("button", name="Agree and finish").click()

    expect(page.get_by_text("You can be paid.")).to_be_visible(timeout=15_000)


def test_a_coach_whose_account_is_gone_registers_anew(visitor: Visitor, page: Page, watch: Watch) -> None:
    """The sandbox forgot everything; the backend still remembers the account for a while."""
    watch.expect("status of 404")
    page.goto(f"{visitor.shop}/coach/earnings?coach=sample-lee")
    page.get_by_role("button", name="Register at Stripe").click()
    page.get_by_role("button", name="Agree and finish").click()
    expect(page.get_by_text("You can be paid.")).to_be_visible(timeout=15_000)
    requests.post(f"{visitor.sandbox}/_sandbox/reset", timeout=30).raise_for_status()
    page.reload()
    page.get_by_role("button", name="Register at Stripe").click()
    page.get_by_role("button", name="Agree and finish").click()

    expect(page.get_by_text("You can be paid.")).to_be_visible(timeout=15_000)


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_every_page_is_accessible_and_fits(visitor: Visitor, page: Page, watch: Watch, scheme: Any, width: int) -> None:
    """To axe; and nothing is wider than the screen."""
    watch.expect("status of 404")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    visitor.buy(VISA)
    visitor.sees(PAID)
    receipt, payment = page.url, visitor.payments()[0].id
    paths = (
        "/",
        "/coaches/sample-dana",
        "/coaches/nobody",
        "/money",
        f"/money/{payment}",
        "/money/statement",
        "/coach/earnings?coach=",
        "/coach/earnings?coach=sample-dana",
        "/docs",
    )
    found = {}
    for place in (receipt, *(visitor.shop + path for path in paths), f"{visitor.shop}/payment-cancel"):
        page.goto(place)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found[place] = violations(page) + ([f"{wide} pixels too wide"] if wide > 0 else [])

    assert {place: what for place, what in found.items() if what} == {}


def test_everything_can_be_done_with_the_keyboard(visitor: Visitor, page: Page) -> None:
    """From the list of coaches to the receipt."""
    page.goto(visitor.shop)
    page.get_by_role("link", name="Dana Reyes").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("form[data-ready]")
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.frame_locator("#card iframe").get_by_label("Card number")).to_be_focused()
    page.keyboard.type(VISA + "1234" + "123")
    page.keyboard.press("Enter")

    visitor.sees(PAID)
    assert [payment.amount for payment in visitor.payments()] == [5400]
