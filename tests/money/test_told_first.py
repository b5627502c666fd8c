"""Sessions, refunds and disputes are told, whatever becomes of the coach's money."""

from __future__ import annotations

from typing import Any

import pytest

from backend.webhooks import signals
from tests.builders import Marketplace
from tests.money.wide_world import HOUR
from tests.routes.test_webhooks import heard

# The session does not wait for the coach's money.


@pytest.mark.parametrize("effect", [{"status": 500, "cache": True}, {"status": 403}, "rate_limit", "close", "garbage"])
def test_the_session_is_told_whatever_becomes_of_the_coachs_money(market: Marketplace, effect: Any) -> None:
    """A stored 500, a key that may not create transfers: the delivery fails, and the player has the session."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", effect, times=3)

    with heard(signals.session_opened) as sessions:
        assert market.send(market.event("payment_intent.succeeded")) >= 500

    assert [told["session"].payment_intent_id for told in sessions] == [payment]


def test_a_subscriber_that_fails_does_not_keep_the_coachs_money_back(market: Marketplace) -> None:
    """The delivery is a 500, and the money has moved."""
    market.ready_coach()
    payment = market.paid()

    def broken(_sender: Any, **_facts: Any) -> None:
        raise KeyError("no such player")

    with signals.session_opened.connected_to(broken):
        assert market.send(market.event("payment_intent.succeeded")) == 500

    assert market.held(payment) == 4252


def test_a_session_is_told_when_the_refund_that_closed_it_fails(market: Marketplace) -> None:
    """Refunded in full before the success was handled; then the bank sends the refund back."""
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    market.stripe.v1.refunds.create({"payment_intent": intent["id"]})

    with heard(signals.session_opened) as sessions, heard(signals.session_revoked) as revoked:
        market.deliver()
        assert (len(sessions), {told["payment_id"] for told in revoked}) == (0, {intent["id"]})
        market.clock.advance(HOUR)
        market.deliver()

    assert {told["session"].payment_intent_id for told in sessions} == {intent["id"]}
    assert market.held(intent["id"]) == 4252


def test_a_failed_refund_is_told_as_failed(market: Marketplace) -> None:
    """An old event that says ``succeeded`` comes again: what is told is what Stripe says now."""
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    market.stripe.v1.refunds.create({"payment_intent": intent["id"], "amount": 1000})
    old = market.event("refund.created")
    market.clock.advance(HOUR)

    with heard(signals.refund_made) as made, heard(signals.refund_failed) as failed:
        market.deliver()
        market.send(old)

    assert made == []
    assert {(told["payment_id"], told["amount"], told["status"]) for told in failed} == {(intent["id"], 1000, "failed")}


def test_the_end_of_a_dispute_is_told_with_its_outcome(market: Marketplace) -> None:
    """The news differs from that of its beginning, and so does the id."""
    payment = market.paid()
    dispute = market.dispute(payment)
    with heard(signals.dispute_opened) as opened, heard(signals.dispute_closed) as closed:
        market.deliver()
        market.control("POST", f"/disputes/{dispute}/win")
        market.deliver()

    assert {told["id"] for told in opened} == {dispute}
    assert {(told["dispute_id"], told["outcome"]) for told in closed} == {(dispute, "won")}
