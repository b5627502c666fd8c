"""A transfer that a client asks for moves the share once, and only to the coach of the payment."""

from __future__ import annotations

from tests.builders import Marketplace


def _claim(payment: str, account: str, amount: int = 4725) -> dict:
    return {"paymentIntentId": payment, "coachAccountId": account, "amount": amount}


def test_a_manual_transfer_moves_the_share_once(market: Marketplace) -> None:
    """Repeated, it answers with the same transfer; the webhook that comes later adds nothing."""
    account = market.ready_coach()
    payment = market.paid()

    first = market.post("/api/connect/transfer", _claim(payment, account))
    second = market.post("/api/connect/transfer", _claim(payment, account) | {"description": "again"})
    market.deliver()

    assert first.status_code == 200
    assert first.json == second.json
    assert set(first.json["transfer"]) == {"id", "amount", "currency", "destination", "status", "created"}
    assert (first.json["transfer"]["amount"], first.json["transfer"]["status"]) == (4252, "paid")
    assert market.held(payment) == 4252


def test_a_transfer_to_another_account_is_forbidden(market: Marketplace) -> None:
    """403, and nothing moves."""
    market.ready_coach()
    other = market.ready_coach("coach-2")
    payment = market.paid()

    answer = market.post("/api/connect/transfer", _claim(payment, other))

    assert answer.status_code == 403
    assert answer.json["error"] == "Forbidden"
    assert market.transfers(payment) == []


def test_a_transfer_of_another_amount_than_was_paid_is_a_conflict(market: Marketplace) -> None:
    """The amount is an assertion, never an order."""
    account = market.ready_coach()
    payment = market.paid()

    answer = market.post("/api/connect/transfer", _claim(payment, account, 4252))

    assert answer.status_code == 409
    assert market.transfers(payment) == []


def test_a_transfer_of_an_unpaid_payment_is_a_conflict(market: Marketplace) -> None:
    """Nothing was paid, so nothing is owed."""
    account = market.ready_coach()

    assert market.post("/api/connect/transfer", _claim(market.buy()["id"], account)).status_code == 409


def test_a_transfer_to_a_coach_who_is_not_ready_is_a_conflict(market: Marketplace) -> None:
    """The money is kept for the coach, and the note says why."""
    account = market.register()
    payment = market.paid()

    answer = market.post("/api/connect/transfer", _claim(payment, account))

    assert answer.status_code == 409
    assert market.note(payment).startswith("held:coach_not_ready:")


def test_a_payment_of_the_node_backend_is_settled_by_its_manual_transfer(market: Marketplace) -> None:
    """Its keys, no marker: webhooks leave it alone, the route settles it at its own frozen fee."""
    account = market.ready_coach()
    payment = market.node_payment()
    market.deliver()
    untouched = market.transfers(payment)

    answer = market.post("/api/connect/transfer", _claim(payment, account))

    assert untouched == []
    assert answer.status_code == 200
    assert answer.json["transfer"]["amount"] == 4252
