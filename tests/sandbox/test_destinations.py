"""Destination charges, application fees, and what goes back of them, to the cent."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

STRIPE_FEE = 320  # 2.9% of 10,000, and 30


def _able(platform: Platform) -> str:
    """A coach in whose name can be charged, too."""
    wanted: Any = {"transfers": {"requested": True}, "card_payments": {"requested": True}}
    account = platform.v1.accounts.create({"type": "express", "country": "CA", "capabilities": wanted})
    platform.control(f"/accounts/{account.id}/onboard")
    return account.id


def _sent(platform: Platform, **params: Any) -> tuple[Any, str]:
    """A payment of 100.00 for a coach, with its charge as it is a little later; and the coach."""
    coach = _able(platform)
    data = {"destination": coach, **params.pop("data", {})}
    payment: Any = platform.paid(10_000, transfer_data=data, **params)
    platform.clock.advance(2)
    return platform.v1.charges.retrieve(payment.latest_charge.id), coach


def _held(platform: Platform, account: str | None = None) -> int:
    return sum(platform.funds(account))


@pytest.mark.parametrize(
    ("params", "coach_has"),
    [
        ({}, 10_000),
        ({"application_fee_amount": 1_234}, 8_766),
        ({"data": {"amount": 8_500}}, 8_500),
        ({"application_fee_amount": 10_000}, 0),
        ({"application_fee_amount": 0}, 10_000),
    ],
)
def test_the_coach_has_the_rest(platform: Platform, params: Any, coach_has: int) -> None:
    """And the platform what it kept, less Stripe's fee."""
    _, coach = _sent(platform, **params)

    assert _held(platform, coach) == coach_has
    assert _held(platform) == 10_000 - STRIPE_FEE - coach_has


def test_a_charge_tells_where_it_went(platform: Platform) -> None:
    """Two seconds later, by the same charge.updated that brings its balance transaction."""
    charge, coach = _sent(platform, application_fee_amount=1_234, on_behalf_of=None)
    transfer = platform.v1.transfers.retrieve(charge.transfer)
    fee = platform.v1.application_fees.retrieve(charge.application_fee)

    assert charge.transfer_data.destination == transfer.destination == fee.account == coach
    assert (transfer.amount, transfer.source_transaction) == (10_000, charge.id)
    assert (fee.amount, fee.charge, fee.originating_transaction) == (1_234, transfer.destination_payment, charge.id)
    assert charge.transfer_group == transfer.transfer_group == f"group_{charge.payment_intent}"
    platform.sandbox.deliver_due()
    told: Any = platform.v1.events.list({"type": "charge.updated"}).data[0]
    assert set(told.data.previous_attributes.to_dict()) == {"balance_transaction", "transfer", "application_fee"}


def test_the_answer_does_not_know_yet(platform: Platform) -> None:
    """Asynchronous capture; with capture_method automatic it does."""
    data = {"destination": platform.coach()}
    later: Any = platform.paid(transfer_data=data).latest_charge
    at_once: Any = platform.paid(transfer_data=data, capture_method="automatic").latest_charge

    assert not hasattr(later, "transfer")
    assert at_once.transfer.startswith("tr_")


def test_the_coachs_books_say_what_was_kept(platform: Platform) -> None:
    """A payment of the whole, with the platform's part as its fee."""
    _, coach = _sent(platform, application_fee_amount=1_234)
    entry: Any = platform.v1.balance_transactions.list({}, {"stripe_account": coach}).data[0]

    assert (entry.type, entry.amount, entry.fee, entry.net) == ("payment", 10_000, 1_234, 8_766)
    assert [(part.type, part.amount) for part in entry.fee_details] == [("application_fee", 1_234)]


def test_a_direct_charge_pays_its_fee(platform: Platform) -> None:
    """Made on the connected account, and kept by the platform."""
    coach = _able(platform)
    params: Any = {
        "amount": 10_000,
        "currency": "cad",
        "confirm": True,
        "payment_method": "pm_card_visa",
        "return_url": "https://shop.test",
        "application_fee_amount": 1_000,
    }
    payment = platform.v1.payment_intents.create(params, {"stripe_account": coach})
    fee: Any = platform.v1.application_fees.list({"charge": str(payment.latest_charge)}).data[0]

    assert _held(platform, coach) == 10_000 - STRIPE_FEE - 1_000
    assert (_held(platform), fee.account, fee.originating_transaction) == (1_000, coach, None)


@pytest.mark.parametrize(
    ("flags", "coach_gives", "fee_back"),
    [
        ({}, 0, 0),
        ({"reverse_transfer": True}, 4_000, 0),
        ({"reverse_transfer": True, "refund_application_fee": True}, 4_000, 494),
        ({"refund_application_fee": True}, 0, 494),
    ],
)
def test_a_refund_takes_along_what_it_is_told_to(
    platform: Platform, flags: Any, coach_gives: int, fee_back: int
) -> None:
    """In proportion; by default the platform pays alone."""
    charge, coach = _sent(platform, application_fee_amount=1_234)
    params: Any = {"charge": charge.id, "amount": 4_000, **flags}
    refund = platform.v1.refunds.create(params)

    assert _held(platform, coach) == 8_766 - coach_gives + fee_back
    assert _held(platform) == 10_000 - STRIPE_FEE - 8_766 - 4_000 + coach_gives - fee_back
    assert (refund.transfer_reversal is not None) is bool(coach_gives)


def test_refunds_bit_by_bit_add_up(platform: Platform) -> None:
    """Three refunds of uneven parts take back exactly the transfer and exactly the fee."""
    charge, coach = _sent(platform, application_fee_amount=1_001)
    for amount in (3_333, 3_333, 3_334):
        params: Any = {"charge": charge.id, "amount": amount, "reverse_transfer": True, "refund_application_fee": True}
        platform.v1.refunds.create(params)

    assert _held(platform, coach) == 0
    assert platform.v1.transfers.retrieve(charge.transfer).reversed
    assert platform.v1.application_fees.retrieve(charge.application_fee).refunded
    assert _held(platform) == -STRIPE_FEE


def test_a_reversal_names_the_refund_that_it_is_for(platform: Platform) -> None:
    """And the refund names the reversal."""
    charge, _ = _sent(platform)
    refund: Any = platform.v1.refunds.create({"charge": charge.id, "reverse_transfer": True})
    reversal = platform.v1.transfers.reversals.retrieve(charge.transfer, refund.transfer_reversal)

    assert (reversal.source_refund, reversal.amount) == (refund.id, 10_000)


def test_a_fee_goes_back_on_its_own(platform: Platform) -> None:
    """In part, then the rest; then no more."""
    charge, coach = _sent(platform, application_fee_amount=1_000)
    first = platform.v1.application_fees.refunds.create(charge.application_fee, {"amount": 400})
    platform.v1.application_fees.refunds.create(charge.application_fee)
    fee = platform.v1.application_fees.retrieve(charge.application_fee)

    assert (first.amount, fee.amount_refunded, fee.refunded) == (400, 1_000, True)
    assert _held(platform, coach) == 10_000
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        platform.v1.application_fees.refunds.create(charge.application_fee, {"amount": 1})


def test_a_reversal_gives_its_share_of_the_fee_back(platform: Platform) -> None:
    """If it is told to."""
    charge, coach = _sent(platform, application_fee_amount=1_000)
    params: Any = {"amount": 2_500, "refund_application_fee": True}
    platform.v1.transfers.reversals.create(charge.transfer, params)

    assert _held(platform, coach) == 9_000 - 2_500 + 250


@pytest.mark.parametrize("amounts", [(3_333, 3_333, 3_334), (1, 9_999), (9_999, 1)])
def test_reversals_bit_by_bit_give_the_whole_fee_back(platform: Platform, amounts: tuple[int, ...]) -> None:
    """Each a part of it, none of them of nothing."""
    charge, coach = _sent(platform, application_fee_amount=1_001)
    for amount in amounts:
        params: Any = {"amount": amount, "refund_application_fee": True}
        platform.v1.transfers.reversals.create(charge.transfer, params)
    fee: Any = platform.v1.application_fees.retrieve(charge.application_fee)

    assert (fee.refunded, _held(platform, coach), _held(platform)) == (True, 0, 10_000 - STRIPE_FEE)
    assert all(refund.amount for refund in fee.refunds.data)


@pytest.mark.parametrize(("way", "confirm"), [("update", False), ("capture", True)])
def test_a_change_that_is_refused_leaves_the_fee_as_it_was(platform: Platform, way: str, confirm: bool) -> None:
    """By metadata that are too many together with those before."""
    params: Any = {"transfer_data": {"destination": _able(platform)}, "application_fee_amount": 100}
    before = {f"a{key}": "x" for key in range(30)}
    intent = platform.paid(10_000, capture_method="manual", confirm=confirm, metadata=before, expand=[], **params)
    too_many: Any = {"metadata": {f"b{key}": "x" for key in range(30)}, "application_fee_amount": 900}
    with pytest.raises(stripe.InvalidRequestError, match="at most 50 keys"):
        getattr(platform.v1.payment_intents, way)(intent.id, too_many)

    assert platform.v1.payment_intents.retrieve(intent.id).application_fee_amount == 100


def test_a_dispute_takes_nothing_from_the_coach(platform: Platform) -> None:
    """The platform carries it."""
    charge, coach = _sent(platform, application_fee_amount=1_000)
    platform.control("/disputes", charge=charge.id)

    assert _held(platform, coach) == 9_000
    assert _held(platform) == 1_000 - STRIPE_FEE - 10_000 - 1_500


def test_a_converted_charge_is_sent_on_in_its_settlement_currency(platform: Platform) -> None:
    """The transfer and the fee are reckoned at the charge's own rate."""
    platform.control("/settlement", charges_in="cad", settle_in="usd", rate="0.75")
    charge, _ = _sent(platform, application_fee_amount=1_001)
    transfer = platform.v1.transfers.retrieve(charge.transfer)
    fee = platform.v1.application_fees.retrieve(charge.application_fee)

    assert (transfer.amount, transfer.currency) == (7_500, "usd")
    assert (fee.amount, fee.currency) == (751, "usd")


@pytest.mark.parametrize(
    ("params", "param", "words"),
    [
        ({"application_fee_amount": 100}, "application_fee_amount", "Can only apply an application_fee_amount"),
        ({"transfer_data": {"destination": "acct_gone"}}, "transfer_data[destination]", "No such destination"),
        ({"on_behalf_of": "acct_gone"}, "on_behalf_of", "No such account"),
    ],
)
def test_what_makes_no_sense_is_refused(platform: Platform, params: Any, param: str, words: str) -> None:
    """Before a PaymentIntent is made."""
    given: Any = {"amount": 500, "currency": "cad", **params}
    with pytest.raises(stripe.InvalidRequestError, match=words) as refusal:
        platform.v1.payment_intents.create(given)

    assert refusal.value.param == param
    assert platform.v1.payment_intents.list({}).data == []


@pytest.mark.parametrize(
    ("fee", "amount"), [(501, None), (None, 501), (100, 400)], ids=["fee above", "amount above", "both"]
)
def test_no_more_is_sent_than_is_paid(platform: Platform, fee: int | None, amount: int | None) -> None:
    """And what is sent is said in one way."""
    data: Any = {"destination": platform.coach()} | ({"amount": amount} if amount else {})
    params: Any = {"amount": 500, "currency": "cad", "transfer_data": data}
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.payment_intents.create(params | ({"application_fee_amount": fee} if fee else {}))


def test_a_coach_who_cannot_receive_gets_no_charge(platform: Platform) -> None:
    """In the words of a refused transfer."""
    data: Any = {"destination": platform.coach(ready=False)}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.payment_intents.create({"amount": 500, "currency": "cad", "transfer_data": data})

    assert refusal.value.code == "insufficient_capabilities_for_transfer"


@pytest.mark.parametrize("flag", ["reverse_transfer", "refund_application_fee"])
def test_what_is_not_there_does_not_go_back(platform: Platform, flag: str) -> None:
    """An ordinary charge has neither transfer nor fee."""
    payment = platform.paid()
    params: Any = {"payment_intent": payment.id, flag: True}
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.refunds.create(params)

    assert platform.v1.refunds.list({}).data == []


def test_a_coach_who_has_spent_it_cannot_give_it_back(platform: Platform) -> None:
    """The refund is refused whole."""
    charge, coach = _sent(platform)
    platform.clock.advance(4 * 86_400)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.refunds.create({"charge": charge.id, "reverse_transfer": True})

    assert (refusal.value.code, platform.funds(coach)) == ("balance_insufficient", (0, 0))
    assert platform.v1.refunds.list({}).data == []
