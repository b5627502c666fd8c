"""A kept share is sent at its deadline, some days after the delivery, and not before; also without Search and events."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.domain.states import MoneyState
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.kept import (
    DEADLINE,
    GRACE,
    ON_DELIVERY,
    SHARE,
    deliver_work,
    search_is_down,
    sell_so,
    sweep_hourly,
    town_of,
)
from tests.money.odd_money import arrive, choose, debit
from tests.money.sweeping import DAY, HOUR
from tests.money.test_no_date import Dateless

# The deadline.


def test_the_deadline_releases_to_the_second(either: Marketplace) -> None:
    """One second before it nothing is sent, and then all."""
    payment = either.paid()
    either.deliver()

    either.clock.set(DEADLINE - 1)
    early = either.settle(payment)
    either.clock.set(DEADLINE)
    either.settle(payment)

    assert (early.state, either.held(payment), either.note(payment)) == (MoneyState.HELD, SHARE, None)


@pytest.mark.parametrize("searches", [True, False])
def test_the_sweep_keeps_the_deadline(either: Marketplace, searches: bool) -> None:
    """Events lost, with Search and without: nothing early, and all of it by the first sweep after the deadline."""
    payment = either.paid()
    if not searches:
        search_is_down(either)
    sweep_hourly(either, DEADLINE - 1)
    early = either.held(payment)

    either.clock.set(DEADLINE + HOUR)
    either.reconcile()

    assert (early, either.held(payment)) == (0, SHARE)


def test_the_sweep_keeps_the_deadline_of_what_is_not_sold_any_more() -> None:
    """The number of days stands in a Product, since before the first sale."""
    market = town_of(ON_DELIVERY)
    payment = market.paid()
    sell_so(market, "at_once")
    search_is_down(market)
    sweep_hourly(market, DEADLINE - 1)

    market.clock.set(DEADLINE + HOUR)
    market.reconcile()

    assert market.held(payment) == SHARE


def test_the_sweep_keeps_the_deadline_when_the_list_of_days_is_lost(town: Marketplace) -> None:
    """Somebody deleted the Product: the catalogue of today says the days too."""
    payment = town.paid()
    search_is_down(town)
    town.reconcile()
    town.stripe.v1.products.delete("kept_days")
    town.clock.set(DEADLINE + HOUR)

    town.reconcile()

    assert town.held(payment) == SHARE


def test_a_walk_that_failed_is_made_again(town: Marketplace) -> None:
    """The mark moves on, and the next sweep still looks at the deadlines that this one has not seen."""
    payment = town.paid()
    search_is_down(town)
    sweep_hourly(town, DEADLINE - HOUR)
    town.clock.set(DEADLINE + HOUR)
    town.fault("GET", "/v1/products/kept_days", "before", {"status": 500}, times=3)
    town.reconcile()
    assert town.held(payment) == 0
    town.clock.advance(10 * HOUR)

    town.reconcile()

    assert town.held(payment) == SHARE


def test_a_sweep_after_a_long_pause_finds_every_deadline_in_it(town: Marketplace) -> None:
    """Nobody swept for three weeks."""
    payment = town.paid()
    town.reconcile()
    search_is_down(town)
    town.clock.set(NOW + 21 * DAY)

    town.reconcile()

    assert town.held(payment) == SHARE


@pytest.mark.parametrize("booked", ["success", "pending"])
def test_the_deadline_counts_from_the_moneys_arrival(town: Marketplace, booked: str) -> None:
    """Begun on day 0, paid on day 3: the share of a bank debit is released on day 17, Search down."""
    choose(town, debit_booked=booked)
    payment = debit(town)
    town.clock.set(NOW + 3 * DAY)
    arrive(town, payment)
    town.deliver()
    search_is_down(town)
    sweep_hourly(town, DEADLINE + 3 * DAY - 1)
    early = town.held(payment)

    town.clock.set(DEADLINE + 3 * DAY + HOUR)
    town.reconcile()

    assert (early, town.held(payment)) == (0, SHARE)


def test_an_answer_without_a_date_releases_nothing(town: Marketplace) -> None:
    """No deadline has passed as long as Stripe's time is not known; this machine's says nothing."""
    payment = town.paid()
    town.deliver()
    town.clock.set(DEADLINE + DAY)
    town.line = Dateless(town.sandbox)
    town.app = town.another_backend()

    ended = town.settle(payment)

    assert (ended.state, town.held(payment)) == (MoneyState.HELD, 0)


# Delivered, accepted, released.


def test_the_share_follows_some_days_after_the_delivery(town: Marketplace) -> None:
    """The coach says so on day 2; on day 5 the next sweep pays."""
    payment = town.paid()
    town.deliver()
    town.clock.advance(2 * DAY)
    answer = deliver_work(town, payment)

    town.clock.advance(GRACE * DAY - 1)
    town.reconcile()
    early = town.held(payment)
    town.clock.advance(1)
    town.reconcile()

    assert answer.json["release"] == {
        "paymentIntentId": payment,
        "released": False,
        "deliveredAt": moment(NOW + 2 * DAY),
        "releaseAt": moment(NOW + 5 * DAY),
    }
    assert (early, town.held(payment)) == (0, SHARE)


def moment(at: int) -> str:
    """A unix second as the API writes it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def test_the_first_delivery_stays(town: Marketplace) -> None:
    """Said again days later, with all keys forgotten: the same moment, and no write."""
    payment = town.paid()
    first = deliver_work(town, payment)
    town.clock.advance(2 * DAY)
    town.forget_calls()

    again = deliver_work(town, payment)

    assert again.json == first.json
    assert [call for call in town.calls() if not call.startswith("GET")] == []


def test_a_delivery_at_the_last_moment_does_not_move_the_deadline(town: Marketplace) -> None:
    """The deadline is what every hold has, and delivering never makes a coach wait longer."""
    payment = town.paid()
    town.clock.set(DEADLINE - HOUR)

    answer = deliver_work(town, payment)

    assert answer.json["release"]["releaseAt"] == moment(DEADLINE)


@pytest.mark.parametrize("text", ["soon", "-5", "1", "", "99999999999999"])
def test_a_moment_that_nobody_here_wrote_releases_nothing(town: Marketplace, text: str) -> None:
    """Neither words, nor a delivery or an acceptance of before the payment."""
    payment = town.paid()
    town.stripe.v1.payment_intents.update(payment, {"metadata": {"deliveredAt": text, "acceptedAt": text}})
    town.clock.advance(GRACE * DAY + HOUR)

    assert (town.settle(payment).state, town.held(payment)) == (MoneyState.HELD, 0)


def test_a_later_delivery_written_over_the_first_only_delays(town: Marketplace) -> None:
    """Somebody writes another moment in the Dashboard: the share comes later, at the latest on its deadline."""
    payment = town.paid()
    deliver_work(town, payment)
    later = NOW + 40 * DAY
    town.stripe.v1.payment_intents.update(payment, {"metadata": {"deliveredAt": str(later)}})
    town.clock.advance(GRACE * DAY + HOUR)
    town.settle(payment)
    delayed = town.held(payment)

    town.clock.set(DEADLINE)
    town.settle(payment)

    assert (delayed, town.held(payment)) == (0, SHARE)
