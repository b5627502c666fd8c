"""The fields of the sandbox's stripe.js: what is typed, what they show, and fields that come before the payment."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.till import CHALLENGED, PAID, VISA, Till


@pytest.mark.parametrize(
    ("card", "complaint"),
    [
        (("4242424242424241", "", ""), "Your card number is invalid."),
        ((VISA, "1220", ""), "Your card's expiration year is in the past."),
        ((VISA, "1234", "1"), "Your card's security code is incomplete."),
        (("", "", ""), "Your card number is incomplete."),
    ],
)
def test_a_card_that_cannot_be_right_is_found_before_it_is_sent(till: Till, card: Any, complaint: str) -> None:
    """The API hears nothing of it."""
    till.open(element="payment").enter(*card)
    till.page.get_by_role("button", name="Pay").click()

    till.says(complaint)
    expect(till.fields.get_by_text(complaint)).to_be_visible()
    assert not [call for call in till.sandbox.requests if "confirm" in call.path]


def test_the_number_is_formatted_as_it_is_typed(till: Till) -> None:
    """In the groups of its brand; a date with a slash."""
    till.open()
    till.enter("378282246310005", "0930", "1234")
    values = [till.fields.get_by_label(name).input_value() for name in ("Card number", "Expiration", "Security code")]

    assert values == ["3782 822463 10005", "09 / 30", "1234"]


def test_enter_submits_the_shops_form(till: Till) -> None:
    """As in any field of a form."""
    till.open().enter(VISA)
    till.page.keyboard.press("Enter")

    till.says(PAID)


DEFERRED = """
async ([secret, submits]) => {
  const elements = window.stripe.elements({mode: 'payment', amount: 4725, currency: 'cad'});
  const payment = elements.create('payment');
  await new Promise((ready) => { payment.on('ready', ready); payment.mount('#card'); });
  window.deferred = async () => {
    if (submits) await elements.submit();
    const how = {redirect: 'if_required', confirmParams: {return_url: location.origin}};
    const answer = await window.stripe.confirmPayment({elements, clientSecret: secret, ...how});
    return answer.paymentIntent.status;
  };
}
"""


def test_fields_may_come_before_the_payment_and_are_submitted_before_it_is_confirmed(till: Till) -> None:
    """With a mode and an amount instead of a secret; the order of the calls is Stripe's."""
    till.open(element="payment")
    till.page.evaluate(DEFERRED, [till.secret, True])
    till.enter(VISA)

    assert till.page.evaluate("window.deferred()") == "succeeded"


def test_without_submitting_fields_that_came_first_nothing_is_confirmed(till: Till) -> None:
    """Stripe refuses it in the page, and the API hears nothing."""
    till.open(element="payment")
    till.page.evaluate(DEFERRED, [till.secret, False])
    till.enter(VISA)
    told = till.page.evaluate("window.deferred().catch((error) => error.message)")

    assert "elements.submit() must be called" in told
    assert till.intent().status == "requires_payment_method"


def test_a_frame_that_does_not_come_is_told(till: Till) -> None:
    """By loaderror, once; a frame that was taken away meanwhile is not waited for."""
    till.open()
    till.page.clock.install()
    till.page.route("**/elements/card", lambda route: route.abort())
    till.page.watch.expect("ERR_FAILED")  # type: ignore[attr-defined]
    script = """() => {
      window.told = [];
      const payment = window.stripe.elements().create('payment');
      payment.on('loaderror', ({error}) => window.told.push(error.type));
      payment.mount('#card');
    }"""
    till.page.evaluate(script)
    till.page.clock.fast_forward(16_000)
    till.page.wait_for_function("window.told.length > 0")

    assert till.page.evaluate("window.told") == ["api_connection_error"]


@pytest.mark.parametrize(
    ("digits", "brand"),
    [
        ("4", "Visa"),
        ("5555", "Mastercard"),
        ("2221", "Mastercard"),
        ("37", "American Express"),
        ("6011", "Discover"),
        ("305", "Diners Club"),
        ("3566", "JCB"),
        ("62", "UnionPay"),
        ("1", ""),
    ],
)
def test_the_brand_is_told_from_the_first_digits(till: Till, digits: str, brand: str) -> None:
    """By its name; nothing where it cannot be told."""
    till.open(element="payment")
    till.fields.get_by_label("Card number").fill(digits)

    expect(till.fields.locator(".brand")).to_have_text(brand)


def test_the_banks_question_is_as_high_as_what_it_says(till: Till) -> None:
    """No empty sheet below it, and nothing to scroll."""
    till.open().pay(CHALLENGED)
    till.bank.get_by_role("button", name="Decline").wait_for()
    frame = next(frame for frame in till.page.frames if "/3d_secure/" in frame.url)
    fits = "() => document.querySelector('main').getBoundingClientRect().height <= innerHeight + 1 && innerHeight < 480"

    frame.wait_for_function(fits)


@pytest.mark.parametrize("element", ["card", "payment"])
def test_the_mouse_wheel_leaves_the_fields_where_they_are(till: Till, element: str) -> None:
    """The typed text stays in sight, whichever way the wheel turns."""
    till.open(element=element).enter(VISA)
    field = till.fields.get_by_label("Card number")
    box = field.bounding_box()
    assert box is not None
    till.page.mouse.move(box["x"] + 5, box["y"] + 5)

    scrolled = []
    for turn in ((0, 300), (0, -300), (300, 0)):
        till.page.mouse.wheel(*turn)
        till.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        root = till.fields.locator("html")
        scrolled.append(root.evaluate("(html) => [html.ownerDocument.scrollingElement.scrollTop, html.scrollLeft]"))

    assert scrolled == [[0, 0]] * 3
    assert field.bounding_box() == box


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("element", ["card", "payment"])
def test_the_fields_and_the_banks_question_are_accessible(till: Till, element: str, scheme: Any) -> None:
    """To axe, in light and dark."""
    till.page.emulate_media(color_scheme=scheme)
    till.open(element=element, theme="night" if scheme == "dark" else "stripe").pay(CHALLENGED)
    till.bank.get_by_role("button", name="Approve payment").wait_for()
    if scheme == "dark":
        # The fields are transparent: what is behind them is the shop's.
        till.fields.locator("html").evaluate("(root) => { root.style.background = '#14171c' }")
    frames = [frame for frame in till.page.frames if frame.url.startswith(till.sandbox.base_url) and frame.parent_frame]

    assert len(frames) >= 2
    assert [violation for frame in frames for violation in violations(frame)] == []
