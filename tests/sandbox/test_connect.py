"""Connected accounts over their life, their money, and the manners of the API around them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

DAY = 86_400


def _types(platform: Platform, account: str) -> list[str]:
    options: Any = {"stripe_account": account}
    return [event.type for event in platform.v1.events.list({"limit": 100}, options).data]


def test_a_fresh_account_can_do_nothing_yet(platform: Platform) -> None:
    """Its capability is inactive and its requirements are past due."""
    account = platform.v1.accounts.retrieve(platform.coach(ready=False))

    assert (account.charges_enabled, account.payouts_enabled, account.details_submitted) == (False, False, False)
    assert account.capabilities.to_dict() == {"transfers": "inactive"}
    assert account.requirements.disabled_reason == "requirements.past_due"
    assert account.requirements.past_due == account.requirements.currently_due != []
    assert account.settings.payouts.schedule.interval == "daily"


def test_onboarding_may_take_stripe_a_while(platform: Platform) -> None:
    """Submitted but pending, then active; each step is told by events of the account."""
    coach = platform.coach(ready=False)
    platform.control(f"/accounts/{coach}/onboard", verification="pending")
    waiting = platform.v1.accounts.retrieve(coach)
    assert (waiting.details_submitted, waiting.capabilities.transfers) == (True, "pending")
    assert waiting.requirements.disabled_reason == "requirements.pending_verification"

    platform.control(f"/accounts/{coach}/onboard")

    ready = platform.v1.accounts.retrieve(coach)
    assert (ready.capabilities.transfers, ready.requirements.disabled_reason) == ("active", None)
    assert _types(platform, coach).count("account.updated") == 2
    assert _types(platform, coach).count("capability.updated") == 2


def test_stripe_may_stop_an_account(platform: Platform) -> None:
    """Then it can no longer be paid."""
    coach, payment = platform.coach(), platform.paid()
    platform.control(f"/accounts/{coach}/disable", reason="rejected.fraud")

    assert platform.v1.accounts.retrieve(coach).requirements.disabled_reason == "rejected.fraud"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.transfer(payment, coach, 100)
    assert refusal.value.code == "insufficient_capabilities_for_transfer"


def test_identity_is_stripes_business_once_a_link_exists(platform: Platform) -> None:
    """403 for what onboarding collects; metadata and the payout schedule stay open."""
    coach = platform.coach(ready=False)
    platform.v1.accounts.update(coach, {"business_type": "individual"})
    urls: Any = {"return_url": "http://a", "refresh_url": "http://a"}
    platform.v1.account_links.create(urls | {"account": coach, "type": "account_onboarding"})

    with pytest.raises(stripe.PermissionError, match="parameters 'business_type','individual'"):
        platform.v1.accounts.update(coach, {"business_type": "company", "individual": {"first_name": "D"}})
    schedule: Any = {"settings": {"payouts": {"schedule": {"interval": "manual"}}}, "metadata": {"a": "b"}}
    updated = platform.v1.accounts.update(coach, schedule)
    assert updated.settings.payouts.schedule.to_dict() == {"delay_days": 2, "interval": "manual"}


@pytest.mark.parametrize("params", [{"type": "custom"}, {"type": "standard"}, {}])
def test_accounts_other_than_express_are_refused(platform: Platform, params: Any) -> None:
    """By name, for they are not imitated."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.accounts.create(params)

    assert refusal.value.code == "sandbox_unsupported"


def test_an_express_account_may_be_asked_for_by_its_controller(platform: Platform) -> None:
    """But not in both ways at once."""
    controller: Any = {
        "fees": {"payer": "application"},
        "losses": {"payments": "application"},
        "stripe_dashboard": {"type": "express"},
    }
    assert platform.v1.accounts.create({"controller": controller}).type == "express"
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.accounts.create({"controller": controller, "type": "express"})


def test_a_deleted_account_looks_like_a_stranger(platform: Platform) -> None:
    """403, as for any account that is not ours."""
    coach = platform.coach()
    assert platform.v1.accounts.delete(coach).deleted

    with pytest.raises(stripe.PermissionError):
        platform.v1.accounts.retrieve(coach)
    assert platform.v1.accounts.list({}).data == []


def test_acting_as_an_account_is_echoed(platform: Platform) -> None:
    """By the header, for a header and for a path."""
    coach = platform.coach()
    by_header = platform.raw("GET", "/v1/balance", headers={"Stripe-Account": coach})
    by_path = platform.raw("GET", f"/v1/accounts/{coach}")

    assert (by_header.headers["Stripe-Account"], by_path.headers["Stripe-Account"]) == (coach, coach)
    options: Any = {"stripe_account": coach}
    assert platform.v1.accounts.retrieve_current({}, options).id == coach


def test_a_payout_goes_from_pending_to_paid(platform: Platform) -> None:
    """Each step with its event, on the account."""
    coach, payment = platform.coach(), platform.paid()
    platform.transfer(payment, coach, 9_000)
    options: Any = {"stripe_account": coach}
    seen = []
    for _ in range(5):
        platform.clock.advance(DAY // 2 + 3_000)
        seen += [payout.status for payout in platform.v1.payouts.list({}, options).data]
    platform.clock.advance(DAY)

    assert list(dict.fromkeys(seen)) == ["in_transit"]
    assert platform.v1.payouts.list({"status": "paid"}, options).data[0].amount == 9_000
    assert [kind for kind in _types(platform, coach) if kind.startswith("payout")] == [
        "payout.paid",
        "payout.updated",
        "payout.created",
    ]
    assert platform.funds(coach) == (0, 0)


def test_a_paid_payout_may_still_fail(platform: Platform) -> None:
    """The money comes back to the available balance."""
    coach, payment = platform.coach(), platform.paid()
    platform.transfer(payment, coach, 9_000)
    platform.clock.advance(5 * DAY)
    options: Any = {"stripe_account": coach}
    (payout,) = platform.v1.payouts.list({}, options).data
    platform.control(f"/payouts/{payout.id}/fail", failure_code="no_account")

    failed = platform.v1.payouts.retrieve(payout.id, {}, options)
    assert (failed.status, failed.failure_code) == ("failed", "no_account")
    assert platform.funds(coach) == (9_000, 0)
    assert _types(platform, coach)[0] == "payout.failed"


def test_a_manual_payout_is_bounded_and_can_be_called_back(platform: Platform) -> None:
    """While it is pending."""
    platform.paid(card="pm_card_bypassPending")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.payouts.create({"amount": 9_681, "currency": "cad"})
    assert refusal.value.code == "balance_insufficient"

    payout = platform.v1.payouts.create({"amount": 9_000, "currency": "cad"})
    assert platform.funds() == (680, 0)
    assert platform.v1.payouts.cancel(payout.id).status == "canceled"
    assert platform.funds() == (9_680, 0)


def test_charges_may_settle_in_another_currency(platform: Platform) -> None:
    """Then so must the transfers, and refunds are converted alike."""
    platform.control("/settlement", charges_in="eur", settle_in="cad", rate="1.5")
    payment = platform.paid(currency="eur")
    platform.clock.advance(2)
    charge: Any = payment.latest_charge
    entry: Any = platform.v1.charges.retrieve(charge.id, {"expand": ["balance_transaction"]}).balance_transaction
    assert (entry.currency, entry.amount, entry.fee, entry.exchange_rate) == ("cad", 15_000, 480, 1.5)

    with pytest.raises(stripe.InvalidRequestError, match=r"balance transaction \(cad\)"):
        platform.transfer(payment, platform.coach(), 100, currency="eur")
    assert platform.transfer(payment, platform.coach(), 15_000).currency == "cad"
    platform.v1.refunds.create({"charge": charge.id, "amount": 1_000})
    assert platform.funds() == (0, 15_000 - 480 - 15_000 - 1_500)


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
