"""Rules around bank debits: currencies, sources, refunds, and what cannot be changed."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform
from tests.sandbox.debits import ACSS, begun, types
from tests.sandbox.test_money import DAY, refusal


@pytest.mark.parametrize(
    ("token", "currency"), [(ACSS, "eur"), ("pm_usBankAccount_success", "cad"), ("pm_success_de", "usd")]
)
def test_a_debit_has_its_currencies(platform: Platform, token: str, currency: str) -> None:
    """Another currency is refused, and nothing is charged."""
    error = refusal(lambda: begun(platform, token, currency=currency))

    assert error.param == "payment_method"
    assert platform.v1.charges.list({}).data == []


def test_excluded_methods_pay_nothing(platform: Platform) -> None:
    """A debit that the intent excludes is refused."""
    given: Any = {"excluded_payment_method_types": ["acss_debit"]}

    assert "not allowed" in str(refusal(lambda: begun(platform, **given)))


def test_a_source_must_have_succeeded(platform: Platform) -> None:
    """A transfer from a pending charge is refused; from a paid one it waits for the funds."""
    intent, coach = begun(platform), platform.coach()
    refusal(lambda: platform.transfer(intent, coach, 100))
    platform.clock.advance(4 * DAY)

    assert platform.transfer(intent, coach, 100).source_transaction == intent.latest_charge.id
    assert platform.funds(coach) == (0, 100)


@pytest.mark.parametrize(("succeeded", "status"), [(True, "succeeded"), (False, "failed")])
def test_a_refund_of_a_pending_charge_waits_for_it(platform: Platform, succeeded: bool, status: str) -> None:
    """Nothing moves until the charge has succeeded; the refund fails with the charge."""
    intent = begun(platform)
    refund: Any = platform.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.pending_reason, refund.balance_transaction) == ("pending", "charge_pending", None)
    assert refund.id.startswith("pyr_")

    platform.control(f"/payment_intents/{intent.id}/settle", succeeded=succeeded)

    after = platform.v1.refunds.retrieve(refund.id)
    assert (after.status, after.balance_transaction is not None) == (status, succeeded)
    assert sum(amount for _, amount, _ in types(platform)) == 0


def test_a_debit_is_saved_with_a_customer(platform: Platform) -> None:
    """A saved bank account pays again and again."""
    customer = platform.v1.customers.create({})
    method = platform.v1.payment_methods.attach(ACSS, {"customer": customer.id})

    assert (method.type, hasattr(method, "card")) == ("acss_debit", False)
    for _ in range(2):
        assert platform.paid(card=method.id, customer=customer.id).status == "processing"


def test_an_unknown_test_account_is_refused_by_name(platform: Platform) -> None:
    """It is told as unsupported, not as a payment method that does not exist."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        begun(platform, "pm_usBankAccount_weeklyLimitExceeded")

    assert refused.value.code == "sandbox_unsupported"


def test_payments_that_are_processing_can_be_searched(platform: Platform) -> None:
    """Search finds them of whatever age, and a paid one no more."""
    first, second = begun(platform, "pm_usBankAccount_processing", currency="usd"), begun(platform)
    platform.clock.advance(3 * DAY)
    query: Any = {"query": 'status:"processing"'}
    assert {one.id for one in platform.v1.payment_intents.search(query).data} == {first.id, second.id}
    platform.clock.advance(2 * DAY)

    assert [one.id for one in platform.v1.payment_intents.search(query).data] == [first.id]


@pytest.mark.parametrize("given", [{"amount": 900}, {"currency": "usd"}, {"payment_method": "pm_card_visa"}])
def test_a_payment_that_is_processing_is_not_changed(platform: Platform, given: Any) -> None:
    """Amount, currency and method are refused, and so is another attempt; metadata may be written."""
    intent = begun(platform)

    assert (
        refusal(lambda: platform.v1.payment_intents.update(intent.id, given)).code == "payment_intent_unexpected_state"
    )
    assert platform.v1.payment_intents.update(intent.id, {"metadata": {"a": "1"}}).status == "processing"
    assert platform.raw("POST", f"/_sandbox/payment_intents/{intent.id}/pay", key=None).status_code == 400
