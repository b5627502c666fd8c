"""Payment intents, charges and cards behave as Stripe says."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform


def _intent(platform: Platform, **params: Any) -> stripe.PaymentIntent:
    given: Any = {"amount": 5000, "currency": "cad", **params}
    return platform.v1.payment_intents.create(given)


def _confirm(platform: Platform, intent: stripe.PaymentIntent, **params: Any) -> stripe.PaymentIntent:
    given: Any = {
        "client_secret": intent.client_secret,
        "payment_method": "pm_card_visa",
        "return_url": "https://shop.test/back",
        **params,
    }
    return platform.browser.payment_intents.confirm(intent.id, given)


def test_a_new_intent_waits_for_a_payment_method(platform: Platform) -> None:
    """With dynamic payment methods and asynchronous capture, the defaults of today."""
    intent = _intent(platform)

    assert (intent.status, intent.amount_received, intent.latest_charge) == ("requires_payment_method", 0, None)
    assert intent.automatic_payment_methods.enabled is True
    assert intent.capture_method == "automatic_async"
    assert intent.client_secret.startswith(f"{intent.id}_secret_")


def test_payment_method_types_can_no_longer_be_written(platform: Platform) -> None:
    """The change of the endive version."""
    params: Any = {"payment_method_types": ["card"]}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        _intent(platform, **params)

    assert refusal.value.code == "payment_method_types_no_longer_supported"


def test_a_browser_pays_with_the_client_secret(platform: Platform) -> None:
    """The publishable key may confirm, and reads a subset."""
    intent = _confirm(platform, _intent(platform, metadata={"a": "b"}))

    assert intent.status == "succeeded"
    assert not hasattr(intent, "metadata") or intent.metadata is None
    assert platform.v1.payment_intents.retrieve(intent.id).amount_received == 5000


@pytest.mark.parametrize("secret", ["pi_x_secret_y", ""])
def test_a_wrong_client_secret_pays_nothing(platform: Platform, secret: str) -> None:
    """400."""
    with pytest.raises(stripe.InvalidRequestError):
        _confirm(platform, _intent(platform), client_secret=secret)


def test_the_publishable_key_may_not_do_more(platform: Platform) -> None:
    """No list, no transfer, no refund."""
    for call in (platform.browser.payment_intents.list, platform.browser.transfers.list, platform.browser.refunds.list):
        with pytest.raises(stripe.StripeError) as refusal:
            call({})
        assert "publishable" in str(refusal.value)


def test_a_card_number_is_charged_as_its_test_method(platform: Platform) -> None:
    """As Stripe.js sends it; a number that fails the check digit is refused."""

    def card(number: str) -> Any:
        return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}}

    def pay(number: str) -> Any:
        params: Any = {"payment_method": None, "payment_method_data": card(number)}
        given = {key: value for key, value in params.items() if value is not None}
        intent = _intent(platform)
        body: Any = {"client_secret": intent.client_secret, "return_url": "https://shop.test", **given}
        return platform.browser.payment_intents.confirm(intent.id, body)

    assert pay("4242424242424242").status == "succeeded"
    assert pay("4000002500003155").status == "requires_action"
    with pytest.raises(stripe.CardError) as declined:
        pay("4000000000000002")
    assert declined.value.error.decline_code == "generic_decline"
    with pytest.raises(stripe.CardError) as wrong:
        pay("4242424242424241")
    assert wrong.value.code == "incorrect_number"


def test_a_decline_is_a_402_that_leaves_a_failed_charge(platform: Platform) -> None:
    """The intent goes back to waiting, and another card may pay it."""
    intent = _intent(platform)
    with pytest.raises(stripe.CardError) as declined:
        _confirm(platform, intent, payment_method="pm_card_visa_chargeDeclined")

    again = platform.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    error: Any = declined.value.error
    assert (declined.value.http_status, error.code, error.decline_code) == (402, "card_declined", "generic_decline")
    assert error.payment_intent.id == intent.id
    assert (again.status, again.payment_method) == ("requires_payment_method", None)
    assert again.last_payment_error.code == "card_declined"
    assert (again.latest_charge.status, again.latest_charge.paid) == ("failed", False)
    assert _confirm(platform, intent).status == "succeeded"


@pytest.mark.parametrize(("choice", "status"), [("authorise", "succeeded"), ("fail", "requires_payment_method")])
def test_a_challenge_is_answered_on_its_page(platform: Platform, choice: str, status: str) -> None:
    """3-D Secure: passed pays, failed makes no charge."""
    intent = _confirm(platform, _intent(platform), payment_method="pm_card_authenticationRequired")
    assert intent.status == "requires_action"
    page = intent.next_action.redirect_to_url.url.removeprefix("http://stripe.test")
    assert platform.raw("GET", page, key=None).status_code == 200

    platform.raw("POST", page, key=None, data={"outcome": choice, "answer": choice, "action": choice})

    after = platform.v1.payment_intents.retrieve(intent.id)
    assert after.status == status


def test_a_paid_intent_cannot_be_paid_or_canceled(platform: Platform) -> None:
    """payment_intent_unexpected_state, with the intent in the error."""
    intent = platform.paid()
    for call in (
        lambda: platform.v1.payment_intents.confirm(intent.id),
        lambda: platform.v1.payment_intents.cancel(intent.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            call()
        assert refusal.value.code == "payment_intent_unexpected_state"


def test_a_canceled_intent_stays_canceled(platform: Platform) -> None:
    """With the time and reason of it."""
    intent = platform.v1.payment_intents.cancel(_intent(platform).id, {"cancellation_reason": "abandoned"})

    assert (intent.status, intent.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError):
        _confirm(platform, intent)


def test_a_charge_learns_of_its_balance_transaction_later(platform: Platform) -> None:
    """Asynchronous capture: null at first, two seconds later there, with charge.updated."""
    charge: Any = platform.paid().latest_charge
    assert charge.balance_transaction is None

    platform.clock.advance(2)

    entry: Any = platform.v1.charges.retrieve(charge.id, {"expand": ["balance_transaction"]}).balance_transaction
    assert (entry.amount, entry.fee, entry.net) == (10_000, 320, 9_680)
    assert platform.v1.events.list({"limit": 1}).data[0].type == "charge.updated"


def test_metadata_is_copied_to_the_charge_once(platform: Platform) -> None:
    """Later changes stay with the intent; an empty value removes a key."""
    intent = platform.paid(metadata={"a": "1", "b": "2"})
    platform.v1.payment_intents.update(intent.id, {"metadata": {"a": "", "c": "3"}})

    charge: Any = intent.latest_charge
    assert platform.v1.charges.retrieve(charge.id).metadata.to_dict() == {"a": "1", "b": "2"}
    assert platform.v1.payment_intents.retrieve(intent.id).metadata.to_dict() == {"b": "2", "c": "3"}


def test_an_id_in_a_path_is_a_404_and_in_a_body_a_400(platform: Platform) -> None:
    """Both resource_missing."""
    with pytest.raises(stripe.InvalidRequestError) as path:
        platform.v1.payment_intents.retrieve("pi_nope")
    with pytest.raises(stripe.InvalidRequestError) as body:
        _intent(platform, customer="cus_nope")

    assert (path.value.http_status, path.value.code, path.value.param) == (404, "resource_missing", "intent")
    assert (body.value.http_status, body.value.code, body.value.param) == (400, "resource_missing", "customer")


def test_lists_are_immediate_and_search_lags(platform: Platform) -> None:
    """A minute behind, by metadata."""
    intent = _intent(platform, metadata={"k": "v"})
    query: Any = {"query": 'metadata["k"]:"v" AND -metadata["gone"]:"x"'}

    assert platform.v1.payment_intents.list({}).data[0].id == intent.id
    assert platform.v1.payment_intents.search(query).data == []
    platform.clock.advance(60)
    assert [found.id for found in platform.v1.payment_intents.search(query).data] == [intent.id]


def test_lists_page_in_both_directions(platform: Platform) -> None:
    """Newest first, cursors exclusive."""
    ids = [_intent(platform).id for _ in range(5)][::-1]
    page = platform.v1.payment_intents.list({"limit": 2})

    assert [i.id for i in page.data] == ids[:2]
    assert page.has_more
    assert [i.id for i in page.auto_paging_iter()] == ids
    before = platform.v1.payment_intents.list({"limit": 2, "ending_before": ids[4]})
    assert [i.id for i in before.data] == ids[2:4]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_1_to_100_objects(platform: Platform, limit: int) -> None:
    """Else 400."""
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.payment_intents.list({"limit": limit})


def test_what_cannot_be_expanded_is_refused(platform: Platform) -> None:
    """And what can is an object."""
    intent = platform.paid()
    assert isinstance(platform.v1.payment_intents.retrieve(intent.id).latest_charge, str)
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.payment_intents.retrieve(intent.id, {"expand": ["nonsense"]})
