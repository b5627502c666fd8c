"""The sandbox's stripe.js in a real browser, on a shop's page under a strict policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from backend.sandbox.pages.stripe_js import REFUSED, SERVED
from tests.browser.conftest import Watch
from tests.browser.till import CHALLENGED, CHALLENGED_DECLINED, NO_FUNDS, PAID, REFUSED_BY_BANK, VISA, Till


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


def test_stripes_own_loader_takes_it(till: Till) -> None:
    """`loadStripe` of the npm package finds window.Stripe and uses it."""
    till.open()
    script = "async () => Object.keys(await (await import('/pure.mjs')).loadStripe('pk_test_sandbox')).length > 0"

    assert till.page.evaluate(script)
