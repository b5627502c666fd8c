"""The effect of each event, in calls and money: none where there is nothing to find out."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.states import MoneyState
from tests.builders import Marketplace
from tests.money.wide_world import pay_by_hand, sent_to, with_funds

HOUR = 3_600


def also_paid_by(market: Marketplace, payment: str) -> str | None:
    """The hand-made transfers that are kept on a payment."""
    return market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict().get("alsoPaidBy")


def test_a_transfer_that_is_named_later_is_its_payments(market: Marketplace) -> None:
    """The change of its metadata is an event; only the rest is sent."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    by_hand = pay_by_hand(market, account, 1000)
    market.stripe.v1.transfers.update(by_hand, {"metadata": {"for": payment}})

    assert market.send(market.event("transfer.updated")) == 200

    assert (also_paid_by(market, payment), sent_to(market, account)) == (by_hand, 4252)


def test_each_payment_that_a_transfer_names_is_looked_at(market: Marketplace) -> None:
    """Both wait for a person."""
    account = market.ready_coach()
    payments = [market.paid(), market.paid()]
    with_funds(market)
    pay_by_hand(market, account, 100, metadata={"for": " and ".join(payments)})

    market.send(market.event("transfer.created"))

    assert [str(market.note(payment)).split(":")[1] for payment in payments] == ["unclear_transfers"] * 2


def test_a_transfer_by_hand_from_the_charge_needs_no_name(market: Marketplace) -> None:
    """Its source leads to the payment; while that is young it is written onto it, so that a late event looks first."""
    account = market.ready_coach()
    payment = market.paid()
    part = pay_by_hand(market, account, 1000, source_transaction=market.charge(payment))

    market.send(market.event("transfer.created"))
    market.deliver()

    assert (also_paid_by(market, payment), sent_to(market, account)) == (part, 4252)


@pytest.mark.parametrize("source", ["ch_000000000000000000000000", None])
def test_a_transfer_that_leads_nowhere_is_acknowledged(market: Marketplace, source: str | None) -> None:
    """Its charge is not there, or it has no source and names nothing."""
    account = market.ready_coach()
    with_funds(market)
    market.deliver()
    pay_by_hand(market, account, 1000)
    event = market.event("transfer.created")
    event["data"]["object"]["source_transaction"] = source
    market.forget_calls()

    assert market.send(event) == 200
    assert market.calls() == ([f"GET /v1/charges/{source}"] if source else [])


def test_hand_made_transfers_are_kept_once_and_in_order(market: Marketplace) -> None:
    """Told again, nothing is written; one that the group leads to is not kept."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    group = str(market.stripe.v1.payment_intents.retrieve(payment).transfer_group)
    events = []
    for given in ({}, {"transfer_group": group}, {}):
        pay_by_hand(market, account, 1000, metadata={"for": payment}, **given)
        events.append(market.event("transfer.created"))
    for event in (*events, *events):
        market.send(event)

    first, _, last = [event["data"]["object"]["id"] for event in events]
    assert also_paid_by(market, payment) == f"{first},{last}"
    assert sent_to(market, account) == 4252


def test_no_more_hand_made_transfers_are_kept_than_a_value_holds(market: Marketplace) -> None:
    """500 characters; what is beyond is found by the payee's list."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    by_hand = pay_by_hand(market, account, 1000, metadata={"for": payment})
    event = market.event("transfer.created")
    for length, kept in ((500 - len(by_hand), False), (499 - len(by_hand), True)):
        full = "tr_" + "x" * (length - 3)
        market.stripe.v1.payment_intents.update(payment, {"metadata": {"alsoPaidBy": full}})
        market.send(event)
        assert also_paid_by(market, payment) == (f"{full},{by_hand}" if kept else full)


def test_our_own_reversals_event_costs_nothing(market: Marketplace) -> None:
    """Whoever made it looks again; a person's is looked at."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.refund_in_dashboard(payment, 1000)
    market.settle(payment)
    event = market.event("transfer.reversed")
    market.forget_calls()

    market.send(event)

    assert market.calls() == []


def test_a_persons_reversal_after_our_own_is_looked_at(market: Marketplace) -> None:
    """The newest reversal decides whose the event is."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.refund_in_dashboard(payment, 1000)
    market.settle(payment)
    with_funds(market)
    market.clock.advance(1)
    given: Any = {"amount": 500}
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, given)

    market.send(market.event("transfer.reversed"))

    assert sent_to(market, account) == 3725 - 373


def test_a_declined_card_leaves_nothing_to_settle(market: Marketplace) -> None:
    """The payment has a charge, which failed."""
    market.ready_coach()
    intent = market.buy()
    market.decline(intent)

    assert market.settle(intent["id"]).state == MoneyState.NOT_PAID


def test_a_declined_card_costs_no_look(market: Marketplace) -> None:
    """The failed charge took nothing."""
    intent = market.buy()
    market.decline(intent)
    event = market.event("charge.failed")
    market.forget_calls()

    assert market.send(event) == 200
    assert market.calls() == []


@pytest.mark.parametrize("kind", ["charge.refunded", "charge.failed"])
def test_a_charge_without_a_payment_costs_no_look(market: Marketplace, kind: str) -> None:
    """Another program made it."""
    charge = {"id": "ch_1", "payment_intent": None, "failure_balance_transaction": "txn_1"}
    event: Any = {"id": "evt_1", "type": kind, "livemode": False, "data": {"object": charge}}
    market.forget_calls()

    assert market.send(event) == 200
    assert market.calls() == []
