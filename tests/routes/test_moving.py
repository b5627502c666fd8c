"""Payments that are under way when a backend is replaced, as the guide's "Moving from Express" tells of them."""

from __future__ import annotations

from typing import Any

from tests.builders import Marketplace


def begun_by_express(market: Marketplace) -> dict[str, Any]:
    """An intent that the old backend made before the switch."""
    paid = market.stripe.v1.payment_intents.retrieve(market.node_payment()).metadata.to_dict()
    made = market.stripe.v1.payment_intents.create({"amount": 4725, "currency": "cad", "metadata": paid})
    return {"id": made.id, "client_secret": made.client_secret}


def test_a_payment_that_was_begun_there_and_paid_after_the_switch_opens_its_session_here(market: Marketplace) -> None:
    """Its share is not sent by itself: only a person knows whether it was sent already."""
    market.ready_coach()
    intent = begun_by_express(market)
    market.pay(intent)
    market.deliver()

    answer = market.confirm(intent["id"])

    assert (answer.status_code, answer.json["session"]["coachId"]) == (200, "coach-1")
    assert market.transfers(intent["id"]) == []
    assert market.post("/api/payments/refund", {"paymentIntentId": intent["id"], "amount": 100}).status_code == 200


def test_a_coach_who_was_not_adopted_is_not_known_to_the_screens(market: Marketplace) -> None:
    """So the coaches come first; starting onboarding finds the account by itself."""
    params: Any = {
        "type": "express",
        "country": "CA",
        "email": "coach-1@example.com",
        "metadata": {"coachId": "coach-1", "coachName": "Dana"},
    }
    account = market.stripe.v1.accounts.create(params).id
    coach = {"coachId": "coach-1", "coachName": "Dana", "email": "coach-1@example.com", "sport": "golf"}
    buy = "/api/payments/create-destination-charge"

    assert market.http.get("/api/connect/coach/coach-1/status").status_code == 404
    assert market.post(buy, market.order()).json["error"] == "Coach not ready for payments"
    assert market.post("/api/connect/start-onboarding", coach).json["account"]["id"] == account
    assert market.http.get("/api/connect/coach/coach-1/status").json["account"]["stripeAccountId"] == account
    assert market.post(buy, market.order()).status_code == 200
