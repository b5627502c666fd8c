"""The note on a payment: written once, kept while it may still say something, cleared when nothing waits."""

from __future__ import annotations

from structlog.testing import capture_logs

from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.noted import HOUR, STORED, written
from tests.money.wide_world import pay_by_hand, settle_or_not, with_funds


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
