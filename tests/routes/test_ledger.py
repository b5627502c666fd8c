"""``flask ledger``: refunds with their state, hand-made transfers, the meaning of a note, and what cannot be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.routes.test_commands import run


def _paid_with(market: Marketplace, card: str) -> str:
    intent = market.buy()
    market.pay(intent, card)
    market.deliver()
    return str(intent["id"])


def _books(market: Marketplace, payment: str) -> dict[str, Any]:
    _, output = run(market, "ledger", payment, "--json")
    books: dict[str, Any] = json.loads(output)
    return books


def hand_transfer(market: Marketplace, payment: str, account: str, amount: int = 1000, **metadata: str) -> str:
    """A person sends the coach money in the Dashboard, from what another payment left."""
    market.pay(market.buy(), "pm_card_bypassPending")
    named: Any = {"paymentIntentId": payment, **metadata}
    params: Any = {"amount": amount, "currency": "cad", "destination": account, "metadata": named}
    return market.stripe.v1.transfers.create(params).id


@pytest.mark.parametrize("card", ["pm_card_pendingRefund", "pm_card_refundFail"])
def test_a_refund_is_shown_with_its_state(market: Marketplace, card: str) -> None:
    """A pending one counts and a failed one does not; both are named."""
    market.ready_coach()
    payment = _paid_with(market, card)
    market.refund_in_dashboard(payment, 1000)
    refund = market.refunds(payment)[0]

    books, (_, output) = _books(market, payment), run(market, "ledger", payment)

    assert books["refunds"] == [{"id": refund.id, "amount": 1000, "status": refund.status}]
    assert f"{refund.id} {refund.status}" in output
    if refund.status == "pending":
        assert (books["refunded"], "of it 10.00 CAD still under way" in output) == (1000, True)


def test_a_failed_refund_is_not_counted_and_says_so(market: Marketplace) -> None:
    """The player does not have it."""
    market.ready_coach()
    payment = _paid_with(market, "pm_card_refundFail")
    market.refund_in_dashboard(payment, 1000)
    market.clock.advance(3_600)
    market.deliver()

    books, (_, output) = _books(market, payment), run(market, "ledger", payment)

    assert (books["refunded"], [one["status"] for one in books["refunds"]]) == (0, ["failed"])
    assert "failed, not counted: the player does not have it" in output


def test_a_hand_made_transfer_is_named(market: Marketplace) -> None:
    """It counts, and is told from those of the backend."""
    account = market.ready_coach()
    payment = market.paid()
    hand_transfer(market, payment, account)
    market.deliver()

    books, (_, output) = _books(market, payment), run(market, "ledger", payment)

    assert (books["by_hand"], books["held"], books["balances"]) == (1000, 4252, True)
    assert "of it 10.00 CAD by hand" in output


def test_a_note_is_explained(market: Marketplace) -> None:
    """Its meaning, the remedy and, in JSON, both by name."""
    payment = market.paid()
    market.deliver()

    books, (code, output) = _books(market, payment), run(market, "ledger", payment)

    assert code == 3
    assert books["meaning"] == "The coach has not registered yet. Registering releases it."
    assert books["meaning"] in output
    assert books["remedy"] in output


def test_a_payment_without_a_note_has_nothing_to_explain(market: Marketplace) -> None:
    """The keys stay, so that a program need not ask for them."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    books = _books(market, payment)

    assert (books["note"], books["meaning"], books["remedy"], books["command"]) == (None, None, None, None)


def test_a_payment_of_a_persons_says_how_to_take_it_back(market: Marketplace) -> None:
    """``manual`` has a remedy too."""
    market.ready_coach()
    payment = market.paid()
    run(market, "settle", payment, "--manual")

    assert _books(market, payment)["command"] == f"flask settle {payment} --auto"


def _damage(market: Marketplace, payment: str, account: str) -> None:
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": ""}})


def _two_names(market: Marketplace, payment: str, account: str) -> None:
    hand_transfer(market, payment, account, also="pi_another")


@pytest.mark.parametrize(
    ("spoil", "reason", "said"),
    [(_damage, "unreadable", "its metadata is damaged"), (_two_names, "unclear_transfers", "may have been paid")],
)
def test_what_cannot_be_told_is_a_sentence(market: Marketplace, spoil: Any, reason: str, said: str) -> None:
    """In words and in JSON, with exit code 1: it is not known whether it balances."""
    account = market.ready_coach()
    payment = market.paid()
    spoil(market, payment, account)

    code, output = run(market, "ledger", payment)
    as_json, books = run(market, "ledger", payment, "--json")

    assert (code, said in output, f"flask why {payment}" in output) == (1, True, True)
    assert (as_json, json.loads(books)["reason"], json.loads(books)["balances"]) == (1, reason, None)


def test_settling_what_cannot_be_told_is_a_sentence_too(market: Marketplace) -> None:
    """It is held, and said."""
    market.ready_coach()
    payment = market.paid()
    _damage(market, payment, "")

    code, output = run(market, "settle", payment)

    assert (code, "its metadata is damaged" in output) == (1, True)
