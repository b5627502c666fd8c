"""Marks of disputes and refunds that a charge does not show, and notes that give way to others."""

from __future__ import annotations

import pytest

from backend.services.errors import Undecided
from tests.builders import Marketplace
from tests.money.noted import HOUR, STORED, UnseenDisputes, written
from tests.money.wide_world import pay_by_hand, settle_or_not, with_funds


def test_a_dispute_that_the_charge_does_not_show_is_remembered_once(market: Marketplace) -> None:
    """Later looks read the disputes because of it; a dispute that took nothing leaves no mark."""
    market.line = UnseenDisputes(market.sandbox)
    market.app = market.another_backend()
    market.ready_coach()
    payment, other = market.paid(), market.paid()
    market.deliver()
    market.control("POST", "/disputes", {"charge": market.charge(other), "inquiry": True})
    market.control("POST", "/disputes", {"charge": market.charge(payment)})

    def mark(one: str) -> str | None:
        return market.stripe.v1.payment_intents.retrieve(one).metadata.to_dict().get("disputeSeen")

    market.deliver()
    assert (mark(payment), mark(other)) == ("true", None)
    event = market.event("charge.dispute.created")
    market.forget_calls()
    market.send(event)
    assert written(market, payment) == 0
    assert (market.settle(payment).moved, market.held(payment)) == (0, 0)


def test_a_refund_that_the_charge_does_not_show_is_remembered_once(market: Marketplace) -> None:
    """Later looks read the refunds because of it, and the session is not told as open."""
    market.control("POST", "/behaviour", {"refund_waits_for_balance": True, "pending_refund_counts": False})
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, 4725)
    assert market.stripe.v1.charges.retrieve(market.charge(payment)).amount_refunded == 0

    market.deliver()
    assert market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()["refundSeen"] == "true"
    assert market.held(payment) == 0
    market.forget_calls()
    market.clock.advance(2 * HOUR)
    market.send(market.event("refund.created"))

    assert written(market, payment) == 0
    assert (market.settle(payment).moved, market.held(payment)) == (0, 0)
    assert market.confirm(payment).status_code == 409


def test_a_note_goes_with_the_reversal_that_fills_its_slot(market: Marketplace) -> None:
    """A reversal whose outcome was unknown comes true; nothing is taken twice."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.refund_in_dashboard(payment, 1000)
    market.fault("POST", r"/v1/transfers/\w+/reversals", "before", {**STORED, "late": 60})
    assert settle_or_not(market, payment) is None
    assert str(market.note(payment)).startswith("unknown:0r0.0:")

    market.clock.advance(61)
    market.settle(payment)

    assert (market.held(payment), market.note(payment)) == (3725 - 373, None)


def test_a_hold_takes_the_place_of_an_unknown_outcome_that_is_old(market: Marketplace) -> None:
    """A person paid a part meanwhile, and the coach cannot be paid any more: the rest is held, not undecided."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.fault("POST", "/v1/transfers", "before", STORED)
    assert settle_or_not(market, payment) is None
    pay_by_hand(market, account, 1000, metadata={"for": payment})
    market.control("POST", f"/accounts/{account}/disable", {})
    market.clock.advance(3 * HOUR)
    assert settle_or_not(market, payment) is None
    market.clock.advance(1)

    assert market.settle(payment).state == "held"
    assert str(market.note(payment)).startswith("held:coach_not_ready:1.0:")


@pytest.mark.parametrize("mark", ["alsoPaidBy", "settlementMode", "disputeSeen"])
def test_a_mark_on_a_fresh_payment_has_its_transfers_read(market: Marketplace, mark: str) -> None:
    """A person paid it by hand, and the payment itself says that there is more to look at."""
    account = market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    with_funds(market)
    by_hand = pay_by_hand(market, account, metadata={"for": payment})
    value = {"alsoPaidBy": by_hand, "settlementMode": "auto", "disputeSeen": "true"}[mark]
    market.stripe.v1.payment_intents.update(payment, {"metadata": {mark: value}})

    assert market.send(event) == 200

    sent = [t["id"] for t in market.all("transfers") if t["destination"] == account]
    assert sent == [by_hand]


def test_a_note_that_was_just_written_is_cleared_when_its_reason_goes_away(market: Marketplace) -> None:
    """The payment is read again at each look, its note with it."""
    account = market.register()
    payment = market.paid()

    class Ready:
        """The coach becomes ready once the note is written."""

        def before(self) -> None: ...

        def after(self) -> None:
            if market.calls()[-1] == f"POST /v1/payment_intents/{payment}" and not ready:
                ready.append(True)
                market.onboard(account)

    ready: list[bool] = []
    with market.line.watched(Ready()):
        settlement = market.settle(payment)

    assert (ready, settlement.state, market.held(payment), market.note(payment)) == ([True], "settled", 4252, None)


def test_a_reversal_that_is_refused_leaves_the_note_of_an_open_transfer_alone(market: Marketplace) -> None:
    """The time of the transfer that may still come true must not be lost; the reversal is met again."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(7 * 86_400)
    note = f"unknown:1.0:{market.clock.now()}p"
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": note}})
    market.refund_in_dashboard(payment, 2000)

    with pytest.raises(Undecided):
        market.settle(payment)

    assert market.note(payment) == note
