"""Rules that are easily forgotten, and are met in production."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

BASE: Any = {"amount": 500, "currency": "cad"}
NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}


def _refused(platform: Platform, **params: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.payment_intents.create(BASE | params)
    assert platform.v1.payment_intents.list({}).data == []
    return refusal.value


def test_a_server_that_confirms_names_a_return_url(platform: Platform) -> None:
    """At creation and later, unless no method may redirect."""
    error = _refused(platform, confirm=True, payment_method="pm_card_visa")
    assert "you must provide a `return_url`" in str(error)

    intent = platform.v1.payment_intents.create(BASE)
    with pytest.raises(stripe.InvalidRequestError, match="you must provide a `return_url`"):
        platform.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert platform.paid(automatic_payment_methods=NO_REDIRECTS).status == "succeeded"


@pytest.mark.parametrize(
    ("param", "value"), [("return_url", "https://shop.test"), ("off_session", True), ("error_on_requires_action", True)]
)
def test_parameters_that_need_another(platform: Platform, param: str, value: Any) -> None:
    """They say something about confirming, so without confirm they are refused."""
    assert _refused(platform, **{param: value}).param == param


@pytest.mark.parametrize(
    "params",
    [
        {"automatic_payment_methods": NO_REDIRECTS, "confirmation_method": "automatic"},
        {"allowed_payment_method_types": ["card"], "excluded_payment_method_types": ["klarna"]},
        {"allowed_payment_method_types": ["card"], "automatic_payment_methods": NO_REDIRECTS},
    ],
)
def test_parameters_that_exclude_each_other(platform: Platform, params: Any) -> None:
    """Two ways of saying which payment methods there are."""
    assert "You may only specify one of these parameters" in str(_refused(platform, **params))


def test_a_group_has_at_most_100_charges_in_a_list(platform: Platform) -> None:
    """Beyond that, the filter is refused."""
    for _ in range(101):
        platform.paid(transfer_group="season")

    with pytest.raises(stripe.InvalidRequestError, match="Too many charges with transfer group: `season`"):
        platform.v1.charges.list({"transfer_group": "season"})
    assert platform.v1.charges.list({"limit": 100}).has_more


def test_express_accounts_have_one_kind_of_link(platform: Platform) -> None:
    """Updates are made in the Express dashboard."""
    urls: Any = {"return_url": "http://a", "refresh_url": "http://a", "account": platform.coach()}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.account_links.create(urls | {"type": "account_update"})

    assert str(refusal.value.user_message) == 'Valid types for this account are ["account_onboarding"]'


def test_there_are_at_most_16_webhook_endpoints(platform: Platform) -> None:
    """A deleted one makes room."""
    params: Any = {"url": "https://shop.test", "enabled_events": ["*"]}
    made = [platform.v1.webhook_endpoints.create(params) for _ in range(16)]
    with pytest.raises(stripe.InvalidRequestError, match="16"):
        platform.v1.webhook_endpoints.create(params)

    platform.v1.webhook_endpoints.delete(made[0].id)
    assert platform.v1.webhook_endpoints.create(params).secret.startswith("whsec_")


def test_a_refund_cannot_take_a_separate_transfer_along(platform: Platform) -> None:
    """reverse_transfer is for destination charges."""
    payment: Any = platform.paid()
    platform.transfer(payment, platform.coach(), 100)
    with pytest.raises(stripe.InvalidRequestError, match="does not have an associated transfer"):
        platform.v1.refunds.create({"payment_intent": payment.id, "reverse_transfer": True})

    assert platform.v1.charges.retrieve(payment.latest_charge.id).amount_refunded == 0


def test_errors_on_behalf_of_an_account_point_to_its_log(platform: Platform) -> None:
    """And a 401 points nowhere."""
    coach = platform.coach()
    platform.control("/keys", revoke="sk_test_wrong")
    acted = platform.raw("GET", "/v1/charges/ch_gone", headers={"Stripe-Account": coach}).json or {}
    strange = platform.raw("GET", "/v1/balance", key="sk_test_wrong").json or {}

    assert f"/{coach}/test/logs/req_" in acted["error"]["request_log_url"]
    assert "request_log_url" not in strange["error"]
    assert "code" not in strange["error"]


def test_a_decline_says_that_it_is_pinned(platform: Platform) -> None:
    """Stripe-Should-Retry: false, and the payment as it is now."""
    given = {"amount": "500", "currency": "cad", "confirm": "true", "payment_method": "pm_card_visa_chargeDeclined"}
    answer = platform.raw("POST", "/v1/payment_intents", data={**given, "return_url": "https://shop.test"})
    error = (answer.json or {})["error"]

    assert (answer.status_code, answer.headers["Stripe-Should-Retry"]) == (402, "false")
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["payment_intent"]["latest_charge"] == error["charge"]
    assert error["payment_method"]["object"] == "payment_method"
