"""Bank debits: processing for days, then paid or failed; and taken back after they were paid."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Platform
from tests.sandbox.debits import ACSS, begun, read, types
from tests.sandbox.test_money import DAY


def _told(platform: Platform) -> list[str]:
    """The types of all events, oldest first."""
    return [str(event.type) for event in platform.v1.events.list({"limit": 100}).data][::-1]


def test_a_debit_is_processing_until_the_bank_answers(platform: Platform) -> None:
    """The charge is there at once, pending; four days later it is paid, and booked."""
    intent, start = begun(platform, metadata={"a": "1"}), platform.clock.now()
    charge = intent.latest_charge

    assert (intent.status, intent.amount_received) == ("processing", 0)
    assert (charge.status, charge.paid, charge.id[:3], charge.balance_transaction) == ("pending", False, "py_", None)
    assert charge.payment_method_details.type == "acss_debit"
    assert charge.payment_method_details.acss_debit.last4 == "6789"
    assert (charge.metadata.a, types(platform)) == ("1", [])
    assert _told(platform) == ["payment_intent.created", "payment_intent.processing", "charge.pending"]
    platform.clock.advance(4 * DAY - 1)
    assert read(platform, intent.id).status == "processing"
    platform.clock.advance(10)

    later = read(platform, intent.id)
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
    """A server's confirmation and the route of the control path both begin the debit."""
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
    intent = begun(platform, token, currency=currency)
    platform.clock.advance(4 * DAY)

    later = read(platform, intent.id)
    assert (later.status, later.last_payment_error.code) == (
        "requires_payment_method",
        "payment_intent_payment_attempt_failed",
    )
    assert (later.latest_charge.status, later.latest_charge.failure_code) == ("failed", code)
    assert _told(platform)[3:] == ["charge.failed", "payment_intent.payment_failed"]
    assert types(platform) == []
    assert platform.control(f"/payment_intents/{intent.id}/pay")["status"] == "succeeded"


@pytest.mark.parametrize(
    ("given", "status"),
    [({}, "succeeded"), ({"succeeded": False, "failure_code": "account_closed"}, "requires_payment_method")],
)
def test_the_bank_may_answer_now(platform: Platform, given: dict[str, Any], status: str) -> None:
    """The bank's answer is taken at once, and what would have come later comes no more."""
    intent = begun(platform)

    assert platform.control(f"/payment_intents/{intent.id}/settle", **given)["status"] == status
    told = _told(platform)
    platform.clock.advance(10 * DAY)
    assert [kind for kind in _told(platform)[len(told) :] if kind.startswith(("payment_intent", "charge.f"))] == []
    assert platform.raw("POST", f"/_sandbox/payment_intents/{intent.id}/settle", key=None).status_code == 400


def test_an_old_answer_does_not_decide_a_new_attempt(platform: Platform) -> None:
    """The first attempt was ended by hand; the second is answered in its own time."""
    intent = begun(platform, "pm_acssDebit_noAccount")
    platform.control(f"/payment_intents/{intent.id}/settle", succeeded=False)
    platform.clock.advance(DAY)
    platform.control(f"/payment_intents/{intent.id}/pay", card=ACSS)
    platform.clock.advance(3 * DAY)
    assert read(platform, intent.id).status == "processing"

    platform.clock.advance(DAY)

    assert read(platform, intent.id).status == "succeeded"


def test_a_debit_may_be_booked_when_it_begins(platform: Platform) -> None:
    """The booked amount and its fee are booked back when the money never comes."""
    platform.control("/behaviour", debit_booked="pending")
    failed, paid = begun(platform, "pm_acssDebit_noAccount"), begun(platform)
    assert paid.latest_charge.balance_transaction is not None
    assert platform.funds() == (0, 2 * 9_680)

    platform.clock.advance(4 * DAY)

    assert types(platform) == [
        ("payment", 10_000, 320),
        ("payment", 10_000, 320),
        ("payment_failure_refund", -10_000, -320),
    ]
    back = read(platform, failed.id).latest_charge.failure_balance_transaction
    assert platform.v1.balance_transactions.retrieve(back).reporting_category == "charge_failure"
    platform.clock.advance(3 * DAY)
    assert platform.funds() == (9_680, 0)


def test_a_debit_bounces_as_a_dispute(platform: Platform) -> None:
    """The bank takes the whole amount back by a dispute of its own reason."""
    intent = begun(platform)
    platform.clock.advance(5 * DAY)
    platform.control(f"/charges/{intent.latest_charge.id}/bounce")

    (dispute,) = platform.v1.disputes.list({"charge": intent.latest_charge.id}).data
    assert (dispute.reason, dispute.amount, dispute.status) == ("debit_not_authorized", 10_000, "needs_response")
    assert dispute.payment_method_details is None
    assert types(platform)[-1] == ("adjustment", -10_000, 1_500)


@pytest.mark.parametrize(("reopens", "status"), [(False, "succeeded"), (True, "requires_payment_method")])
def test_a_debit_bounces_as_a_failure(platform: Platform, reopens: bool, status: str) -> None:
    """The charge fails after all; what a refund gave back before is not taken twice."""
    platform.control("/behaviour", debit_bounces_as="failure", bounce_reopens_intent=reopens)
    intent = begun(platform)
    platform.clock.advance(5 * DAY)
    platform.v1.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    platform.control(f"/charges/{intent.latest_charge.id}/bounce")

    later = read(platform, intent.id)
    charge = later.latest_charge
    assert (later.status, charge.status, charge.paid) == (status, "failed", False)
    assert charge.failure_balance_transaction is not None
    assert types(platform) == [
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
    for payment in (platform.paid(), begun(platform)):
        answer = platform.raw("POST", f"/_sandbox/charges/{payment.latest_charge.id}/bounce", key=None)
        assert answer.status_code == 400


@pytest.mark.parametrize("way", ["dispute", "failure"])
def test_a_debit_bounces_once(platform: Platform, way: str) -> None:
    """One that was taken back is not taken back again, whichever way it was."""
    platform.control("/behaviour", debit_bounces_as=way)
    intent = begun(platform)
    platform.control(f"/payment_intents/{intent.id}/settle")
    path = f"/_sandbox/charges/{intent.latest_charge.id}/bounce"

    assert [platform.raw("POST", path, key=None).status_code for _ in range(2)] == [200, 400]
    assert sum(amount for _, amount, _ in types(platform)) == 0


def test_a_debit_may_be_disputed_by_itself(platform: Platform) -> None:
    """The account for that is disputed soon after the money came."""
    intent = begun(platform, "pm_acssDebit_dispute")
    platform.clock.advance(4 * DAY + 60)

    assert [one.reason for one in platform.v1.disputes.list({"payment_intent": intent.id}).data] == [
        "debit_not_authorized"
    ]


def test_a_debit_that_is_processing_can_be_canceled(platform: Platform) -> None:
    """Its charge fails, and the bank's answer changes nothing any more."""
    intent = begun(platform, "pm_usBankAccount_processing", currency="usd")
    platform.clock.advance(30 * DAY)
    assert platform.v1.payment_intents.cancel(intent.id).status == "canceled"

    assert read(platform, intent.id).latest_charge.failure_code == "charge_canceled"
    other = begun(platform)
    platform.v1.payment_intents.cancel(other.id)
    platform.clock.advance(10 * DAY)
    assert read(platform, other.id).status == "canceled"
