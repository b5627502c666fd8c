"""The pages that a player returns to, as the tests look at them."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from tests.builders import Marketplace

PAGES = ("/payment-success", "/payment-cancel")


def look(market: Marketplace, intent: Any, path: str = "/payment-success", **changes: str) -> TestResponse:
    """The page to which Stripe leads back, for a purchase."""
    query = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "succeeded",
        **changes,
    }
    answer: TestResponse = market.http.get(path, query_string=query)
    return answer
