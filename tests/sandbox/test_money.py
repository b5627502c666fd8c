"""Transfers, reversals, refunds, disputes, balances and payouts: money is bounded, dated, and never made up."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

DAY = 86_400


def refusal(call: Any) -> stripe.InvalidRequestError:
    """The 400 that a call is answered with."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        call()
    return refused.value


def test_a_transfer_from_a_charge_waits_for_the_charges_funds(platform: Platform) -> None:
    """Pending on both sides until two midnights later; it has no status."""
    coach = platform.coach()
    transfer = platform.transfer(platform.paid(), coach, 9000)

    assert not hasattr(transfer, "status")
    assert platform.funds(coach) == (0, 9000)
    assert platform.funds() == (0, 10_000 - 320 - 9000)
    platform.clock.advance(2 * DAY)
    assert platform.funds(coach) == (9000, 0)
    assert platform.funds() == (680, 0)


def test_the_source_is_a_charge_never_an_intent(platform: Platform) -> None:
    """The mistake that only a mock accepts."""
    intent = platform.paid()
    error = refusal(lambda: platform.transfer(None, platform.coach(), 100, source_transaction=intent.id))

    assert (error.code, error.param) == ("resource_missing", "source_transaction")


def test_transfers_from_a_charge_are_bounded_by_it(platform: Platform) -> None:
    """All together, and what was reversed frees no room."""
    payment, coach = platform.paid(), platform.coach()
    first = platform.transfer(payment, coach, 9000)
    refusal(lambda: platform.transfer(payment, coach, 1001))

    platform.v1.transfers.reversals.create(first.id, {"amount": 9000})

    refusal(lambda: platform.transfer(payment, coach, 1001))
    assert platform.transfer(payment, coach, 1000).amount == 1000


def test_a_transfer_needs_a_coach_who_can_receive_it(platform: Platform) -> None:
    """The capability, a known account, the charge's currency."""
    payment = platform.paid()

    not_ready = refusal(lambda: platform.transfer(payment, platform.coach(ready=False), 100))
    unknown = refusal(lambda: platform.transfer(payment, "acct_0000000000000000", 100))
    currency = refusal(lambda: platform.transfer(payment, platform.coach(), 100, currency="usd"))

    assert not_ready.code == "insufficient_capabilities_for_transfer"
    assert (unknown.code, unknown.param) == ("resource_missing", "destination")
    assert "currency" in str(currency)


def test_a_transfer_without_a_source_needs_available_money(platform: Platform) -> None:
    """Pending does not count; the card for it makes money available at once."""
    coach = platform.coach()
    platform.paid()
    assert refusal(lambda: platform.transfer(None, coach, 100)).code == "balance_insufficient"

    platform.paid(card="pm_card_bypassPending")

    assert platform.transfer(None, coach, 9000).amount == 9000
    assert platform.funds(coach)[0] == 9000


def test_a_group_is_the_charges_or_invented_for_both(platform: Platform) -> None:
    """An intent's group is its charge's."""
    coach = platform.coach()
    named, bare = platform.paid(transfer_group="g1"), platform.paid()
    transfers = [platform.transfer(payment, coach, 100) for payment in (named, bare)]
    charge: Any = bare.latest_charge

    assert transfers[0].transfer_group == "g1"
    assert transfers[1].transfer_group == f"group_{bare.id}"
    assert platform.v1.charges.retrieve(charge.id).transfer_group == f"group_{bare.id}"
    assert [t.id for t in platform.v1.transfers.list({"transfer_group": "g1"}).data] == [transfers[0].id]


def test_reversals_are_bounded_and_need_the_coachs_money(platform: Platform) -> None:
    """After a payout there is none."""
    coach = platform.coach()
    transfer = platform.transfer(platform.paid(), coach, 9000)
    platform.v1.transfers.reversals.create(transfer.id, {"amount": 1000})
    refusal(lambda: platform.v1.transfers.reversals.create(transfer.id, {"amount": 8001}))

    platform.clock.advance(4 * DAY)

    assert platform.funds(coach) == (0, 0)
    refusal(lambda: platform.v1.transfers.reversals.create(transfer.id, {"amount": 8000}))
    again = platform.v1.transfers.retrieve(transfer.id)
    assert (again.amount_reversed, again.reversed) == (1000, False)


def test_a_refund_does_not_touch_the_transfer(platform: Platform) -> None:
    """Each has to be reversed by itself."""
    payment, coach = platform.paid(), platform.coach()
    transfer = platform.transfer(payment, coach, 9000)

    refund = platform.v1.refunds.create({"payment_intent": payment.id})

    assert (refund.amount, refund.status) == (10_000, "succeeded")
    assert platform.v1.transfers.retrieve(transfer.id).amount_reversed == 0


def test_refunds_are_bounded(platform: Platform) -> None:
    """With Stripe's codes; nothing to refund, too much, already, disputed."""
    payment = platform.paid()
    charge: Any = payment.latest_charge
    platform.v1.refunds.create({"payment_intent": payment.id, "amount": 4000})
    assert "greater than unrefunded amount" in str(
        refusal(lambda: platform.v1.refunds.create({"payment_intent": payment.id, "amount": 6001}))
    )
    platform.v1.refunds.create({"charge": charge.id})
    assert refusal(lambda: platform.v1.refunds.create({"charge": charge.id})).code == "charge_already_refunded"
    again = platform.v1.charges.retrieve(charge.id)
    assert (again.amount_refunded, again.refunded) == (10_000, True)

    disputed = platform.paid()
    platform.control("/disputes", charge=disputed.latest_charge.id)
    assert refusal(lambda: platform.v1.refunds.create({"payment_intent": disputed.id})).code == "charge_disputed"


def test_a_dispute_moves_money_and_a_won_one_moves_it_back(platform: Platform) -> None:
    """The amount and the fee, from the platform."""
    payment = platform.paid(card="pm_card_bypassPending")
    before = platform.funds()[0]

    dispute = platform.control("/disputes", charge=payment.latest_charge.id)
    during = platform.funds()[0]
    platform.control(f"/disputes/{dispute['id']}/win")

    assert before - during == 10_000 + 1500
    assert platform.funds()[0] == before
    assert platform.v1.disputes.retrieve(dispute["id"]).status == "won"
    assert platform.v1.charges.retrieve(payment.latest_charge.id).disputed is True


def test_a_daily_payout_empties_the_available_balance(platform: Platform) -> None:
    """And one that fails brings the money back."""
    coach = platform.coach()
    platform.transfer(platform.paid(), coach, 9000)
    platform.clock.advance(4 * DAY)

    payout = platform.v1.payouts.list({}, {"stripe_account": coach}).data[0]
    assert (payout.amount, payout.status, platform.funds(coach)) == (9000, "paid", (0, 0))
    platform.control(f"/payouts/{payout.id}/fail")
    assert platform.funds(coach)[0] == 9000


def test_no_money_is_made_or_lost(platform: Platform) -> None:
    """Platform, coach and bank together hold what was charged, less what went back and Stripe's fees."""
    coach, payments = platform.coach(), [platform.paid() for _ in range(3)]
    transfers = [platform.transfer(payment, coach, 9000) for payment in payments]
    platform.v1.refunds.create({"payment_intent": payments[0].id, "amount": 2500})
    platform.v1.transfers.reversals.create(transfers[0].id, {"amount": 2250})
    platform.clock.advance(5 * DAY)

    paid_out = sum(payout.amount for payout in platform.v1.payouts.list({}, {"stripe_account": coach}).data)
    everywhere = sum(platform.funds()) + sum(platform.funds(coach)) + paid_out
    assert everywhere == 3 * 10_000 - 2500 - 3 * 320


def test_accounts_that_are_not_ours_look_as_if_they_did_not_exist(platform: Platform) -> None:
    """403 account_invalid, in the path and in the header; deleted ones too."""
    gone = platform.coach(ready=False)
    platform.v1.accounts.delete(gone)
    calls: list[Any] = [
        lambda: platform.v1.accounts.retrieve("acct_0000000000000000"),
        lambda: platform.v1.accounts.retrieve(gone),
        lambda: platform.v1.balance.retrieve({}, {"stripe_account": "acct_0000000000000000"}),
    ]
    for call in calls:
        with pytest.raises(stripe.PermissionError) as refused:
            call()
        assert (refused.value.http_status, refused.value.error.code) == (403, "account_invalid")


def test_an_own_product_id_is_unique(platform: Platform) -> None:
    """A second Product of one id is refused: that makes it a registry."""
    platform.v1.products.create({"id": "coach_1", "name": "x", "active": False})

    assert (
        refusal(lambda: platform.v1.products.create({"id": "coach_1", "name": "y"})).code == "resource_already_exists"
    )
