"""Money that takes days to come, or is taken back: bank debits, refunds that fail, and disputes of every kind."""

from __future__ import annotations

import pytest

from backend.webhooks import signals
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.odd_money import HOUR, arrive, choose, debit, share
from tests.money.wide_world import with_funds
from tests.routes.test_webhooks import heard

DAY = 24 * HOUR


# Bank debits.


@pytest.mark.parametrize("booked", ["success", "pending"])
def test_a_session_counts_from_the_moneys_arrival(market: Marketplace, booked: str) -> None:
    """Begun on day 0, paid on day 3: three days of session from day 3, whoever asks, however late."""
    choose(market, debit_booked=booked)
    market.ready_coach()
    payment = debit(market)
    market.clock.set(NOW + 3 * DAY)
    arrive(market, payment)

    with heard(signals.session_opened) as sessions:
        market.deliver()
    market.clock.advance(2 * DAY)
    confirmed = market.confirm(payment).json["session"]

    (told,) = {one["session"] for one in sessions}
    assert (told.created_at, told.session_expiry) == (confirmed["createdAt"], confirmed["sessionExpiry"])
    assert confirmed["createdAt"].startswith("2026-11-05")
    assert confirmed["sessionExpiry"].startswith("2026-11-08")
    assert market.held(payment) == 4252


def test_whoever_sees_the_money_first_writes_when_it_came(market: Marketplace) -> None:
    """No event comes; the front end confirms, twice and from two devices, and the event comes after all."""
    market.ready_coach()
    payment = debit(market)
    market.clock.set(NOW + 3 * DAY)
    arrive(market, payment)
    event = market.event("payment_intent.succeeded")

    first = market.confirm(payment).text
    market.clock.advance(30 * HOUR)
    with heard(signals.session_opened) as sessions:
        market.send(event)

    assert market.confirm(payment).text == first
    assert sessions[0]["session"].created_at in first


def test_a_stored_500_does_not_keep_the_session_from_the_player(market: Marketplace) -> None:
    """The moment is written under the next key."""
    market.ready_coach()
    payment = debit(market)
    market.clock.set(NOW + 3 * DAY)
    arrive(market, payment)
    market.fault("POST", f"/v1/payment_intents/{payment}", "before", {"status": 500, "cache": True})

    assert market.confirm(payment).status_code == 200


def test_a_card_costs_no_write_for_its_moment(market: Marketplace) -> None:
    """The charge's own time never changes."""
    market.ready_coach()
    payment = market.paid()
    market.forget_calls()

    market.confirm(payment)

    assert market.calls() == [f"GET /v1/payment_intents/{payment}"]


@pytest.mark.parametrize("reopens", [False, True])
def test_a_debit_that_bounces_is_taken_back_and_its_session_revoked(market: Marketplace, reopens: bool) -> None:
    """It had succeeded, and the coach was paid."""
    choose(market, debit_bounces_as="failure", bounce_reopens_intent=reopens)
    market.ready_coach()
    payment = debit(market)
    arrive(market, payment)
    market.deliver()
    assert market.held(payment) == 4252

    charge = market.charge(payment)
    assert market.control("POST", f"/charges/{charge}/bounce", {}).status_code == 200
    with heard(signals.session_revoked) as revoked:
        market.deliver()

    assert {(told["payment_id"], told["reason"]) for told in revoked} == {(payment, "returned")}
    assert market.held(payment) == 0
    assert market.confirm(payment).status_code in (400, 409)


def test_a_payment_that_bounced_and_was_paid_again_is_shared_once(market: Marketplace) -> None:
    """Two charges of one payment: what the coach holds of the first counts."""
    choose(market, debit_bounces_as="failure", bounce_reopens_intent=True)
    account = market.ready_coach()
    payment = debit(market)
    arrive(market, payment)
    market.deliver()
    market.clock.advance(7 * DAY)  # the coach is paid out: nothing can be taken back
    market.control("POST", f"/charges/{market.charge(payment)}/bounce", {})
    market.deliver()
    assert market.held(payment) == 4252

    market.control("POST", f"/payment_intents/{payment}/pay", {"card": "pm_card_visa"})
    market.deliver()
    market.clock.advance(2 * HOUR)
    market.settle(payment)

    transfers = [t for t in market.all("transfers") if t["destination"] == account]
    assert sum(t["amount"] - t["amount_reversed"] for t in transfers) == 4252


# Refunds.


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("lowered", [True, False])
def test_a_refund_that_fails_gives_the_coach_the_share_again(market: Marketplace, counted: bool, lowered: bool) -> None:
    """The share goes back to the coach, whether or not the charge's own sum knows of the failure."""
    choose(market, failed_refund_lowers_charge=lowered, pending_refund_counts=counted)
    market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.deliver()
    market.mature_funds()
    refund = market.stripe.v1.refunds.create({"payment_intent": payment, "amount": 2000})
    market.deliver()
    assert market.held(payment) == share(2725)

    market.control("POST", f"/refunds/{refund.id}/fail", {})
    with heard(signals.refund_failed) as failed:
        market.deliver()

    assert {told["refund_id"] for told in failed} == {refund.id}
    assert market.held(payment) == 4252


def test_a_refund_that_waits_is_told_as_requested(market: Marketplace) -> None:
    """And as failed when it is called back."""
    choose(market, refund_begins="requires_action")
    payment = market.paid()
    market.deliver()
    refund = market.stripe.v1.refunds.create({"payment_intent": payment, "amount": 2000})

    with heard(signals.refund_requested) as requested, heard(signals.refund_made) as made:
        market.deliver()
    market.control("POST", f"/refunds/{refund.id}/cancel", {})
    with heard(signals.refund_failed) as failed:
        market.deliver()

    assert ({told["refund_id"] for told in requested}, made) == ({refund.id}, [])
    assert {(told["refund_id"], told["status"]) for told in failed} == {(refund.id, "canceled")}
