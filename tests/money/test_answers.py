"""Each of Stripe's answers has its consequence: done, refused, taken, in flight, unknown; now or replayed."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from backend.domain.states import MoneyState
from backend.services.errors import Undecided
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.workers import Meanwhile

HOUR = 3_600


def test_an_unknown_outcome_names_its_slot_and_generation(market: Marketplace) -> None:
    """A stored 500, and three hours later another under the next generation; each is logged as it happens."""
    market.ready_coach()
    payment = market.paid()
    stored: Any = {"status": 500, "cache": True}
    market.fault("POST", "/v1/transfers", "before", stored)

    with capture_logs() as logs, pytest.raises(Undecided):
        market.settle(payment)
    assert market.note(payment) == f"unknown:0.0:{NOW}p"
    market.clock.advance(3 * HOUR + 1)
    market.fault("POST", "/v1/transfers", "before", stored)
    market.forget_calls()
    with pytest.raises(Undecided):
        market.settle(payment)

    assert logs == [
        {"event": "settlement.unknown", "log_level": "warning", "payment": payment, "slot": "0", "generation": 0}
    ]
    assert market.note(payment) == f"unknown:0.1:{NOW + 3 * HOUR + 1}p"
    assert list(dict.fromkeys(market.money_keys())) == [f"transfer:{payment}:0", f"transfer:{payment}:0:g1"]


def test_an_unknown_reversal_names_the_transfers_slot(market: Marketplace) -> None:
    """``0r0``: the first reversal of the first transfer."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    market.mature_funds()
    market.refund_in_dashboard(payment, 2000)
    market.fault("POST", r"/v1/transfers/\w+/reversals", "before", {"status": 500, "cache": True})

    with pytest.raises(Undecided):
        market.settle(payment)

    assert market.note(payment) == f"unknown:0r0.0:{market.clock.now()}p"


def test_a_fresh_500_never_climbs_a_generation(market: Marketplace) -> None:
    """However long the outcome has been unknown: this answer is new, and may still come true."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": f"unknown:0.0:{NOW - 9 * HOUR}"}})
    market.fault("POST", "/v1/transfers", "before", {"status": 500}, times=2)
    market.forget_calls()

    with pytest.raises(Undecided):
        market.settle(payment)

    assert set(market.money_keys()) == {f"transfer:{payment}:0"}
    assert market.transfers(payment) == []


def test_a_500_before_the_list_was_read_is_asked_again_after_it(market: Marketplace) -> None:
    """It was not stored, so the same key pays now, in the same delivery."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.fault("POST", "/v1/transfers", "before", {"status": 500}, times=2)

    assert market.send(event) == 200

    assert (market.held(payment), market.note(payment)) == (4252, None)


def test_a_key_that_another_view_took_leads_to_another_look(market: Marketplace) -> None:
    """Between the list and the write somebody else transferred a part under the same key."""
    account = market.ready_coach()
    payment = market.paid()
    charge = market.charge(payment)

    def other_view() -> None:
        part: Any = {"amount": 1000, "currency": "cad", "destination": account, "source_transaction": charge}
        market.stripe.v1.transfers.create(part, {"idempotency_key": f"transfer:{payment}:0"})

    with market.line.watched(Meanwhile(2, other_view)):
        settlement = market.settle(payment)

    assert (settlement.state, settlement.moved) == (MoneyState.SETTLED, 3252)
    assert [transfer.amount for transfer in market.transfers(payment)] == [1000, 3252]


def test_a_request_in_flight_is_left_to_the_one_who_sent_it(market: Marketplace) -> None:
    """Stripe says 409 as often as it is asked: come again later, and note nothing."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 409, "code": "idempotency_key_in_use"}, times=4)

    with pytest.raises(Undecided):
        market.settle(payment)

    assert (market.note(payment), market.transfers(payment)) == (None, [])


@pytest.mark.parametrize("effect", ["garbage", "empty_200", "rate_limit", {"status": 403}, {"status": 401}])
def test_an_answer_that_says_nothing_of_the_money_leaves_no_note(market: Marketplace, effect: Any) -> None:
    """It is raised as it came; the same key is safe to repeat."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", effect, times=2)

    with pytest.raises(stripe.StripeError):
        market.settle(payment)
    market.sandbox.faults.clear()

    assert market.note(payment) is None
    assert market.settle(payment).moved == 4252


def test_an_account_that_is_gone_is_a_refusal_and_no_fault_of_the_key(market: Marketplace) -> None:
    """403 ``account_invalid``: no other 403 is about the payment. The account is there all the same: the next
    generation pays.
    """
    market.ready_coach()
    payment = market.paid()
    gone: Any = {"status": 403, "code": "account_invalid", "message": "Gone.", "cache": True}
    market.fault("POST", "/v1/transfers", "before", gone)

    with capture_logs() as logs:
        market.settle(payment)
    assert market.note(payment) == f"held:account_gone:0.0:{NOW}p:4252"
    assert (logs[0]["code"], logs[0]["said"]) == ("account_invalid", "Gone.")
    market.forget_calls()

    assert market.settle(payment).moved == 4252
    assert market.money_keys() == [f"transfer:{payment}:0", f"transfer:{payment}:0:g1"]


def test_a_success_that_is_replayed_says_nothing_of_now(market: Marketplace) -> None:
    """The event comes again within the hour; a person took the transfer back meanwhile. The list tells."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.paid_available()
    market.send(event)
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id)

    with capture_logs() as logs:
        assert market.send(event) == 200

    assert [(made.amount, made.amount_reversed) for made in market.transfers(payment)] == [(4252, 4252), (4252, 0)]
    assert [line["event"] for line in logs].count("transfer.made") == 1


def test_what_went_and_came_in_one_settle_is_counted_together(market: Marketplace) -> None:
    """A dispute is won right after its part was taken back: nothing has moved in the end."""
    market.ready_coach()
    payment = market.paid()
    market.paid_available()
    market.settle(payment)
    market.mature_funds()
    dispute = market.dispute(payment)
    reading_disputes_and_reversing = 4

    def win() -> None:
        market.control("POST", f"/disputes/{dispute}/win")

    with market.line.watched(Meanwhile(reading_disputes_and_reversing, win)):
        settlement = market.settle(payment)

    made = [(transfer.amount, transfer.amount_reversed) for transfer in market.transfers(payment)]
    assert made == [(4252, 4252), (4252, 0)]
    assert (settlement.state, settlement.moved) == (MoneyState.SETTLED, 0)


def test_the_services_are_told_when_a_payment_cannot_be_brought_to_rest(market: Marketplace) -> None:
    """A payment that changes with every look is left after eight, for the next trigger."""
    market.ready_coach()
    payment = market.paid()
    market.mature_funds()
    refunds = iter(range(1, 200))

    class RefundedAtEveryWrite:
        """A cent goes back to the player before each transfer or reversal leaves."""

        def before(self) -> None:
            if next(refunds) % 3 == 0:
                market.refund_in_dashboard(payment, 20)

        def after(self) -> None:
            """Nothing happens on this side."""

    with market.line.watched(RefundedAtEveryWrite()), pytest.raises(Undecided):
        market.settle(payment)

    assert 0 <= market.held(payment) <= 4252


def test_a_transfer_whose_answer_was_lost_is_found(market: Marketplace) -> None:
    """The work was done, the line was cut; the next delivery finds it."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.fault("POST", "/v1/transfers", "after", "close", times=2)

    first = market.send(event)
    second = market.send(event)

    assert (first, second) == (503, 200)
    assert [t.amount for t in market.transfers(payment)] == [4252]


def test_a_stored_500_is_waited_out_and_then_escaped(market: Marketplace) -> None:
    """Stripe pins the 500 under the key; three hours later the next generation pays, once."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "cache": True})

    assert market.send(event) == 503
    assert market.note(payment).startswith("unknown:0.0:")
    market.clock.advance(HOUR)
    assert market.send(event) == 503
    market.clock.advance(3 * HOUR)
    assert market.send(event) == 200

    assert [t.amount for t in market.transfers(payment)] == [4252]
    assert market.note(payment) is None


def test_a_500_after_the_work_is_recognised_by_the_list(market: Marketplace) -> None:
    """It was done; the replayed 500 leads to the list, and nothing is sent again."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.fault("POST", "/v1/transfers", "after", {"status": 500, "cache": True})

    assert market.send(event) == 200
    assert [t.amount for t in market.transfers(payment)] == [4252]
    assert market.note(payment) is None
