"""The coach holds exactly what the coach should, whatever happens and however often it is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.builders import Marketplace, key_of
from tests.money.workers import Meanwhile

HOUR = 3_600


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
