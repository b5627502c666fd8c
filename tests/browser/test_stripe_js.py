"""The sandbox's stripe.js in a real browser, on a shop's page under a strict policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from playwright.sync_api import FrameLocator, Page, expect

from backend.sandbox import Sandbox
from backend.sandbox.pages.stripe_js import REFUSED, SERVED
from tests.browser.accessibility import violations
from tests.browser.conftest import Watch
from tests.browser.shop import shop_of
from tests.processes import sandbox_server

VISA, NO_FUNDS = "4242424242424242", "4000000000009995"
CHALLENGED, CHALLENGED_DECLINED = "4000002760003184", "4000008400001629"
PAID = "succeeded"
REFUSED_BY_BANK = "payment_intent_authentication_failure"


class Till:
    """A payment in a shop's page, as the player sees it."""

    def __init__(self, page: Page, sandbox: Sandbox, shop: str) -> None:
        self.page, self.sandbox, self.shop = page, sandbox, shop
        self.stripe = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base_url})
        made = self.stripe.v1.payment_intents.create({"amount": 4725, "currency": "cad"})
        self.payment, self.secret = made.id, made.client_secret

    def open(self, **query: str) -> Till:
        """The page, with the card's fields ready."""
        asked = "&".join(f"{name}={value}" for name, value in {"secret": self.secret, **query}.items())
        self.page.goto(f"{self.shop}/?{asked}")
        self.page.wait_for_selector("body[data-ready]")
        return self

    @property
    def fields(self) -> FrameLocator:
        """The frame that the card is entered in."""
        return self.page.frame_locator("#card iframe")

    @property
    def bank(self) -> FrameLocator:
        """The frame that the bank asks in."""
        return self.page.frame_locator("dialog iframe")

    def enter(self, number: str, expiry: str = "1234", code: str = "123") -> None:
        """Type a card, as one types: the fields follow each other by themselves."""
        self.fields.get_by_label("Card number").click()
        self.page.keyboard.type(number + expiry + code)

    def pay(self, number: str) -> None:
        """Type a card and press Pay."""
        self.enter(number)
        self.page.get_by_role("button", name="Pay").click()

    def says(self, text: str) -> None:
        """The last message of the shop to the player."""
        expect(self.page.get_by_role("status")).to_contain_text(text)

    def intent(self) -> Any:
        """The payment as Stripe has it."""
        return self.stripe.v1.payment_intents.retrieve(self.payment)


@pytest.fixture
def till(page: Page) -> Iterator[Till]:
    """A shop, a sandbox and a payment to make."""
    with sandbox_server() as server, shop_of(server.base_url) as shop:
        yield Till(page, server, shop)
        page.close()  # before who serves it


@pytest.mark.parametrize("element", ["card", "payment"])
def test_a_card_pays(till: Till, element: str) -> None:
    """With either Element; the charge knows the card and its owner."""
    till.open(element=element).pay(VISA)

    till.says(PAID)
    assert till.intent().status == "succeeded"


@pytest.mark.parametrize("element", ["card", "payment"])
def test_a_decline_is_told_and_another_card_pays(till: Till, watch: Watch, element: str) -> None:
    """In the words of the bank, on the same page."""
    watch.expect("status of 402")
    till.open(element=element).pay(NO_FUNDS)
    till.says("card_declined: Your card has insufficient funds.")

    till.fields.get_by_label("Card number").fill("")
    till.enter(VISA, "", "")
    till.page.get_by_role("button", name="Pay").click()

    till.says(PAID)


@pytest.mark.parametrize("element", ["card", "payment"])
def test_a_challenge_that_is_passed_pays(till: Till, element: str) -> None:
    """In a frame over the page; the page itself stays."""
    till.open(element=element).pay(CHALLENGED)
    till.bank.get_by_role("button", name="Approve payment").click()

    till.says(PAID)
    expect(till.page.locator("dialog")).to_have_count(0)


def test_a_challenge_that_is_failed_pays_nothing(till: Till) -> None:
    """And says so."""
    till.open().pay(CHALLENGED)
    till.bank.get_by_role("button", name="Decline").click()

    till.says(REFUSED_BY_BANK)
    assert till.intent().status == "requires_payment_method"


def test_a_challenge_that_is_closed_can_be_taken_up_again(till: Till) -> None:
    """Escape closes the dialog; handleNextAction, after a reload say, asks once more."""
    till.open().pay(CHALLENGED)
    expect(till.bank.get_by_role("button", name="Decline")).to_be_visible()
    till.page.keyboard.press("Escape")
    till.says(REFUSED_BY_BANK)
    till.open()

    answer = till.page.evaluate_handle(
        "async (secret) => ({found: window.stripe.handleNextAction({clientSecret: secret})})", till.secret
    )
    till.bank.get_by_role("button", name="Approve payment").click()

    assert till.page.evaluate("async (answer) => (await answer.found).paymentIntent.status", answer) == "succeeded"


def test_a_card_may_be_declined_after_its_challenge(till: Till) -> None:
    """The bank knew the cardholder, and still says no."""
    till.open().pay(CHALLENGED_DECLINED)
    till.bank.get_by_role("button", name="Approve payment").click()

    till.says("card_declined")


def test_paying_may_lead_back_to_the_return_url(till: Till) -> None:
    """With the payment and its outcome in the query (docs/stripe.md 1.3)."""
    with till.page.expect_navigation(url="**/done?*"):
        till.open(element="payment", redirect="always").pay(VISA)

    assert f"payment_intent={till.payment}" in till.page.url
    assert "redirect_status=succeeded" in till.page.url


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


def test_the_shop_hears_of_the_card_but_never_sees_it(till: Till) -> None:
    """Events say that it is complete; no digit is anywhere in the shop's page."""
    till.open().pay(VISA)
    till.says(PAID)

    assert ["change", "card", True] in till.page.evaluate("window.heard")
    assert VISA not in till.page.content().replace(" ", "")
    assert VISA not in till.page.evaluate("JSON.stringify(window.heard)")


@pytest.mark.parametrize("effect", ["close", "html_502", "server_error", "truncate"])
def test_an_answer_that_is_lost_or_nonsense_is_an_error_to_act_on(till: Till, watch: Watch, effect: str) -> None:
    """And paying again cannot pay twice: the intent is paid, or it is not."""
    watch.expect("ERR_EMPTY_RESPONSE", "ERR_CONTENT_LENGTH_MISMATCH", "status of 500", "status of 502", "status of 400")
    till.open()
    till.sandbox.faults.add(
        match={"path": f"/v1/payment_intents/{till.payment}/confirm"}, stage="after", effect=effect, times=1
    )
    till.pay(VISA)
    till.page.wait_for_selector("body[data-answers='1']")
    expect(till.page.get_by_role("status")).not_to_have_text(PAID)

    till.page.get_by_role("button", name="Pay").click()
    till.says("payment_intent_unexpected_state")

    charges = till.stripe.v1.charges.list({"payment_intent": till.payment})
    assert [charge.amount for charge in charges.data] == [4725]


def test_offline_is_said_and_paying_works_once_back(till: Till, watch: Watch) -> None:
    """Nothing is lost but the time."""
    watch.expect("ERR_INTERNET_DISCONNECTED")
    till.open()
    till.page.context.set_offline(True)
    till.pay(VISA)
    till.says("api_connection_error")

    till.page.context.set_offline(False)
    till.page.get_by_role("button", name="Pay").click()

    till.says(PAID)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("window.Stripe('sk_test_sandbox')", "secret key"),
        ("window.Stripe('pk_live_x')", "local sandbox"),
        ("window.stripe.elements().create('iban')", 'no "iban" Element'),
        ("window.stripe.createToken()", "does not do createToken"),
        ("window.stripe.retrievePaymentIntent('pi_1')", "client secret of the form"),
        ("window.stripe.confirmCardPayment('pi_1_secret_2', {payment_method: {card: {}}})", "should be a card Element"),
        ("window.stripe.confirmPayment({})", "needs confirmParams.return_url"),
        ("window.stripe.elements({mode: 'setup'})", 'no mode "setup"'),
        ("window.stripe.elements({mode: 'payment', currency: 'cad'})", "amount should be a positive integer"),
        (
            "window.stripe.elements({mode: 'payment', amount: 47.25, currency: 'cad'})",
            "amount should be a positive integer",
        ),
        ("window.stripe.elements({mode: 'payment', amount: 4725})", "currency should be a lower-case currency code"),
        ("window.stripe.elements({mode: 'payment', clientSecret: 'x'})", "both mode and clientSecret"),
        (
            "window.stripe.elements({mode: 'payment', amount: 4725, currency: 'cad'}).update({amount: 0})",
            "positive integer",
        ),
    ],
)
def test_a_wrong_call_throws_with_its_reason(till: Till, script: str, complaint: str) -> None:
    """As an IntegrationError, for whoever writes the page."""
    till.open()
    caught = f"(async () => {{ try {{ await {script} }} catch (e) {{ return `${{e.name}}: ${{e.message}}` }} }})()"

    told = till.page.evaluate(caught)

    assert told.startswith("IntegrationError: ")
    assert complaint in told


def test_every_call_is_declared(till: Till) -> None:
    """The coverage page lists every call of the stand-in, and no other."""
    till.open()
    own = "[...Object.keys(window.stripe), ...Object.getOwnPropertyNames(Object.getPrototypeOf(window.stripe))]"
    there = {name for name in till.page.evaluate(own) if not name.startswith("_")}
    listed = " ".join([*SERVED, *SERVED.values(), *REFUSED])

    assert there - {"constructor", "registerAppInfo"} == {name for name in there if name in listed}
    assert set(REFUSED) <= there


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


def test_a_payment_method_can_be_made_and_pays(till: Till) -> None:
    """Of the card that was entered; then the intent is paid with its id."""
    till.open().enter(VISA)
    made = "const {paymentMethod} = await window.stripe.createPaymentMethod({type: 'card', card: window.card})"
    paid = f"const {{paymentIntent}} = await window.stripe.confirmCardPayment('{till.secret}', {{payment_method: id}})"
    script = f"(async () => {{ {made}; const id = paymentMethod.id; {paid}; return [id, paymentIntent.status] }})()"

    method, status = till.page.evaluate(script)

    assert (method[:3], status) == ("pm_", "succeeded")


def test_the_example_in_the_readme_pays(till: Till) -> None:
    """As it stands, with a payment's secret."""
    till.page.goto(f"{till.shop}/readme?secret={till.secret}")
    till.enter(VISA)
    with till.page.expect_console_message(lambda message: message.text == PAID):
        till.page.get_by_role("button", name="Pay").click()

    assert till.intent().status == "succeeded"


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


def test_stripes_own_loader_takes_it(till: Till) -> None:
    """`loadStripe` of the npm package finds window.Stripe and uses it."""
    till.open()
    script = "async () => Object.keys(await (await import('/pure.mjs')).loadStripe('pk_test_sandbox')).length > 0"

    assert till.page.evaluate(script)


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
