"""Transfers that people make by hand are found, counted, or held for a person to explain."""

from __future__ import annotations

import pytest

from backend.domain.states import MoneyState
from backend.services.settlement.ledger import ledger_of
from tests.builders import Marketplace
from tests.money.wide_world import HOUR, flask, pay_by_hand, sent_to, services_of, with_funds

# People at the Dashboard.


@pytest.mark.parametrize("key", ["paymentIntentId", "payment_intent", "payment_intent_id", "for"])
def test_a_transfer_by_hand_that_names_the_payment_is_its_payment(market: Marketplace, key: str) -> None:
    """No group, no source: neither an event nor a late settle pays again, and the ledger counts it."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    pay_by_hand(market, account, metadata={key: payment})

    market.clock.advance(2 * HOUR)
    market.deliver()
    settled = market.settle(payment)

    assert (settled.state, settled.moved, sent_to(market, account)) == (MoneyState.SETTLED, 0, 4252)
    ledger = ledger_of(services_of(market).client, services_of(market).registry, payment)
    assert (ledger.balances, ledger.held, ledger.by_hand) == (True, 4252, 4252)


def test_a_part_paid_by_hand_leaves_the_rest(market: Marketplace) -> None:
    """The rest comes from the charge, under the second slot's key."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    pay_by_hand(market, account, 1000, metadata={"paymentIntentId": payment})
    market.clock.advance(2 * HOUR)

    assert market.settle(payment).moved == 3252
    assert sent_to(market, account) == 4252


def test_a_payment_made_by_hand_while_it_was_manual_is_found_when_it_is_not(market: Marketplace) -> None:
    """``--manual``, a transfer by hand, ``--auto``."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    assert flask(market, "settle", payment, "--manual").exit_code == 0
    pay_by_hand(market, account, metadata={"paymentIntentId": payment})
    market.deliver()

    result = flask(market, "settle", payment, "--auto")

    assert result.exit_code == 0, result.output
    assert sent_to(market, account) == 4252


def test_an_unnamed_transfer_made_while_a_person_was_here_has_to_be_explained(market: Marketplace) -> None:
    """It may be for this payment. Naming the payment, or saying that it is for none, settles the question."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    flask(market, "settle", payment, "--manual")
    gift = pay_by_hand(market, account)

    flask(market, "settle", payment, "--auto")

    assert market.note(payment).startswith("held:unclear_transfers:")
    assert sent_to(market, account) == 4252
    market.stripe.v1.transfers.update(gift, {"metadata": {"paymentIntentId": "none"}})
    assert market.settle(payment).moved == 4252


@pytest.mark.parametrize("damage", ["two payments", "another currency", "another coach"])
def test_a_transfer_that_names_the_payment_unclearly_holds_it(market: Marketplace, damage: str) -> None:
    """Each named payment waits for a person; nothing is sent and nothing taken back."""
    account, other = market.ready_coach(), market.ready_coach("coach-2")
    payment, second = market.paid(), market.paid()
    with_funds(market)
    metadata = {"paymentIntentId": f"{payment},{second}" if damage == "two payments" else payment}
    group = market.stripe.v1.payment_intents.retrieve(payment).transfer_group
    if damage == "another currency":
        market.stripe.v1.payment_intents.create(
            {
                "amount": 90_000,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_bypassPending",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
        pay_by_hand(market, account, metadata=metadata, currency="usd")
    else:
        to = other if damage == "another coach" else account
        pay_by_hand(market, to, metadata=metadata, transfer_group=group)
    market.clock.advance(2 * HOUR)

    first = market.settle(payment)

    assert (first.state, first.moved) == (MoneyState.HELD, 0)
    assert market.note(payment).startswith("held:unclear_transfers:")
    if damage == "two payments":
        assert market.settle(second).state == MoneyState.HELD


def test_an_event_of_a_hand_made_transfer_is_kept_on_the_payment(market: Marketplace) -> None:
    """Later looks find it by one read, wherever it went; here to the account that the coach had before."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    transfer = pay_by_hand(market, account, metadata={"paymentIntentId": payment})

    market.send(market.event("transfer.created"))

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
    assert metadata["alsoPaidBy"] == transfer
    assert sent_to(market, account) == 4252


def test_more_transfers_than_a_look_reads_are_left_to_the_sweep(market: Marketplace) -> None:
    """Three pages of the coach's transfers; the sweep reads them all."""
    account = market.ready_coach()
    payment = market.paid()
    for _ in range(5):
        with_funds(market)
    for _ in range(301):
        pay_by_hand(market, account, 1, metadata={"paymentIntentId": "none"})
    market.clock.advance(2 * HOUR)

    assert market.settle(payment).state == MoneyState.HELD
    assert market.note(payment).startswith("held:many_transfers:")
    market.reconcile()

    assert market.note(payment) is None
    assert market.held(payment) == 4252
