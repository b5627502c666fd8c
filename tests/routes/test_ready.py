"""Readiness, for a load balancer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import Marketplace


def asked(market: Marketplace) -> int:
    """The number of calls to Stripe."""
    return sum(call.path == "/v1/balance" for call in market.sandbox.requests)


def test_a_backend_with_a_stripe_that_answers_is_ready(market: Marketplace) -> None:
    """Asked often, it asks Stripe once, and again when its answer has grown old."""
    for _ in range(3):
        assert market.http.get("/ready").json["status"] == "ready"
    assert asked(market) == 1

    market.clock.advance(10)
    assert market.http.get("/ready").status_code == 200
    assert asked(market) == 2


@pytest.mark.parametrize(("effect", "status"), [("server_error", 503), ("rate_limit", 503), ({"status": 401}, 502)])
def test_a_stripe_that_does_not_answer_is_not_ready(market: Marketplace, effect: Any, status: int) -> None:
    """Nor one that refuses the key; and it is ready again by itself."""
    market.sandbox.faults.add(match={"path": "/v1/balance"}, stage="before", effect=effect)
    answers = [market.http.get("/ready") for _ in range(2)]
    before = asked(market)
    market.sandbox.faults.clear()

    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].json["message"]
    assert market.http.get("/ready").status_code == status
    assert asked(market) == before
    market.clock.advance(10)
    assert market.http.get("/ready").status_code == 200


def test_a_wrong_key_is_not_ready(market: Marketplace) -> None:
    """The commonest mistake of a deployment."""
    app = market.another_backend(replace(market.settings, stripe_secret_key="sk_test_wrong"))

    assert app.test_client().get("/ready").status_code == 502


def test_health_does_not_ask_stripe(market: Marketplace) -> None:
    """A process is not to be restarted because Stripe is down."""
    market.sandbox.faults.add(match={}, stage="before", effect="server_error")

    assert market.http.get("/health").status_code == 200
    assert market.sandbox.requests == []
