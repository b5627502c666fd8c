"""Refusals and answers of the sandbox: deleted objects, bounds, keys, errors and its own state."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform


def test_a_disputed_charge_cannot_be_refunded(platform: Platform) -> None:
    """Until the dispute is won."""
    payment: Any = platform.paid()
    dispute = platform.control("/disputes", charge=payment.latest_charge.id)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.refunds.create({"payment_intent": payment.id})
    assert refusal.value.code == "charge_disputed"

    platform.control(f"/disputes/{dispute['id']}/win")
    assert platform.v1.refunds.create({"payment_intent": payment.id}).status == "succeeded"


def test_a_refund_is_told_in_stripes_order(platform: Platform) -> None:
    """The refund, the charge, and the refund again, twice."""
    payment = platform.paid()
    platform.v1.refunds.create({"payment_intent": payment.id, "amount": 100})
    newest = platform.v1.events.list({"limit": 4}).data

    assert [event.type for event in newest][::-1] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
    ]
    assert newest[2].data.previous_attributes.to_dict() == {"amount_refunded": 0, "refunded": False}


def test_a_deleted_customer_cannot_pay_nor_be_found(platform: Platform) -> None:
    """A PaymentIntent that names it is refused with 400, and the list by email no longer has it."""
    gone, other = (platform.v1.customers.create({"email": "player@example.com"}) for _ in range(2))
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    platform.v1.customers.delete(gone.id)
    given: Any = {"amount": 500, "currency": "cad", "customer": gone.id}

    for call in (
        lambda: platform.v1.payment_intents.create(given),
        lambda: platform.v1.payment_intents.update(intent.id, {"customer": gone.id}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            call()
        assert (refused.value.http_status, refused.value.code, refused.value.param) == (
            400,
            "resource_missing",
            "customer",
        )
    found = platform.v1.customers.list({"email": "player@example.com"}).data
    assert [customer.id for customer in found] == [other.id]


def test_a_deleted_customer_says_so(platform: Platform) -> None:
    """And cannot be charged."""
    customer = platform.v1.customers.create({})
    platform.v1.customers.delete(customer.id)

    assert platform.v1.customers.retrieve(customer.id).deleted
    with pytest.raises(stripe.InvalidRequestError):
        platform.paid(customer=customer.id)


@pytest.mark.parametrize(
    "params",
    [
        {"payment_details": {"order_reference": "x"}},
        {"payment_method_configuration": "pmc_1"},
        {"payment_method_options": {"card": {"moto": True}}},
    ],
)
def test_a_feature_that_is_not_imitated_is_refused(platform: Platform, params: Any) -> None:
    """Clearly, and before anything is done."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.payment_intents.create(params | {"amount": 500, "currency": "cad"})

    assert refusal.value.code == "sandbox_unsupported"
    assert platform.v1.payment_intents.list({}).data == []


@pytest.mark.parametrize(
    ("amount", "currency", "param"),
    [(0, "cad", "amount"), (49, "usd", "amount"), (100_000_000, "cad", "amount"), (500, "zzz", "currency")],
)
def test_amounts_have_bounds(platform: Platform, amount: int, currency: str, param: str) -> None:
    """Between the currency's minimum and eight digits."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.payment_intents.create({"amount": amount, "currency": currency})

    assert refusal.value.param == param


def test_a_browser_may_ask_first(platform: Platform) -> None:
    """The preflight of a cross-origin call is answered, and answers may be read from anywhere."""
    preflight = platform.raw("OPTIONS", "/v1/payment_intents/pi_x/confirm", key=None)
    answer = platform.raw("GET", "/v1/balance")

    assert preflight.status_code == 204
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_key_may_come_in_other_ways(platform: Platform) -> None:
    """Basic authentication, or a form field as Stripe.js sends it."""
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    secret = {"client_secret": intent.client_secret, "key": "pk_test_sandbox"}

    assert platform.raw("GET", "/v1/balance", key=None, auth=("sk_test_sandbox", "")).status_code == 200
    path = f"/v1/payment_intents/{intent.id}"
    seen = platform.raw("GET", path, key=None, query_string=secret)
    assert seen.status_code == 200
    assert "metadata" not in (seen.json or {})


def test_errors_have_stripes_shape(platform: Platform) -> None:
    """With the page about the code, and a log to look at."""
    answer = platform.raw("GET", "/v1/charges/ch_gone")
    error = (answer.json or {})["error"]

    assert answer.status_code == 404
    assert error.pop("request_log_url").startswith(
        f"https://dashboard.stripe.com/test/logs/{answer.headers['Request-Id']}"
    )
    assert error == {
        "code": "resource_missing",
        "doc_url": "https://stripe.com/docs/error-codes/resource-missing",
        "message": "No such charge: 'ch_gone'",
        "param": "id",
        "type": "invalid_request_error",
    }


def test_the_state_is_shown_for_checks(platform: Platform) -> None:
    """Balances are the sums of the balance transactions, and transactions show both sides."""
    coach, payment = platform.coach(), platform.paid()
    platform.transfer(payment, coach, 9_000)
    state = platform.raw("GET", "/_sandbox/state", key=None).json or {}

    for account, balances in state["balances"].items():
        entries = state["objects"]["balance_transactions"].get(account, [])
        for currency, held in balances.items():
            assert sum(e["net"] for e in entries if e["currency"] == currency) == sum(held.values())
    assert state["balances"][coach]["cad"] == {"available": 0, "pending": 9_000}


@pytest.mark.parametrize("path", ["/", "/_sandbox/", "/express/acct_x/y", "/setup/e/acct_x/y", "/nothing"])
def test_every_page_answers(platform: Platform, path: str) -> None:
    """Also those that are not there."""
    platform.paid()
    assert platform.raw("GET", path, key=None).status_code in {200, 404}


@pytest.mark.parametrize(
    ("path", "param"),
    [("/accounts/{}/disable", "reason"), ("/payouts/{}/fail", "failure_code"), ("/disputes", "reason")],
)
def test_the_world_outside_fails_only_in_ways_that_stripe_knows(platform: Platform, path: str, param: str) -> None:
    """A reason or code of one's own is refused with those that there are, and nothing happens."""
    coach, payment = platform.coach(), platform.paid(card="pm_card_bypassPending")
    payout = platform.v1.payouts.create({"amount": 100, "currency": "cad"})
    place = path.format(coach if "accounts" in path else payout.id)
    charge: Any = payment.latest_charge
    answer = platform.raw(
        "POST",
        f"/_sandbox{place}",
        key=None,
        json=({"charge": charge.id} if path == "/disputes" else {}) | {param: "bad_luck"},
    )

    assert (answer.status_code, f"Invalid {param}: must be one of" in answer.text) == (400, True)
    assert platform.v1.accounts.retrieve(coach).charges_enabled
    assert platform.v1.payouts.retrieve(payout.id).status == "pending"
    assert platform.v1.disputes.list({}).data == []
