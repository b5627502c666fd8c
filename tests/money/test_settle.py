"""settle: the coach holds exactly what the coach should, whatever happens and however often it is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.builders import Marketplace, key_of
from tests.money.workers import Meanwhile

HOUR = 3_600
DAY = 24 * HOUR


def test_the_same_event_eight_times_at_once_pays_once(market: Marketplace) -> None:
    """Every delivery sends the same bytes under the same key."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: market.send(event), range(8)))

    assert set(statuses) <= {200, 503}
    assert [t.amount for t in market.transfers(payment)] == [4252]


@pytest.mark.parametrize("later", [HOUR // 2, 2 * HOUR, 25 * HOUR, 71 * HOUR])
def test_an_event_delivered_again_later_pays_nothing(market: Marketplace, later: int) -> None:
    """Stripe forgets the key after 24 hours; the list of transfers remembers."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.deliver()
    market.clock.advance(later)

    assert market.send(event) == 200
    assert [t.amount for t in market.transfers(payment)] == [4252]


def test_the_list_is_skipped_only_for_a_fresh_payment(market: Marketplace) -> None:
    """Two calls within the hour; from then on the payee's transfers, the group's, and the payment as it is after them."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.clock.advance(HOUR)
    market.forget_calls()

    market.send(event)

    assert market.calls() == [
        f"GET /v1/payment_intents/{payment}",
        "GET /v1/transfers",
        "GET /v1/transfers",
        f"GET /v1/payment_intents/{payment}",
        "POST /v1/transfers",
    ]


def test_a_coach_who_is_not_ready_is_paid_when_ready(market: Marketplace) -> None:
    """The note says why; onboarding lifts it."""
    account = market.register()
    payment = market.paid()
    market.deliver()
    assert market.note(payment).startswith("held:coach_not_ready:0.0:")

    market.onboard(account)
    market.deliver()

    assert market.held(payment) == 4252
    assert market.note(payment) is None


def test_a_coach_who_registers_after_being_paid_for_is_paid(market: Marketplace) -> None:
    """There was nobody to pay; now there is."""
    payment = market.paid()
    market.deliver()
    assert market.note(payment).startswith("held:no_account:")
    market.clock.advance(2 * HOUR)

    market.ready_coach()

    assert market.held(payment) == 4252


def test_a_refund_that_slips_in_before_the_transfer_lowers_it(market: Marketplace) -> None:
    """The share is of what is kept."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.refunds.create({"payment_intent": payment, "amount": 2000})

    market.deliver()

    assert market.held(payment) == 2725 - 273


def test_a_refund_that_slips_in_between_read_and_transfer_is_seen(market: Marketplace) -> None:
    """Settle ends only on a read that is later than its last write."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")

    def refund() -> None:
        market.stripe.v1.refunds.create({"payment_intent": payment, "amount": 2000})

    with market.line.watched(Meanwhile(1, refund)):
        assert market.send(event) == 200

    assert market.held(payment) == 2725 - 273


def test_the_players_refund_does_not_wait_for_the_coachs_part(market: Marketplace) -> None:
    """The route answers once the refund exists; Stripe's events bring the rest."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.fault("POST", "/v1/transfers", "before", "rate_limit", times=2)

    answer = market.refund(payment, amount=2000)
    held_then = market.held(payment)
    market.sandbox.faults.clear()
    market.deliver()

    assert answer.status_code == 200
    assert (held_then, market.held(payment)) == (4252, 2725 - 273)


def test_refunds_in_parts_keep_the_share_proportional(market: Marketplace) -> None:
    """After each of three refunds, and with nothing left at the end."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()

    for refunded, share in ((1000, 3352), (2000, 2452), (4725, 0)):
        amount = refunded - sum(r.amount for r in market.refunds(payment))
        body = {"paymentIntentId": payment, "amount": amount}
        assert market.post("/api/payments/refund", body, Idempotency_Key=key_of(f"to-{refunded}")).status_code == 200
        market.deliver()
        assert market.held(payment) == share


def test_a_dispute_takes_the_share_back_and_a_won_one_returns_it(market: Marketplace) -> None:
    """The platform carries a dispute only as far as it kept money."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()

    dispute = market.dispute(payment)
    market.deliver()
    while_open = market.held(payment)
    market.control("POST", f"/disputes/{dispute}/win")
    market.deliver()

    assert (while_open, market.held(payment)) == (0, 4252)


def test_a_lost_dispute_leaves_the_share_with_the_platform(market: Marketplace) -> None:
    """The player has the money back."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()

    market.control("POST", f"/disputes/{market.dispute(payment)}/lose")
    market.deliver()

    assert market.held(payment) == 0


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
