"""Bank debits: processing for days, then paid or failed; and taken back after they were paid."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform
from tests.sandbox.test_money import DAY, refusal

ACSS = "pm_acssDebit_success"


def _begun(platform: Platform, token: str = ACSS, **params: Any) -> Any:
    """A PaymentIntent whose bank is being asked, paid in a browser."""
    given: Any = {"amount": 10_000, "currency": "cad", **params}
    intent = platform.v1.payment_intents.create(given)
    paid: Any = {"client_secret": intent.client_secret, "payment_method": token, "return_url": "https://shop.test"}
    platform.browser.payment_intents.confirm(intent.id, paid)
    return _read(platform, intent.id)


def _read(platform: Platform, intent: str) -> Any:
    return platform.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})


def _told(platform: Platform) -> list[str]:
    """The types of all events, oldest first."""
    return [str(event.type) for event in platform.v1.events.list({"limit": 100}).data][::-1]


def _types(platform: Platform) -> list[tuple[str, int, int]]:
    entries = platform.v1.balance_transactions.list({"limit": 100}).data[::-1]
    return [(entry.type, entry.amount, entry.fee) for entry in entries]


def test_a_debit_is_processing_until_the_bank_answers(platform: Platform) -> None:
    """The charge is there at once, pending; four days later it is paid, and booked."""
    intent, start = _begun(platform, metadata={"a": "1"}), platform.clock.now()
    charge = intent.latest_charge

    assert (intent.status, intent.amount_received) == ("processing", 0)
    assert (charge.status, charge.paid, charge.id[:3], charge.balance_transaction) == ("pending", False, "py_", None)
    assert charge.payment_method_details.type == "acss_debit"
    assert charge.payment_method_details.acss_debit.last4 == "6789"
    assert (charge.metadata.a, _types(platform)) == ("1", [])
    assert _told(platform) == ["payment_intent.created", "payment_intent.processing", "charge.pending"]
    platform.clock.advance(4 * DAY - 1)
    assert _read(platform, intent.id).status == "processing"
    platform.clock.advance(10)

    later = _read(platform, intent.id)
    assert (later.status, later.amount_received, later.latest_charge.id) == ("succeeded", 10_000, charge.id)
    assert (later.latest_charge.status, later.latest_charge.paid, later.latest_charge.created) == (
        "succeeded",
        True,
        start,
    )
    assert _told(platform)[3:] == ["payment_intent.succeeded", "charge.succeeded", "charge.updated"]
    (entry,) = platform.v1.balance_transactions.list({}).data
    assert (entry.type, entry.created, entry.id) == (
        "payment",
        start + 4 * DAY,
        later.latest_charge.balance_transaction,
    )


def test_a_debit_can_be_confirmed_by_a_server(platform: Platform) -> None:
    """A server's confirmation and the door of the control path both begin the debit."""
    intent = platform.paid(card=ACSS)
    other = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"})

    assert intent.status == "processing"
    assert platform.control(f"/payment_intents/{other.id}/pay", card=ACSS)["status"] == "processing"


@pytest.mark.parametrize(
    ("token", "currency", "code"),
    [
        ("pm_acssDebit_insufficientFunds", "cad", "insufficient_funds"),
        ("pm_usBankAccount_noAccount", "usd", "no_account"),
        ("pm_failed_de", "eur", "insufficient_funds"),
    ],
)
def test_a_debit_may_fail_after_days(platform: Platform, token: str, currency: str, code: str) -> None:
    """The intent waits for another method, which pays it."""
    intent = _begun(platform, token, currency=currency)
    platform.clock.advance(4 * DAY)

    later = _read(platform, intent.id)
    assert (later.status, later.last_payment_error.code) == (
        "requires_payment_method",
        "payment_intent_payment_attempt_failed",
    )
    assert (later.latest_charge.status, later.latest_charge.failure_code) == ("failed", code)
    assert _told(platform)[3:] == ["charge.failed", "payment_intent.payment_failed"]
    assert _types(platform) == []
    assert platform.control(f"/payment_intents/{intent.id}/pay")["status"] == "succeeded"


@pytest.mark.parametrize(
    ("given", "status"),
    [({}, "succeeded"), ({"succeeded": False, "failure_code": "account_closed"}, "requires_payment_method")],
)
def test_the_bank_may_answer_now(platform: Platform, given: dict[str, Any], status: str) -> None:
    """The bank's answer is taken at once, and what would have come later comes no more."""
    intent = _begun(platform)

    assert platform.control(f"/payment_intents/{intent.id}/settle", **given)["status"] == status
    told = _told(platform)
    platform.clock.advance(10 * DAY)
    assert [kind for kind in _told(platform)[len(told) :] if kind.startswith(("payment_intent", "charge.f"))] == []
    assert platform.raw("POST", f"/_sandbox/payment_intents/{intent.id}/settle", key=None).status_code == 400


def test_an_old_answer_does_not_decide_a_new_attempt(platform: Platform) -> None:
    """The first attempt was ended by hand; the second is answered in its own time."""
    intent = _begun(platform, "pm_acssDebit_noAccount")
    platform.control(f"/payment_intents/{intent.id}/settle", succeeded=False)
    platform.clock.advance(DAY)
    platform.control(f"/payment_intents/{intent.id}/pay", card=ACSS)
    platform.clock.advance(3 * DAY)
    assert _read(platform, intent.id).status == "processing"

    platform.clock.advance(DAY)

    assert _read(platform, intent.id).status == "succeeded"


def test_a_debit_may_be_booked_when_it_begins(platform: Platform) -> None:
    """The booked amount and its fee are booked back when the money never comes."""
    platform.control("/behaviour", debit_booked="pending")
    failed, paid = _begun(platform, "pm_acssDebit_noAccount"), _begun(platform)
    assert paid.latest_charge.balance_transaction is not None
    assert platform.funds() == (0, 2 * 9_680)

    platform.clock.advance(4 * DAY)

    assert _types(platform) == [
        ("payment", 10_000, 320),
        ("payment", 10_000, 320),
        ("payment_failure_refund", -10_000, -320),
    ]
    back = _read(platform, failed.id).latest_charge.failure_balance_transaction
    assert platform.v1.balance_transactions.retrieve(back).reporting_category == "charge_failure"
    platform.clock.advance(3 * DAY)
    assert platform.funds() == (9_680, 0)


def test_a_debit_bounces_as_a_dispute(platform: Platform) -> None:
    """The bank takes the whole amount back by a dispute of its own reason."""
    intent = _begun(platform)
    platform.clock.advance(5 * DAY)
    platform.control(f"/charges/{intent.latest_charge.id}/bounce")

    (dispute,) = platform.v1.disputes.list({"charge": intent.latest_charge.id}).data
    assert (dispute.reason, dispute.amount, dispute.status) == ("debit_not_authorized", 10_000, "needs_response")
    assert dispute.payment_method_details is None
    assert _types(platform)[-1] == ("adjustment", -10_000, 1_500)


@pytest.mark.parametrize(("reopens", "status"), [(False, "succeeded"), (True, "requires_payment_method")])
def test_a_debit_bounces_as_a_failure(platform: Platform, reopens: bool, status: str) -> None:
    """The charge fails after all; what a refund gave back before is not taken twice."""
    platform.control("/behaviour", debit_bounces_as="failure", bounce_reopens_intent=reopens)
    intent = _begun(platform)
    platform.clock.advance(5 * DAY)
    platform.v1.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    platform.control(f"/charges/{intent.latest_charge.id}/bounce")

    later = _read(platform, intent.id)
    charge = later.latest_charge
    assert (later.status, charge.status, charge.paid) == (status, "failed", False)
    assert charge.failure_balance_transaction is not None
    assert _types(platform) == [
        ("payment", 10_000, 320),
        ("payment_refund", -1_000, 0),
        ("payment_failure_refund", -9_000, 0),
    ]
    assert ("payment_intent.payment_failed" in _told(platform)) == reopens
    assert "charge.failed" in _told(platform)
    platform.clock.advance(3 * DAY)
    assert sum(platform.funds()) == -320


def test_only_a_debit_that_was_paid_can_bounce(platform: Platform) -> None:
    """A card payment cannot bounce, nor a debit whose bank is still being asked."""
    for payment in (platform.paid(), _begun(platform)):
        answer = platform.raw("POST", f"/_sandbox/charges/{payment.latest_charge.id}/bounce", key=None)
        assert answer.status_code == 400


@pytest.mark.parametrize("way", ["dispute", "failure"])
def test_a_debit_bounces_once(platform: Platform, way: str) -> None:
    """One that was taken back is not taken back again, whichever way it was."""
    platform.control("/behaviour", debit_bounces_as=way)
    intent = _begun(platform)
    platform.control(f"/payment_intents/{intent.id}/settle")
    path = f"/_sandbox/charges/{intent.latest_charge.id}/bounce"

    assert [platform.raw("POST", path, key=None).status_code for _ in range(2)] == [200, 400]
    assert sum(amount for _, amount, _ in _types(platform)) == 0


def test_a_debit_may_be_disputed_by_itself(platform: Platform) -> None:
    """The account for that is disputed soon after the money came."""
    intent = _begun(platform, "pm_acssDebit_dispute")
    platform.clock.advance(4 * DAY + 60)

    assert [one.reason for one in platform.v1.disputes.list({"payment_intent": intent.id}).data] == [
        "debit_not_authorized"
    ]


def test_a_debit_that_is_processing_can_be_canceled(platform: Platform) -> None:
    """Its charge fails, and the bank's answer changes nothing any more."""
    intent = _begun(platform, "pm_usBankAccount_processing", currency="usd")
    platform.clock.advance(30 * DAY)
    assert platform.v1.payment_intents.cancel(intent.id).status == "canceled"

    assert _read(platform, intent.id).latest_charge.failure_code == "charge_canceled"
    other = _begun(platform)
    platform.v1.payment_intents.cancel(other.id)
    platform.clock.advance(10 * DAY)
    assert _read(platform, other.id).status == "canceled"


@pytest.mark.parametrize(
    ("token", "currency"), [(ACSS, "eur"), ("pm_usBankAccount_success", "cad"), ("pm_success_de", "usd")]
)
def test_a_debit_has_its_currencies(platform: Platform, token: str, currency: str) -> None:
    """Another currency is refused, and nothing is charged."""
    error = refusal(lambda: _begun(platform, token, currency=currency))

    assert error.param == "payment_method"
    assert platform.v1.charges.list({}).data == []


def test_excluded_methods_pay_nothing(platform: Platform) -> None:
    """A debit that the intent excludes is refused."""
    given: Any = {"excluded_payment_method_types": ["acss_debit"]}

    assert "not allowed" in str(refusal(lambda: _begun(platform, **given)))


def test_a_source_must_have_succeeded(platform: Platform) -> None:
    """A transfer from a pending charge is refused; from a paid one it waits for the funds."""
    intent, coach = _begun(platform), platform.coach()
    refusal(lambda: platform.transfer(intent, coach, 100))
    platform.clock.advance(4 * DAY)

    assert platform.transfer(intent, coach, 100).source_transaction == intent.latest_charge.id
    assert platform.funds(coach) == (0, 100)


@pytest.mark.parametrize(("succeeded", "status"), [(True, "succeeded"), (False, "failed")])
def test_a_refund_of_a_pending_charge_waits_for_it(platform: Platform, succeeded: bool, status: str) -> None:
    """Nothing moves until the charge has succeeded; the refund fails with the charge."""
    intent = _begun(platform)
    refund: Any = platform.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.pending_reason, refund.balance_transaction) == ("pending", "charge_pending", None)
    assert refund.id.startswith("pyr_")

    platform.control(f"/payment_intents/{intent.id}/settle", succeeded=succeeded)

    after = platform.v1.refunds.retrieve(refund.id)
    assert (after.status, after.balance_transaction is not None) == (status, succeeded)
    assert sum(amount for _, amount, _ in _types(platform)) == 0


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
        _begun(platform, "pm_usBankAccount_weeklyLimitExceeded")

    assert refused.value.code == "sandbox_unsupported"


def test_payments_that_are_processing_can_be_searched(platform: Platform) -> None:
    """Search finds them of whatever age, and a paid one no more."""
    first, second = _begun(platform, "pm_usBankAccount_processing", currency="usd"), _begun(platform)
    platform.clock.advance(3 * DAY)
    query: Any = {"query": 'status:"processing"'}
    assert {one.id for one in platform.v1.payment_intents.search(query).data} == {first.id, second.id}
    platform.clock.advance(2 * DAY)

    assert [one.id for one in platform.v1.payment_intents.search(query).data] == [first.id]


@pytest.mark.parametrize("given", [{"amount": 900}, {"currency": "usd"}, {"payment_method": "pm_card_visa"}])
def test_a_payment_that_is_processing_is_not_changed(platform: Platform, given: Any) -> None:
    """Amount, currency and method are refused, and so is another attempt; metadata may be written."""
    intent = _begun(platform)

    assert (
        refusal(lambda: platform.v1.payment_intents.update(intent.id, given)).code == "payment_intent_unexpected_state"
    )
    assert platform.v1.payment_intents.update(intent.id, {"metadata": {"a": "1"}}).status == "processing"
    assert platform.raw("POST", f"/_sandbox/payment_intents/{intent.id}/pay", key=None).status_code == 400
