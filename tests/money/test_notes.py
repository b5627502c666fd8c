"""The note on a payment: written once, kept while it may still say something, cleared when nothing waits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.services.errors import Undecided
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.test_world import pay_by_hand, settle_or_not, with_funds
from tests.money.workers import StagedStripe

HOUR = 3_600
STORED: Any = {"status": 500, "cache": True}


def written(market: Marketplace, payment: str) -> int:
    """The number of writes on the payment itself since ``forget_calls``."""
    return market.calls().count(f"POST /v1/payment_intents/{payment}")


def test_an_outcome_that_is_unknown_stays_noted_when_nothing_is_owed_any_more(market: Marketplace) -> None:
    """The transfer may still come true after the refund; when three hours are over, the note goes."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", STORED)
    assert settle_or_not(market, payment) is None
    market.refund_in_dashboard(payment, 4725)

    market.clock.advance(3 * HOUR)
    market.settle(payment)
    assert market.note(payment) == f"unknown:0.0:{NOW}p"
    market.clock.advance(1)
    market.settle(payment)

    assert market.note(payment) is None


def test_a_transfer_that_comes_true_after_the_refund_is_taken_back(market: Marketplace) -> None:
    """The note kept the payment among those that are looked at."""
    account = market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {**STORED, "late": 2 * HOUR})
    assert settle_or_not(market, payment) is None
    market.refund_in_dashboard(payment, 4725)
    market.settle(payment)
    assert market.note(payment) is not None

    market.clock.advance(2 * HOUR + 1)
    market.settle(payment)

    assert (market.held(payment), market.note(payment)) == (0, None)
    assert [t["amount"] for t in market.all("transfers") if t["destination"] == account] == [4252]


def test_a_note_goes_with_the_transfer_that_fills_its_slot(market: Marketplace) -> None:
    """A person paid the rest meanwhile; our own transfer came true too and is taken back."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.fault("POST", "/v1/transfers", "before", {**STORED, "late": 60})
    assert settle_or_not(market, payment) is None
    pay_by_hand(market, account, metadata={"for": payment})
    market.settle(payment)
    assert market.note(payment) == f"unknown:0.0:{NOW}p"

    market.clock.advance(61)
    market.settle(payment)

    held = sum(t["amount"] - t["amount_reversed"] for t in market.all("transfers") if t["destination"] == account)
    assert (held, market.note(payment)) == (4252, None)


def test_what_is_settled_has_no_note_and_is_not_written_to(market: Marketplace) -> None:
    """A clean payment costs reads only."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    market.forget_calls()

    market.settle(payment)

    assert written(market, payment) == 0


def test_that_an_unknown_outcome_is_pinned_is_learned_later(market: Marketplace) -> None:
    """A 500 that was not stored, then one that was: the time stays that of the first."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 500}, times=2)
    settle_or_not(market, payment)
    assert market.note(payment) == f"unknown:0.0:{NOW}"
    market.clock.advance(60)
    market.fault("POST", "/v1/transfers", "before", {"status": 500}, times=2)
    market.forget_calls()
    settle_or_not(market, payment)
    assert (market.note(payment), written(market, payment)) == (f"unknown:0.0:{NOW}", 0)

    market.clock.advance(60)
    market.fault("POST", "/v1/transfers", "before", STORED)
    settle_or_not(market, payment)
    settle_or_not(market, payment)

    assert market.note(payment) == f"unknown:0.0:{NOW}p"


def test_a_hold_does_not_overwrite_what_may_still_come_true(market: Marketplace) -> None:
    """An unclear transfer is met while a write is open: the delivery fails, and the note keeps its time."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.fault("POST", "/v1/transfers", "before", STORED)
    assert settle_or_not(market, payment) is None
    gift = pay_by_hand(market, account, 100, metadata={"for": f"{payment} or pi_2"})

    assert settle_or_not(market, payment) is None
    assert market.note(payment) == f"unknown:0.0:{NOW}p"
    market.stripe.v1.transfers.update(gift, {"metadata": {"for": "none"}})
    market.clock.advance(4 * HOUR)
    market.settle(payment)

    assert (market.held(payment), market.note(payment)) == (4252, None)


def test_a_damaged_payment_is_held_once_and_said_each_time(market: Marketplace) -> None:
    """Its note is written at the first look, with Stripe's time."""
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": "many"}})
    market.forget_calls()

    with capture_logs() as logs:
        first = market.settle(payment)
        market.clock.advance(60)
        second = market.settle(payment)

    assert (first.state, first.payment, first.payment_id) == ("held", None, payment)
    assert (first.note, market.note(payment)) == (second.note, f"held:unreadable:0.0:{NOW}")
    assert written(market, payment) == 1
    assert [(line["event"], line["payment"], line["reason"]) for line in logs] == [
        ("settlement.held", payment, "unreadable")
    ]


def test_a_damaged_payment_that_is_not_paid_gets_no_note(market: Marketplace) -> None:
    """There is no money that waits."""
    payment = str(market.buy()["id"])
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": "many"}})

    assert market.settle(payment).state == "held"
    assert market.note(payment) is None


def test_damage_does_not_overwrite_what_may_still_come_true(market: Marketplace) -> None:
    """The unknown outcome stays noted under the damage."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", STORED)
    settle_or_not(market, payment)
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": "many"}})

    assert market.settle(payment).state == "held"
    assert market.note(payment) == f"unknown:0.0:{NOW}p"


class UnseenDisputes(StagedStripe):
    """A line on which no charge says that it is disputed."""

    def request(self, *args: Any, **rest: Any) -> Any:
        """One call."""
        body, status, headers = super().request(*args, **rest)
        return re.sub(rb'"disputed":\s*true', b'"disputed":false', body), status, headers


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
