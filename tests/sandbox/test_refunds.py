"""Refunds that wait, fail long after they succeeded, or are called back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Platform
from tests.sandbox.test_money import refusal


def _told(platform: Platform) -> list[str]:
    """The events of refunds, oldest first."""
    kinds: Any = ["refund.created", "refund.updated", "refund.failed", "charge.refunded"]
    return [str(event.type) for event in platform.v1.events.list({"types": kinds, "limit": 100}).data][::-1]


def _charge(payment: Any) -> str:
    return str(payment.latest_charge.id)


def test_a_refund_waits_for_the_balance(platform: Platform) -> None:
    """It moves nothing, and is carried out by itself once there is enough."""
    platform.control("/behaviour", refund_waits_for_balance=True)
    payment = platform.paid()
    refund: Any = platform.v1.refunds.create({"payment_intent": payment.id})
    assert (refund.status, refund.pending_reason, refund.balance_transaction) == ("pending", "insufficient_funds", None)
    assert platform.v1.balance_transactions.list({"type": "refund"}).data == []
    assert _told(platform) == ["refund.created", "charge.refunded"]

    platform.paid(card="pm_card_bypassPending")
    assert platform.v1.refunds.retrieve(refund.id).status == "pending"
    platform.paid(card="pm_card_bypassPending")

    after: Any = platform.v1.refunds.retrieve(refund.id)
    assert (after.status, hasattr(after, "pending_reason")) == ("succeeded", False)
    (entry,) = platform.v1.balance_transactions.list({"type": "refund"}).data
    assert (entry.id, entry.amount, entry.created) == (after.balance_transaction, -10_000, platform.clock.now())
    assert _told(platform) == ["refund.created", "charge.refunded", "refund.updated"]


def test_a_refund_that_is_covered_does_not_wait(platform: Platform) -> None:
    """The available balance pays it at once."""
    platform.control("/behaviour", refund_waits_for_balance=True)
    payment = platform.paid(card="pm_card_bypassPending")

    assert platform.v1.refunds.create({"payment_intent": payment.id, "amount": 9_680}).status == "succeeded"
    assert platform.funds() == (0, 0)


@pytest.mark.parametrize("counts", [True, False])
def test_a_refund_that_waits_may_fail(platform: Platform, counts: bool) -> None:
    """Nothing comes back, for nothing had been taken."""
    platform.control("/behaviour", refund_waits_for_balance=True, pending_refund_counts=counts)
    payment = platform.paid()
    refund = platform.v1.refunds.create({"payment_intent": payment.id, "amount": 4_000})
    assert platform.v1.charges.retrieve(_charge(payment)).amount_refunded == (4_000 if counts else 0)
    platform.control(f"/refunds/{refund.id}/fail", failure_reason="insufficient_funds")
    platform.paid(50_000, card="pm_card_bypassPending")

    after: Any = platform.v1.refunds.retrieve(refund.id)
    assert (after.status, after.failure_reason) == ("failed", "insufficient_funds")
    assert not hasattr(after, "failure_balance_transaction")
    assert platform.v1.charges.retrieve(_charge(payment)).amount_refunded == 0
    assert {entry.type for entry in platform.v1.balance_transactions.list({}).data} == {"charge"}


def test_any_refund_may_fail_long_after(platform: Platform) -> None:
    """The money is back with the platform, and the charge is no longer refunded."""
    payment = platform.paid()
    refund = platform.v1.refunds.create({"payment_intent": payment.id})
    before = platform.funds()
    platform.control(f"/refunds/{refund.id}/fail", failure_reason="declined", after=86_400)
    assert platform.v1.refunds.retrieve(refund.id).status == "succeeded"
    platform.clock.advance(86_400)

    after: Any = platform.v1.refunds.retrieve(refund.id)
    charge = platform.v1.charges.retrieve(_charge(payment))
    assert (after.status, after.failure_reason) == ("failed", "declined")
    assert platform.v1.balance_transactions.retrieve(after.failure_balance_transaction).type == "refund_failure"
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert sum(platform.funds()) == sum(before) + 10_000
    assert _told(platform)[-2:] == ["refund.updated", "refund.failed"]
    assert platform.raw("POST", f"/_sandbox/refunds/{refund.id}/fail", key=None).status_code == 400


def test_a_refund_that_ended_before_does_not_fail_later(platform: Platform) -> None:
    """A refund that was failed by hand meanwhile is not failed again."""
    refund = platform.v1.refunds.create({"payment_intent": platform.paid().id})
    platform.control(f"/refunds/{refund.id}/fail", after=60)
    platform.control(f"/refunds/{refund.id}/fail")
    platform.clock.advance(60)

    assert _told(platform).count("refund.failed") == 1


@pytest.mark.parametrize("given", [{"failure_reason": "x"}, {"failure_reason": "x", "after": 5}])
def test_an_unknown_failure_reason_is_refused(platform: Platform, given: dict[str, Any]) -> None:
    """It is refused when it is asked for, not when the time has come."""
    refund = platform.v1.refunds.create({"payment_intent": platform.paid().id})
    answer = platform.raw("POST", f"/_sandbox/refunds/{refund.id}/fail", key=None, json=given)

    assert (answer.status_code, answer.json["error"]["param"]) == (400, "failure_reason")


def test_a_refund_that_waits_for_the_customer_can_be_canceled(platform: Platform) -> None:
    """The money comes back; told by refund.updated, not by refund.failed."""
    platform.control("/behaviour", refund_begins="requires_action")
    payment = platform.paid()
    refund: Any = platform.v1.refunds.create({"payment_intent": payment.id})
    assert (refund.status, refund.next_action.type) == ("requires_action", "display_details")
    before = platform.funds()
    platform.v1.refunds.cancel(refund.id)

    after: Any = platform.v1.refunds.retrieve(refund.id)
    assert (after.status, platform.v1.charges.retrieve(_charge(payment)).amount_refunded) == ("canceled", 0)
    assert sum(platform.funds()) == sum(before) + 10_000
    assert _told(platform) == ["refund.created", "charge.refunded", "refund.updated", "refund.updated"]
    refusal(lambda: platform.v1.refunds.cancel(refund.id))


def test_a_person_cancels_or_the_customer_answers(platform: Platform) -> None:
    """The routes of the control path cancel one, and let another succeed once."""
    platform.control("/behaviour", refund_begins="requires_action")
    first, second = (platform.v1.refunds.create({"payment_intent": platform.paid().id}) for _ in range(2))

    assert platform.control(f"/refunds/{first.id}/cancel")["status"] == "canceled"
    assert platform.control(f"/refunds/{second.id}/succeed")["status"] == "succeeded"
    assert platform.raw("POST", f"/_sandbox/refunds/{second.id}/succeed", key=None).status_code == 400


def test_a_refund_that_succeeded_cannot_be_canceled(platform: Platform) -> None:
    """One that does not wait for the customer is refused."""
    refund = platform.v1.refunds.create({"payment_intent": platform.paid().id})

    assert "cannot be canceled" in str(refusal(lambda: platform.v1.refunds.cancel(refund.id)))


def test_a_charge_may_remember_a_refund_that_failed(platform: Platform) -> None:
    """As chosen, amount_refunded does not drop again when the refund fails."""
    platform.control("/behaviour", failed_refund_lowers_charge=False)
    payment = platform.paid()
    refund = platform.v1.refunds.create({"payment_intent": payment.id})
    platform.control(f"/refunds/{refund.id}/fail")

    charge = platform.v1.charges.retrieve(_charge(payment))
    assert (charge.amount_refunded, charge.refunded) == (10_000, True)


def test_a_refund_waits_for_the_balance_that_it_is_paid_from(platform: Platform) -> None:
    """Euros that settle in dollars are refunded from the dollars."""
    platform.control("/settlement", charges_in="eur", settle_in="cad", rate="2")
    platform.control("/behaviour", refund_waits_for_balance=True)
    payment = platform.paid(1_000, currency="eur")
    platform.paid(2_100, card="pm_card_bypassPending")

    assert platform.v1.refunds.create({"payment_intent": payment.id, "amount": 900}).status == "succeeded"
    assert platform.v1.refunds.create({"payment_intent": payment.id, "amount": 100}).status == "succeeded"


def test_refunds_that_wait_are_carried_out_in_turn(platform: Platform) -> None:
    """One that is too big lets a smaller one pass, and is tried again."""
    platform.control("/behaviour", refund_waits_for_balance=True)
    big, small = (platform.v1.refunds.create({"payment_intent": platform.paid(n).id}) for n in (8_000, 500))
    statuses = []
    for amount in (1_000, 8_000):
        platform.paid(amount, card="pm_card_bypassPending")
        statuses.append([platform.v1.refunds.retrieve(one.id).status for one in (big, small)])

    assert statuses == [["pending", "succeeded"], ["succeeded", "succeeded"]]
