"""``POST /api/payments/refund``: the player's money comes back, the coach's part with it, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.builders import Marketplace, key_of


def test_a_full_refund_returns_all_that_is_left(market: Marketplace) -> None:
    """No amount means the rest."""
    payment = market.paid()
    market.refund(payment, amount=725)

    answer = market.refund(payment, reason="duplicate")

    assert answer.status_code == 200
    refund = answer.json["refund"]
    assert (refund["amount"], refund["status"], refund["reason"]) == (4000, "succeeded", "duplicate")


def test_a_refund_takes_back_the_coachs_part(market: Marketplace) -> None:
    """Proportionally, with the frozen percentage; fee and share of what is kept still add up."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()

    market.refund(payment, amount=2000)

    assert market.held(payment) == 2725 - 273


def test_a_full_refund_takes_back_everything(market: Marketplace) -> None:
    """The coach holds nothing of a payment that is no more."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()

    market.refund(payment)

    assert market.held(payment) == 0


def test_an_unpaid_payment_cannot_be_refunded(market: Marketplace) -> None:
    """409."""
    assert market.refund(market.buy()["id"]).status_code == 409


def test_a_refunded_payment_cannot_be_refunded_again(market: Marketplace) -> None:
    """409."""
    payment = market.paid()
    market.refund(payment)

    assert market.refund(payment).status_code == 409


def test_more_than_is_left_cannot_be_refunded(market: Marketplace) -> None:
    """409, and nothing moves."""
    payment = market.paid()

    assert market.refund(payment, amount=4726).status_code == 409
    assert market.stripe.v1.refunds.list({"payment_intent": payment}).data == []


def test_a_disputed_payment_cannot_be_refunded(market: Marketplace) -> None:
    """The bank has the money already."""
    payment = market.paid()
    market.dispute(payment)

    answer = market.refund(payment)

    assert answer.status_code == 409
    assert "disput" in answer.json["message"]


def test_a_refund_with_a_key_is_made_once_even_after_stripe_forgot_the_key(market: Marketplace) -> None:
    """The caller's key is kept on the refund itself."""
    payment = market.paid()
    first = market.post(
        "/api/payments/refund", {"paymentIntentId": payment, "amount": 1000}, Idempotency_Key=key_of("once")
    )
    market.clock.advance(3 * 86_400)

    second = market.post(
        "/api/payments/refund", {"paymentIntentId": payment, "amount": 1000}, Idempotency_Key=key_of("once")
    )

    assert first.json == second.json
    assert len(market.stripe.v1.refunds.list({"payment_intent": payment}).data) == 1


def test_a_refunds_key_with_another_amount_is_a_conflict(market: Marketplace) -> None:
    """One key is one refund."""
    payment = market.paid()
    body = {"paymentIntentId": payment, "amount": 1000}
    market.post("/api/payments/refund", body, Idempotency_Key=key_of("once"))

    answer = market.post("/api/payments/refund", {**body, "amount": 900}, Idempotency_Key=key_of("once"))

    assert answer.status_code == 409


def test_a_double_click_on_refund_refunds_once(market: Marketplace) -> None:
    """Two equal requests at the same moment, without a key."""
    payment = market.paid()
    with ThreadPoolExecutor(2) as pool:
        body = {"paymentIntentId": payment}
        answers = list(pool.map(lambda b: market.fresh_post("/api/payments/refund", b), [body, body]))

    assert 200 in {answer.status_code for answer in answers}
    assert sum(r.amount for r in market.stripe.v1.refunds.list({"payment_intent": payment}).data) == 4725
