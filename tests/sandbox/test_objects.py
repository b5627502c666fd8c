"""Objects carry the fields that the SDK's classes declare, with the types declared there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.sandbox.account_probes import lived_v2
from tests.sandbox.conftest import Platform

# Declared by the SDK, but left out by Stripe unless they apply, or unless expanded.
LEFT_OUT = {
    "account": {"company", "deleted", "individual"},
    "balance": {"connect_reserved", "instant_available", "issuing", "refund_and_dispute_prefunding"},
    "charge": {"level3", "presentment_details", "refunds", "transfer"},
    "customer": {
        "cash_balance",
        "deleted",
        "invoice_credit_balance",
        "sources",
        "subscriptions",
        "tax",
        "tax_ids",
    },
    "event": {"account"},
    "product": {"deleted"},
    "refund": {
        "description",
        "failure_balance_transaction",
        "failure_reason",
        "instructions_email",
        "next_action",
        "pending_reason",
        "presentment_details",
    },
    "setup_attempt": {"attach_to_self"},
    "setup_intent": {"attach_to_self"},
    "token": {"bank_account"},
    "webhook_endpoint": {"deleted", "secret"},
}
CLASSES: tuple[type[stripe.StripeObject], ...] = (
    stripe.Account,
    stripe.AccountLink,
    stripe.ApplicationFee,
    stripe.ApplicationFeeRefund,
    stripe.Balance,
    stripe.BalanceTransaction,
    stripe.Capability,
    stripe.Charge,
    stripe.Customer,
    stripe.Dispute,
    stripe.Event,
    stripe.LoginLink,
    stripe.PaymentIntent,
    stripe.PaymentMethod,
    stripe.Payout,
    stripe.Product,
    stripe.Refund,
    stripe.SetupAttempt,
    stripe.SetupIntent,
    stripe.Token,
    stripe.Transfer,
    stripe.TransferReversal,
    stripe.WebhookEndpoint,
    stripe.radar.EarlyFraudWarning,
    stripe.v2.core.Account,
    stripe.v2.core.AccountLink,
    stripe.v2.core.Event,
    stripe.v2.core.EventDestination,
)


@pytest.fixture(scope="module")
def objects() -> dict[str, list[dict[str, Any]]]:
    """At least one raw object of every kind, by `object`."""
    found: dict[str, list[dict[str, Any]]] = {}
    for body in _lived(Platform()):
        found.setdefault(body["object"], []).append(body)
    return found


def _lived(platform: Platform) -> Iterator[dict[str, Any]]:
    """A platform on which everything has happened once; yields the raw bodies."""
    customer = platform.v1.customers.create({"email": "player@example.com"})
    coach = platform.coach()
    payment = platform.paid(customer=customer.id)
    platform.clock.advance(3)
    transfer = platform.transfer(payment, coach, 5_000)
    reversal = platform.v1.transfers.reversals.create(transfer.id, {"amount": 100})
    refund = platform.v1.refunds.create({"charge": _charge(payment), "amount": 100})
    disputed = _charge(platform.paid())
    warning = platform.control("/early_fraud_warnings", charge=disputed)
    dispute = platform.control("/disputes", charge=disputed)
    debits = [_debited(platform, currency) for currency in ("cad", "eur", "usd")]
    platform.raw("POST", "/v1/payment_intents", data={"amount": "500", "currency": "usd"})
    platform.clock.advance(4 * 86_400)
    onboarding = {"account": coach, "type": "account_onboarding", "return_url": "http://a", "refresh_url": "http://a"}
    yield _json(platform, "POST", "/v1/account_links", data=onboarding)
    yield _json(platform, "POST", f"/v1/accounts/{coach}/login_links")
    yield _json(platform, "POST", "/v1/products", data={"name": "Coaching"})
    yield from _set_up(platform)
    yield _json(platform, "POST", "/v1/webhook_endpoints", data={"url": "http://a", "enabled_events[]": "*"})
    for path in (
        f"/v1/accounts/{coach}",
        "/v1/account",
        f"/v1/accounts/{coach}/capabilities/transfers",
        "/v1/balance",
        f"/v1/charges/{_charge(payment)}",
        f"/v1/customers/{customer.id}",
        f"/v1/disputes/{dispute['id']}",
        "/v1/payment_methods/pm_card_visa",
        *_destined(platform, coach),
        f"/v1/radar/early_fraud_warnings/{warning['id']}",
        f"/v1/refunds/{refund.id}",
        f"/v1/refunds/{_asked(platform)}",
        *(f"/v1/charges/{charge}" for charge in debits),
        f"/v1/transfers/{transfer.id}",
        f"/v1/transfers/{transfer.id}/reversals/{reversal.id}",
    ):
        yield _json(platform, "GET", path)
    yield from _listed(platform, coach)


def _listed(platform: Platform, coach: str) -> Iterator[dict[str, Any]]:
    """The raw bodies of the lists that show what no other path does, the coach's own too."""
    for path in ("/v1/payment_intents", "/v1/balance_transactions", "/v1/events"):
        yield from _json(platform, "GET", f"{path}?limit=100")["data"]
    for path in ("/v1/payouts", "/v1/charges", "/v1/refunds", "/v1/balance_transactions", "/v1/events"):
        yield from _json(platform, "GET", path, headers={"Stripe-Account": coach})["data"]
    yield from lived_v2(platform)


def _set_up(platform: Platform) -> Iterator[dict[str, Any]]:
    """A card set up, one that was not, their attempts; and a token of a card."""
    given = {"confirm": "true", "return_url": "https://shop.test", "payment_method": "pm_card_visa"}
    yield (done := _json(platform, "POST", "/v1/setup_intents", data=given))
    given["payment_method"] = "pm_card_visa_chargeDeclined"
    error = (platform.raw("POST", "/v1/setup_intents", data=given).json or {})["error"]
    yield _json(platform, "GET", f"/v1/setup_intents/{error['setup_intent']['id']}")
    yield from _json(platform, "GET", f"/v1/setup_attempts?setup_intent={done['id']}")["data"]
    yield from _json(platform, "GET", f"/v1/setup_attempts?setup_intent={error['setup_intent']['id']}")["data"]
    card = {"card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040"}
    yield platform.raw("POST", "/v1/tokens", key="pk_test_sandbox", data=card).json or {}


def _destined(platform: Platform, coach: str) -> tuple[str, ...]:
    """The paths of what a destination charge leaves behind, refunded in part: the charge, its fee, the fee's refund."""
    payment: Any = platform.paid(
        capture_method="manual", transfer_data={"destination": coach}, application_fee_amount=1_000
    )
    captured: Any = platform.v1.payment_intents.capture(payment.id, {"amount_to_capture": 9_000})
    platform.v1.refunds.create({"charge": captured.latest_charge, "amount": 900, "refund_application_fee": True})
    fee = platform.v1.application_fees.list({}).data[0]
    charge = f"/v1/charges/{captured.latest_charge}"
    return charge, f"/v1/application_fees/{fee.id}", f"/v1/application_fees/{fee.id}/refunds/{fee.refunds.data[0].id}"


def _debited(platform: Platform, currency: str) -> str:
    """The charge of a bank debit in the currency, refunded while it was pending; dollars bounce."""
    token = {"cad": "pm_acssDebit_success", "eur": "pm_success_de", "usd": "pm_usBankAccount_success"}[currency]
    payment = platform.paid(card=token, currency=currency)
    platform.v1.refunds.create({"charge": _charge(payment), "amount": 100})
    platform.control(f"/payment_intents/{payment.id}/settle")
    if currency == "usd":
        platform.control("/behaviour", debit_bounces_as="failure")
        platform.control(f"/charges/{_charge(payment)}/bounce")
    return _charge(payment)


def _asked(platform: Platform) -> str:
    """A refund that waits for the customer."""
    platform.control("/behaviour", refund_begins="requires_action")
    return platform.v1.refunds.create({"payment_intent": platform.paid().id}).id


def _json(platform: Platform, method: str, path: str, **options: Any) -> dict[str, Any]:
    body: dict[str, Any] = platform.raw(method, path, **options).json or {}
    assert "object" in body, body
    return body


def _charge(payment: Any) -> str:
    return str(payment.latest_charge.id)


def _declared(cls: type[stripe.StripeObject]) -> dict[str, str]:
    names = {name: str(hint) for name, hint in cls.__annotations__.items()}
    return {name: hint for name, hint in names.items() if not name.startswith("_") and name != "OBJECT_NAME"}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_objects_have_the_declared_fields(objects: dict[str, list[dict[str, Any]]], cls: Any) -> None:
    """All of them, no others, but for those that Stripe leaves out too."""
    kind = cls.OBJECT_NAME
    declared = set(_declared(cls))
    if kind == "payment_method":
        declared -= {name for name in declared if name not in objects[kind][0]} - {"metadata", "customer"}

    for body in objects[kind]:
        assert set(body) <= declared
        assert declared - set(body) <= LEFT_OUT.get(kind, set())


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_fields_have_the_declared_types(objects: dict[str, list[dict[str, Any]]], cls: Any) -> None:
    """Null only where the SDK says Optional; numbers, strings, flags and lists where it says so."""
    for body in objects[cls.OBJECT_NAME]:
        for name, hint in _declared(cls).items():
            if name in body:
                assert _fits(body[name], hint), f"{name}: {hint} is {body[name]!r}"


def _fits(value: Any, hint: str) -> bool:
    core = re.sub(r"typing\.|['\"]", "", hint)
    if value is None:
        return "Optional" in core or "None" in core
    for word, kind in (("int", int), ("str", str), ("bool", bool), ("float", float)):
        if re.fullmatch(rf"(Optional\[)?(<class )?{word}(>)?\]?", core):
            return type(value) is kind
    if re.match(r"(Optional\[)?List\[", core):
        return isinstance(value, list)
    return not isinstance(value, bool | float) if "Literal" in core and "True" not in core else True


def test_one_payments_objects_share_the_beginning_of_their_ids(platform: Platform) -> None:
    """The first 17 characters after the prefix, as Stripe's do; the rest has its usual length."""
    payment = platform.paid(transfer_group="g")
    charge = _charge(payment)
    transfer = platform.transfer(payment, platform.coach(), 100)
    refund = platform.v1.refunds.create({"charge": charge})

    ids = [payment.id, charge, transfer.id, refund.id, refund.balance_transaction]

    assert len({str(found).partition("_")[2][:17] for found in ids}) == 1
    assert {len(str(found).partition("_")[2]) for found in ids} == {24}


def test_the_same_seed_makes_the_same_ids() -> None:
    """So that a run can be repeated exactly."""
    assert Platform().paid().id == Platform().paid().id
