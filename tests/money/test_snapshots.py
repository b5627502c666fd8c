"""What is decided comes from one answer, or is read again: somebody acts between any two reads."""

from __future__ import annotations

from tests.builders import Marketplace
from tests.money.test_world import settle_or_not
from tests.money.workers import Meanwhile

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
