"""Orders and their customers."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from tests.builders import Marketplace, key_of

EMAIL = "pat@example.com"


STORED = {"status": 500, "cache": True}


def order(market: Marketplace, key: str | None = None, **changes: Any) -> TestResponse:
    """Ask for an intent; from any thread."""
    headers = {"Idempotency-Key": key_of(key)} if key else {}
    answer: TestResponse = market.app.test_client().post(
        "/api/payments/create-intent", json=market.order(**changes), headers=headers
    )
    return answer


def bought(market: Marketplace, key: str | None = None, **changes: Any) -> dict[str, Any]:
    """The intent that the answer names."""
    answer = order(market, key, **changes)
    assert answer.status_code == 200, answer.json
    intent: dict[str, Any] = answer.json["paymentIntent"]
    return intent
