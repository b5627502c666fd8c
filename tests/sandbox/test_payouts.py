"""Payouts go from pending to paid, may fail, and are bounded by the balance; charges settle in a currency."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform
from tests.sandbox.event_types import event_types

DAY = 86_400


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
    assert [kind for kind in event_types(platform, coach) if kind.startswith("payout")] == [
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
    assert event_types(platform, coach)[0] == "payout.failed"


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
