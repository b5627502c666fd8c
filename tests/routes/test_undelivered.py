"""A signing secret that is wrong is noticed: by doctor, by a metric, and by a warning in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import structlog

from tests.builders import Marketplace
from tests.routes.doctoring import change, findings
from tests.routes.test_metrics import Reading, total, watched

__all__ = ["watched"]  # fixtures

HOUR, DAY = 3_600, 86_400
ABOUT = "undelivered events"


def mistake(market: Marketplace) -> None:
    """Somebody copies the secret of another endpoint."""
    change(market, stripe_webhook_secrets=("whsec_of_another_endpoint",))


def two_days(market: Marketplace) -> None:
    """Stripe tries again and again."""
    for _ in range(48):
        market.clock.advance(HOUR)
        market.deliver()


def test_two_days_of_refused_deliveries_are_a_problem_with_its_cause(market: Marketplace) -> None:
    """And doctor's exit code says so."""
    mistake(market)
    market.paid()
    two_days(market)
    market.paid()
    market.clock.advance(HOUR)

    finding = findings(market)[ABOUT]

    assert finding["level"] == "problem"
    assert "payment_intent.succeeded" in finding["text"]
    assert "STRIPE_WEBHOOK_SECRET" in finding["remedy"]
    assert "flask webhooks sync" in finding["remedy"]
    assert "STRIPE_CONNECT_WEBHOOK_SECRET" in finding["remedy"]


def test_what_is_older_than_a_day_is_only_a_warning(market: Marketplace) -> None:
    """It was mended meanwhile; what it would have told, the sweep makes up for."""
    mistake(market)
    market.paid()
    two_days(market)

    finding = findings(market)[ABOUT]

    assert (finding["level"], "flask reconcile" in finding["remedy"]) == ("warning", True)


@pytest.mark.parametrize("seconds", [0, 300, 600])
def test_what_is_on_its_way_is_no_trouble(market: Marketplace, seconds: int) -> None:
    """A server that restarts misses a delivery, and Stripe comes back."""
    mistake(market)
    market.paid()
    market.deliver()
    market.clock.advance(seconds)

    assert findings(market)[ABOUT]["level"] == "ok"


def test_what_was_taken_is_no_trouble(market: Marketplace) -> None:
    """Of thirty days."""
    market.ready_coach()
    market.paid()
    market.deliver()
    market.clock.advance(DAY)
    market.deliver()

    assert findings(market)[ABOUT]["level"] == "ok"


def test_a_clock_that_was_moved_in_the_sandbox_is_no_trouble(market: Marketplace) -> None:
    """Its dashboard offers that, and payouts need it; NTP would not help."""
    market.app = market.backend_with_clock(lambda: market.clock.now() - 3 * DAY)

    finding = findings(market)["clock"]

    assert (finding["level"], "moved" in finding["text"], finding["remedy"]) == ("ok", True, "")


def test_events_that_nobody_here_waits_for_are_no_trouble(market: Marketplace) -> None:
    """Another application's endpoint on the same account may fail."""
    mistake(market)
    market.stripe.v1.customers.create({"email": "pat@example.com"})
    market.deliver()
    market.clock.advance(HOUR)

    assert findings(market)[ABOUT]["level"] == "ok"


def test_a_key_that_may_not_read_events_is_told(market: Marketplace) -> None:
    """A restricted one: that nothing is seen is no sign that all is well."""
    market.fault("GET", "/v1/events", "before", {"status": 403, "error": {"type": "invalid_request_error"}}, times=9)

    assert (findings(market)[ABOUT]["level"], "cannot be seen" in findings(market)[ABOUT]["text"]) == ("warning", True)


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({"Stripe-Signature": "t=1,v1=00"}, "bad_signature"),
        ({"Stripe-Signature": "nonsense"}, "bad_signature"),
        ({}, "unsigned"),
    ],
)
def test_a_refused_delivery_is_counted_and_warned_of(
    market: Marketplace, watched: Callable[[], Reading], headers: dict[str, str], outcome: str
) -> None:
    """At a level that is looked at; what carries no signature at all is some scanner's, and only counted."""
    before = total(watched(), "payments_webhooks_total", outcome=outcome)

    with structlog.testing.capture_logs() as logs:
        answer: Any = market.http.post("/api/webhooks/stripe", data=b"{}", headers=headers)

    warned = [line for line in logs if line["event"] == "webhook.refused"]
    assert answer.status_code == 400
    assert total(watched(), "payments_webhooks_total", outcome=outcome) == before + 1
    assert [line["log_level"] for line in warned] == ([] if outcome == "unsigned" else ["warning"])


def test_without_any_secret_it_is_counted_too(market: Marketplace, watched: Callable[[], Reading]) -> None:
    """Nothing can be believed, and somebody has to know."""
    before = total(watched(), "payments_webhooks_total", outcome="no_secret")
    change(market, stripe_webhook_secrets=(), stripe_connect_webhook_secrets=())

    assert market.http.post("/api/webhooks/stripe", data=b"{}").status_code == 503
    change(market, stripe_webhook_secrets=("whsec_a",))
    assert total(watched(), "payments_webhooks_total", outcome="no_secret") == before + 1
