"""``flask why`` names transfers that a person made, and those that name no payment or two."""

from __future__ import annotations

from tests.builders import Marketplace
from tests.routes.explained import ask, explained
from tests.routes.test_ledger import hand_transfer


def test_a_hand_made_transfer_is_named_as_such(market: Marketplace) -> None:
    """By its id, in the words and by the transfer itself as the query."""
    account = market.ready_coach()
    payment = market.paid()
    transfer = hand_transfer(market, payment, account)
    market.deliver()

    told = explained(market, transfer)

    assert told["payment_id"] == payment
    assert any(f"Transfer {transfer}, made by hand" in fact for fact in told["facts"])
    assert told["state"] == "balances"


def test_unclear_transfers_are_listed(market: Marketplace) -> None:
    """So that a person can say what each was for."""
    account = market.ready_coach()
    payment = market.paid()
    transfer = hand_transfer(market, payment, account, also="pi_another")
    market.deliver()

    told = explained(market, payment)

    assert (told["state"], told["reason"]) == ("unclear", "unclear_transfers")
    assert any(transfer in fact for fact in told["facts"])
    assert "paymentIntentId" in told["next"]
    assert told["since"] is not None


def test_a_transfer_that_names_nothing_says_what_to_write(market: Marketplace) -> None:
    """Nothing is found, and the remedy is there."""
    account = market.ready_coach()
    market.pay(market.buy(), "pm_card_bypassPending")
    transfer = market.stripe.v1.transfers.create({"amount": 100, "currency": "cad", "destination": account}).id

    report = ask(market, transfer)

    assert report["payments"] == []
    assert "paymentIntentId" in report["remarks"][0]


def test_a_transfer_that_names_two_payments_lists_both(market: Marketplace) -> None:
    """A line each."""
    account = market.ready_coach()
    first, second = market.paid(), market.paid()
    transfer = hand_transfer(market, first, account, also=second)

    report = ask(market, transfer)

    assert set(report["payments"]) == {first, second}


def test_a_payment_among_too_many_transfers_is_told_and_left_to_the_sweep(market: Marketplace) -> None:
    """The figures are the ledger's, read to the last page; the next command is the one that has no bound."""
    account = market.ready_coach()
    payment = market.paid()
    for _ in range(3):
        market.pay(market.buy(), "pm_card_bypassPending")
    for _ in range(301):
        market.stripe.v1.transfers.create({"amount": 1, "currency": "cad", "destination": account})
    market.clock.advance(2 * 3_600)
    market.settle(payment)
    market.forget_calls()

    told = explained(market, payment)

    assert (told["state"], told["waits"], told["command"]) == ("waits", 4252, f"flask reconcile {payment}")
    assert len(market.calls()) <= 12
