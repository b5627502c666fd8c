"""The words and questions around paying: before, while it is slow or blocked, after a decline, and before a refund."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from backend.domain.decline_advice import ADVICE
from backend.sandbox.state.cards import CARDS
from tests.browser.accessibility import violations
from tests.browser.checkout import STRIPE_JS, alert, keep_in
from tests.browser.conftest import Watch
from tests.browser.storefront import PAID, VISA, Visitor
from tests.processes import backend_process, free_port_pair

# Those that Stripe itself declines; a challenge comes first at some.
DECLINES = {card.number: card for card in CARDS if card.decline}


def test_the_button_and_the_terms_follow_the_choice(visitor: Visitor) -> None:
    """The amount, how much is bought, and for how long."""
    page = visitor.open().page
    expect(visitor.pay_button).to_have_text("Pay 47.25 CAD")

    page.get_by_role("radio", name=re.compile("^50 clips")).check()

    expect(visitor.pay_button).to_have_text("Pay 94.50 CAD")
    terms = page.get_by_role("group", name="Your purchase")
    expect(terms).to_contain_text("50 clips, reviewed by Dana Reyes")
    expect(terms).to_contain_text("30 days from payment")
    expect(page.get_by_text("30 days, does not renew")).to_be_visible()


@pytest.mark.parametrize("offer", ["5 clips", "7 clips", "10 clips", "50 clips"])
def test_what_the_button_says_is_what_is_charged(visitor: Visitor, offer: str) -> None:
    """To the cent, for each offer."""
    page = visitor.open("sample-lee").page
    page.get_by_role("radio", name=re.compile(f"^{offer}")).check()
    said = visitor.pay_button.inner_text()
    visitor.enter(VISA)
    visitor.press()
    visitor.sees(PAID)

    amounts = [charge.amount for charge in visitor.stripe.v1.charges.list().data]
    assert [f"Pay {amount // 100}.{amount % 100:02d} CAD" for amount in amounts] == [said]


@pytest.mark.parametrize("number", DECLINES)
def test_each_decline_is_answered_with_what_to_do(visitor: Visitor, watch: Watch, number: str) -> None:
    """For every declining card of the sandbox; nothing was charged, and the page can be paid on."""
    watch.expect("status of 402")
    card = DECLINES[number]
    assert card.decline is not None
    visitor.buy(number)
    if card.authenticate:
        visitor.answer("Approve payment")

    expect(alert(visitor.page)).to_have_text(ADVICE[card.decline.decline_code or card.decline.code])
    expect(visitor.pay_button).to_be_enabled()
    assert visitor.charged() == 0


def test_the_brand_is_told_while_the_number_is_typed(visitor: Visitor) -> None:
    """And before that, which are taken."""
    fields = visitor.open().page.frame_locator("#card iframe")
    expect(fields.get_by_text("Visa, Mastercard, American Express")).to_be_visible()

    fields.get_by_label("Card number").fill("3782 822463 10005")

    expect(fields.get_by_role("status")).to_have_text("American Express")


def test_a_card_that_cannot_be_right_makes_no_purchase(visitor: Visitor) -> None:
    """It is found before Stripe or the backend hear of it."""
    visitor.open().enter("4242424242424241")
    visitor.press()

    expect(alert(visitor.page)).to_contain_text("card number is not right")
    assert visitor.payments() == []


def test_while_paying_the_button_says_so(visitor: Visitor, page: Page) -> None:
    """And takes no second press; the choice cannot be changed meanwhile."""
    held: list[Route] = []
    visitor.open().enter(VISA)
    page.route("**/create-intent", keep_in(held))
    visitor.press()

    expect(page.locator("#pay")).to_have_text("Paying 47.25 CAD")
    expect(page.locator("#pay")).to_be_disabled()
    expect(page.get_by_role("radio").first).to_be_disabled()

    for route in held:
        route.continue_()
    visitor.sees(PAID)


def test_a_price_that_changed_meanwhile_is_not_charged(visitor: Visitor, page: Page) -> None:
    """The button promised another amount."""
    visitor.open().enter(VISA)
    page.locator("#buy [name=offer]:checked").evaluate("(radio) => { radio.dataset.price = '4700' }")
    visitor.press()

    expect(alert(page)).to_contain_text("The price has changed")
    assert visitor.charged() == 0


def test_buying_the_same_again_is_noticed(visitor: Visitor, page: Page) -> None:
    """A no buys nothing, a yes buys again, and another offer is not asked about."""
    visitor.buy(VISA)
    visitor.sees(PAID)
    visitor.buy(VISA)
    question = page.get_by_role("dialog", name=re.compile("You bought this a moment ago. Buy again?"))
    question.get_by_role("button", name="Do not buy again").click()
    expect(question).to_be_hidden()
    expect(visitor.pay_button).to_be_enabled()
    assert visitor.charged() == 1

    # By the keyboard: a click right after a scroll may still be sent to the frame that was there.
    page.get_by_role("radio", name=re.compile("^5 clips")).focus()
    page.keyboard.press("ArrowDown")
    expect(visitor.pay_button).to_have_text("Pay 54.00 CAD")
    visitor.press()
    visitor.sees(PAID)
    assert visitor.charged() == 2

    visitor.buy(VISA)
    question.get_by_role("button", name="Buy again").last.click()
    visitor.sees(PAID)
    assert visitor.charged() == 3


def test_the_question_says_how_long_ago_it_was(visitor: Visitor, page: Page) -> None:
    """After three minutes it says 3 minutes."""
    visitor.buy(VISA)
    visitor.sees(PAID)
    page.evaluate(
        "() => { const known = JSON.parse(localStorage['bought sample-dana 1']);"
        " localStorage['bought sample-dana 1'] = JSON.stringify({...known, at: Date.now() - 3 * 60_000 - 5_000}) }"
    )

    visitor.buy(VISA)

    expect(page.get_by_role("heading", name="You bought this 3 minutes ago. Buy again?")).to_be_visible()


def test_what_was_given_back_may_be_bought_again_without_a_question(visitor: Visitor, page: Page, watch: Watch) -> None:
    """Given back on the receipt, or at Stripe where this browser did not see it."""
    watch.expect("status of 409")
    visitor.buy(VISA)
    visitor.sees(PAID)
    visitor.give_back()
    visitor.sees("Refunded")
    visitor.buy(VISA)
    visitor.sees(PAID)
    newest = visitor.payments()[0].id
    visitor.stripe.v1.refunds.create({"payment_intent": newest})

    visitor.buy(VISA)

    expect(page).to_have_url(re.compile("/payment-success"))
    assert visitor.charged() == 3


def test_what_is_remembered_is_no_secret(visitor: Visitor, page: Page) -> None:
    """The payment's id, what it bought, and the moment: nothing that opens or pays it, and nothing about a card."""
    visitor.open("sample-dana").page.get_by_label("Email").fill("pat@example.com")
    visitor.enter(VISA)
    visitor.press()
    visitor.sees(PAID)

    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert visitor.payments()[0].id in kept
    assert not re.search(r"_secret_|4242|pat@", kept)


def test_a_refund_asks_first_and_says_when_it_arrives(visitor: Visitor, page: Page) -> None:
    """Escape and No give nothing back; Yes does, once, and the page says where it goes and when it is there."""
    visitor.buy(VISA)
    visitor.sees(PAID)
    opener = page.get_by_role("button", name="Give the money back").first
    question = page.get_by_role("dialog", name="Give back 47.25 CAD?")
    opener.click()
    expect(question).to_contain_text("5 to 10 business days")
    expect(question.get_by_role("button", name="Keep the session")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    opener.click()
    question.get_by_role("button", name="Keep the session").click()
    assert visitor.stripe.v1.refunds.list().data == []

    visitor.give_back()

    visitor.sees("Refunded")
    expect(page.get_by_text(re.compile(r"goes back to Visa.* expect it between .* and .*\d{4}\."))).to_be_visible()
    assert [refund.amount for refund in visitor.stripe.v1.refunds.list().data] == [4725]


def test_a_purchase_that_too_many_cards_ended_can_be_begun_anew(page: Page, watch: Watch, tmp_path: Path) -> None:
    """The page says what happened, and the next press is a new purchase."""
    watch.expect("status of 402", "status of 400", "status of 409")
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path / "log", MAX_DECLINES="2"):
        visitor = Visitor(page, port)
        visitor.buy("4000000000000002")
        expect(alert(page)).to_have_text(ADVICE["generic_decline"])
        visitor.press()
        expect(alert(page)).to_have_text(ADVICE["generic_decline"])
        while visitor.payments()[0].status != "canceled":
            page.wait_for_timeout(50)

        visitor.press()
        expect(alert(page)).to_contain_text("Too many cards were declined")
        page.frame_locator("#card iframe").get_by_label("Card number").fill(VISA)
        visitor.press()

        visitor.sees(PAID)
        assert [payment.status for payment in visitor.payments()] == ["succeeded", "canceled"]
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_asked_and_told_is_accessible(visitor: Visitor, page: Page, watch: Watch, scheme: Any) -> None:
    """To axe: the page with a decline, with the question before a second purchase, before a refund, and without Stripe."""
    watch.expect("status of 402", "ERR_FAILED")
    page.emulate_media(color_scheme=scheme)
    found = {}
    visitor.buy("4000000000009995")
    expect(alert(page)).not_to_be_empty()
    if scheme == "dark":
        # The fields are transparent: what is behind them is the page's.
        page.frame_locator("#card iframe").locator("html").evaluate("(root) => { root.style.background = '#18201d' }")
    found["decline"] = violations(page) + violations(page.frames[1])
    visitor.buy(VISA)
    visitor.sees(PAID)
    page.get_by_role("button", name="Give the money back").click()
    found["refund"] = violations(page)
    visitor.buy(VISA)
    page.get_by_role("dialog").wait_for()
    found["again"] = violations(page)
    page.route(STRIPE_JS, lambda route: route.abort())
    page.goto(f"{visitor.shop}/coaches/sample-dana")
    page.get_by_role("button", name="Try again").wait_for()
    found["blocked"] = violations(page)

    assert {place: what for place, what in found.items() if what} == {}
