"""Debts, hand-made payments and payments left to a person: settling counts them, and writes nothing twice."""

from __future__ import annotations

from typing import Any

from tests.builders import Marketplace

HOUR = 3_600

DAY = 24 * HOUR


def test_money_that_the_coach_no_longer_has_is_owed_to_the_cent(market: Marketplace) -> None:
    """After a payout the reversal is refused; the player is refunded, and the note says what is owed."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(7 * DAY)
    market.deliver()

    answer = market.refund(payment)
    market.deliver()

    assert answer.status_code == 200
    assert market.note(payment).startswith("held:clawback_pending:0r0.")
    assert market.note(payment).endswith(":4252")


def test_what_is_owed_is_taken_back_once_the_coach_has_money_again(market: Marketplace) -> None:
    """The next trigger finishes it."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(7 * DAY)
    market.deliver()
    market.refund(payment)
    market.deliver()
    market.paid_available()
    market.deliver()

    market.settle(payment)

    assert (market.held(payment), market.note(payment)) == (0, None)


def test_settling_what_waits_writes_nothing_the_second_time(market: Marketplace) -> None:
    """A hold that still stands is left alone."""
    market.register()
    payment = market.paid()
    market.deliver()
    market.forget_calls()

    market.settle(payment)

    assert [call for call in market.calls() if call.startswith("POST")] == []


def test_a_refund_while_the_coach_is_not_ready_changes_what_is_owed(market: Marketplace) -> None:
    """The refused key was for another amount; its refusal proves it dead, so the next one is used at once."""
    account = market.register()
    payment = market.paid()
    market.deliver()
    market.refund(payment, amount=2000)
    market.deliver()

    market.onboard(account)
    market.deliver()

    assert market.held(payment) == 2725 - 273
    assert market.note(payment) is None


def test_a_payment_settled_by_hand_is_left_alone(market: Marketplace) -> None:
    """``settlement=manual`` is a person's word."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": "manual"}})

    market.deliver()

    assert market.transfers(payment) == []


def test_a_strangers_transfer_in_the_group_is_neither_counted_nor_reversed(market: Marketplace) -> None:
    """It names neither the charge nor the payment."""
    account = market.ready_coach()
    payment = market.paid()
    market.paid_available()
    group = market.stripe.v1.payment_intents.retrieve(payment).transfer_group
    params: Any = {"amount": 100, "currency": "cad", "destination": account, "transfer_group": group}
    stranger = market.stripe.v1.transfers.create(params)

    market.clock.advance(2 * HOUR)
    market.deliver()

    ours = [t for t in market.transfers(payment) if t.id != stranger.id]
    assert [t.amount for t in ours] == [4252]
    assert market.stripe.v1.transfers.retrieve(stranger.id).amount_reversed == 0


def test_more_transfers_than_a_page_are_all_counted(market: Marketplace) -> None:
    """A decision on the first page alone would pay twice."""
    account = market.ready_coach()
    payment = market.paid()
    group = market.stripe.v1.payment_intents.retrieve(payment).transfer_group
    charge = market.charge(payment)
    for _ in range(101):
        market.stripe.v1.transfers.create(
            {"amount": 40, "currency": "cad", "destination": account, "source_transaction": charge}
        )

    market.clock.advance(2 * HOUR)
    market.deliver()

    assert group
    assert market.held(payment) == 4252


def test_after_a_reversal_by_hand_the_share_is_paid_again(market: Marketplace) -> None:
    """Level-triggered: what a person takes back without saying ``manual`` is owed again."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, {"amount": 4252})

    market.paid_available()
    market.deliver()

    assert market.held(payment) == 4252


def test_the_percentage_is_the_one_of_the_purchase(market: Marketplace) -> None:
    """A backend with another percentage settles an old payment at the old one."""
    market.ready_coach()
    payment = market.paid()
    market.change_fee("50")

    market.deliver()

    assert market.held(payment) == 4252
