"""Hand-made transfers that change their names, come too early or go again, without events: the sweep makes it right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.odd_money import arrive, debit
from tests.money.stories import is_at_rest, lose_events, sweep_hourly
from tests.money.sweeping import DAY, HOUR, fund, send
from tests.money.wide_world import flask

# Transfers by hand, and what becomes of their names.


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("hours", [1, 30])
@pytest.mark.parametrize(("before", "after"), [("", "first"), ("first", ""), ("first", "second")])
def test_a_hand_transfer_that_is_named_anew_counts_for_the_payment_that_it_names_now(
    market: Marketplace, before: str, after: str, hours: int, lost: bool
) -> None:
    """The name is added, removed or changed, lately or a day ago; the sweep sees it where the event is lost."""
    account = market.ready_coach()
    fund(market)
    market.deliver()
    if lost:
        lose_events(market)
    names = {"": "", "first": market.paid(), "second": market.paid()}
    transfer = send(market, account, 4252, {"paymentIntentId": names[before]} if before else {})
    market.deliver()
    sweep_hourly(market, 1)
    market.clock.advance((hours - 1) * HOUR)
    sweep_hourly(market, 1)

    market.stripe.v1.transfers.update(transfer.id, {"metadata": {"paymentIntentId": names[after]}})
    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, names["first"])
    is_at_rest(market, names["second"])


def test_an_event_that_takes_a_name_away_pays_the_payment_that_had_it(market: Marketplace) -> None:
    """Without any sweep: the event says whom the transfer named before."""
    account = market.ready_coach()
    fund(market)
    market.deliver()
    payment = market.paid()
    transfer = send(market, account, 4252, {"paymentIntentId": payment})
    market.clock.advance(2 * HOUR)
    market.deliver()
    market.stripe.v1.transfers.update(transfer.id, {"metadata": {"paymentIntentId": "none"}})

    market.deliver()

    assert market.held(payment) == 4252
    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
    assert metadata.get("alsoPaidBy", "").count(transfer.id) <= 1


@pytest.mark.parametrize("lost", [False, True])
def test_a_wrong_payee_that_was_taken_back_holds_nothing_any_more(market: Marketplace, lost: bool) -> None:
    """Another coach was paid by hand; a person reverses it all, and the right one is paid."""
    market.ready_coach()
    other = market.ready_coach("coach-2")
    fund(market)
    market.deliver()
    payment = market.paid()
    if lost:
        lose_events(market)
    transfer = send(market, other, 4252, {"paymentIntentId": payment})
    market.clock.advance(2 * HOUR)
    market.deliver()
    sweep_hourly(market, 1)
    assert str(market.note(payment)).startswith("held:unclear_transfers:")

    market.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 2000})
    market.deliver()
    sweep_hourly(market, 1)
    assert str(market.note(payment)).startswith("held:unclear_transfers:")
    market.stripe.v1.transfers.reversals.create(transfer.id, {})
    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, payment)


def test_an_unnamed_transfer_that_was_taken_back_needs_no_explanation(market: Marketplace) -> None:
    """It was made while a person settled the payment."""
    account = market.ready_coach()
    fund(market)
    payment = market.paid()
    flask(market, "settle", payment, "--manual")
    transfer = send(market, account, 4252, {})
    flask(market, "settle", payment, "--auto")
    assert str(market.note(payment)).startswith("held:unclear_transfers:")

    market.stripe.v1.transfers.reversals.create(transfer.id, {})
    sweep_hourly(market, 1)

    is_at_rest(market, payment)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("how", ["card", "debit"])
def test_a_hand_transfer_before_the_money_came_is_not_paid_again(market: Marketplace, how: str, lost: bool) -> None:
    """The payment succeeds hours or days later."""
    account = market.ready_coach()
    fund(market)
    market.deliver()
    if lost:
        lose_events(market)
    intent = {"id": debit(market)} if how == "debit" else market.buy()
    payment = str(intent["id"])
    send(market, account, 4252, {"paymentIntentId": payment})
    market.deliver()
    sweep_hourly(market, 5)
    market.clock.advance(3 * DAY)
    sweep_hourly(market, 1)
    if how == "debit":
        arrive(market, payment)
    else:
        market.pay(intent)
    market.clock.advance(2 * HOUR)

    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, payment)


def test_a_hand_transfer_to_an_account_of_an_earlier_binding_that_is_gone_counts(market: Marketplace) -> None:
    """The registry remembers whose it was: what was sent on top comes back."""
    fund(market)
    payment = market.paid("coach-7")
    earlier = market.register("coach-7")
    market.onboard(earlier)
    send(market, earlier, 4252, {"paymentIntentId": payment})
    params: Any = {"type": "express", "country": "CA", "email": "coach-7@example.com"}
    params |= {"capabilities": {"transfers": {"requested": True}}, "metadata": {"coachId": "coach-7"}}
    newer = market.stripe.v1.accounts.create(params).id
    market.onboard(newer)
    bound = flask(market, "coaches", "rebind", "coach-7", "--to", newer, "--why", "the old account was closed")
    assert bound.exit_code == 0, bound.output
    market.stripe.v1.accounts.delete(earlier)
    market.clock.advance(2 * HOUR)

    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, payment)


@pytest.mark.parametrize("amount", [None, 1000, 4251])
def test_what_a_person_takes_back_without_an_event_is_paid_again(market: Marketplace, amount: int | None) -> None:
    """Wholly or in part."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    fund(market)
    lose_events(market)
    params: Any = {"amount": amount} if amount else {}
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, params)

    sweep_hourly(market, 1)

    is_at_rest(market, payment)
