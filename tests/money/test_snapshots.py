"""A decision comes from one answer, or from a second read: somebody acts between any two reads."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from tests.builders import Marketplace
from tests.money.wide_world import settle_or_not
from tests.money.workers import Meanwhile, ObservedStripe

HOUR = 3_600


def to_take_back(market: Marketplace) -> str:
    """A settled payment of which 10.00 were refunded since: 9.00 have to come back."""
    payment = market.paid()
    market.deliver()
    market.clock.advance(2 * HOUR)
    market.refund_in_dashboard(payment, 1000)
    return payment


def reads_before_the_write(market: Marketplace, payment: str) -> int:
    """The number of calls with which a settlement of such a payment begins, before it writes."""
    market.forget_calls()
    market.settle(payment)
    return [call.split()[0] for call in market.calls()].index("POST")


def test_what_another_worker_takes_back_before_any_call_is_not_taken_again(market: Marketplace) -> None:
    """The count that makes the key and the amount that is taken come from one answer; so both send the same bytes."""
    market.ready_coach()
    reads = reads_before_the_write(market, to_take_back(market))
    assert reads > 2

    for call in range(1, reads + 1):
        payment = to_take_back(market)
        with market.line.watched(Meanwhile(call, lambda payment=payment: market.settle(payment))):  # type: ignore[misc]
            settle_or_not(market, payment)

        (transfer,) = market.transfers(payment)
        assert transfer.amount_reversed == 900, call


def test_what_is_refunded_before_any_read_is_taken_back_with_the_rest(market: Marketplace) -> None:
    """The charge is read last; what slipped in before that is in the one reversal."""
    market.ready_coach()
    reads = reads_before_the_write(market, to_take_back(market))

    for call in range(1, reads):
        payment = to_take_back(market)
        with market.line.watched(Meanwhile(call, lambda payment=payment: market.refund_in_dashboard(payment, 500))):  # type: ignore[misc]
            market.settle(payment)

        assert market.held(payment) == 3225 - 323, call


def test_a_person_who_takes_over_before_any_read_is_left_alone(market: Marketplace) -> None:
    """The last read of the payment decides, not the first."""
    market.ready_coach()
    payment = market.paid()
    market.forget_calls()
    market.settle(payment)
    reads = [call.split()[0] for call in market.calls()].index("POST")

    for call in range(1, reads):
        payment = market.paid()
        marks: Any = {"metadata": {"settlementMode": "manual"}}
        takes_over = partial(market.stripe.v1.payment_intents.update, payment, marks)
        with market.line.watched(Meanwhile(call, takes_over)):
            settlement = market.settle(payment)

        assert (settlement.state, market.held(payment)) == ("manual", 0), call


class WithoutTotals(ObservedStripe):
    """A line on which lists do not say how long they are."""

    def request(self, *args: Any, **rest: Any) -> Any:
        """Take the length of lists out of the answer to each call."""
        body, status, headers = super().request(*args, **rest)
        return re.sub(rb'"total_count":\s*[0-9]+', b'"total_count":null', body), status, headers


def test_reversals_are_listed_where_the_transfer_does_not_say_how_many(market: Marketplace) -> None:
    """Count and amount come from that one list; a transfer that was never reversed costs no list."""
    market.line = WithoutTotals(market.sandbox)
    market.app = market.another_backend()
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.forget_calls()
    for _ in range(2):
        market.refund_in_dashboard(payment, 1000)
        market.settle(payment)

    (transfer,) = market.transfers(payment)
    assert market.money_keys() == [f"reversal:{transfer.id}:0", f"reversal:{transfer.id}:1"]
    assert market.held(payment) == 2725 - 273
    assert market.calls().index(f"GET /v1/transfers/{transfer.id}/reversals") > market.calls().index(
        f"POST /v1/transfers/{transfer.id}/reversals"
    )
