"""The metrics for Prometheus: the money that moved, what webhooks came to, and what Stripe was asked.

With several worker processes prometheus_client keeps the numbers in files that all of them share (the production
server names the directory), so that any worker can answer for all. No label holds an id or anything a client sent.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector

_WORD = re.compile(r"v1|[a-z_]+")
# From a hit of the memory to the end of a request's budget.
_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 20)
# Stripe delivers within seconds, and again for three days.
_LAG_SECONDS = (1, 5, 15, 60, 300, 3_600, 21_600, 86_400, 259_200)

TRANSFERS = Counter("payments_transfers", "Transfers made to coaches.", ["currency"])
TRANSFERRED = Counter("payments_transferred_cents", "Sent to coaches, in minor units.", ["currency"])
TAKEN_BACK = Counter("payments_taken_back_cents", "Taken back from coaches, in minor units.", ["currency"])
REFUNDED = Counter("payments_refunded_cents", "Refunds asked for here, in minor units.", ["currency"])
PURCHASES = Counter("payments_intents", "Payment intents answered to players.", ["currency"])
BLOCKED = Counter("payments_purchases_blocked", "Purchases that were stopped after too many declined cards.")
SETTLEMENTS = Counter("payments_settlements", "How settling a payment ended.", ["state"])

WEBHOOKS = Counter("payments_webhooks", "Webhook deliveries.", ["type", "outcome"])
WEBHOOK_LAG = Histogram("payments_webhook_lag_seconds", "From the event to its delivery.", buckets=_LAG_SECONDS)

STRIPE_CALLS = Counter("payments_stripe_calls", "Calls to Stripe; status 0 is no answer.", ["operation", "status"])
STRIPE_SECONDS = Histogram("payments_stripe_call_seconds", "How long Stripe took.", ["operation"], buckets=_SECONDS)
STRIPE_RETRIES = Counter("payments_stripe_retries", "Calls that were repeated after a failure.")
STRIPE_THROTTLED = Counter("payments_stripe_throttled", "Calls that Stripe refused with 429.")
STRIPE_WITHHELD = Counter("payments_stripe_withheld", "Requests for which Stripe's limit left no call.", ["part"])

REQUESTS = Counter("payments_http_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("payments_http_request_seconds", "How long they took.", ["route"], buckets=_SECONDS)
IN_FLIGHT = Gauge("payments_requests_in_flight", "Requests that have a place.", multiprocess_mode="livesum")
REFUSED = Counter("payments_requests_refused", "Requests that found no place and were told to come back.")


Metric = TypeVar("Metric", bound=MetricWrapperBase)


@lru_cache(maxsize=4_096)
def labelled(metric: Metric, *labels: str) -> Metric:
    """The counter of these labels: the library's own search for it takes as long as the counting."""
    return metric.labels(*labels)


class MoneyCounters:
    """Counts what settling comes to. See ``Tally`` in ``services/settlement/tally.py``; amounts are in minor units."""

    def ended(self, state: str) -> None:
        """Count a settlement under the state in which it ended."""
        labelled(SETTLEMENTS, state).inc()

    def transferred(self, currency: str, amount: int) -> None:
        """Count a transfer to a coach."""
        labelled(TRANSFERS, currency).inc()
        labelled(TRANSFERRED, currency).inc(amount)

    def taken_back(self, currency: str, amount: int) -> None:
        """Count money that was taken back from a coach."""
        labelled(TAKEN_BACK, currency).inc(amount)


def exposition() -> bytes:
    """Everything counted, by all workers, in Prometheus' text format."""
    if not getattr(values.ValueClass, "_multiprocess", False):
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def count_stripe_call(method: str, url: str, status: int, seconds: float) -> None:
    """One call to Stripe, under its operation: ``POST /v1/payment_intents/{id}/confirm``."""
    operation = operation_of(method, url)
    labelled(STRIPE_CALLS, operation, str(status)).inc()
    labelled(STRIPE_SECONDS, operation).observe(seconds)
    if status == 429:
        STRIPE_THROTTLED.inc()


def operation_of(method: str, url: str) -> str:
    """A call without its ids: Stripe's addresses are ``/v1/resource/id/resource/id``, or a word for an action."""
    path = url.partition("://")[2].partition("/")[2] if "://" in url else url
    parts = path.partition("?")[0].strip("/").split("/")
    return f"{method} /{'/'.join([part if _WORD.fullmatch(part) else '{id}' for part in parts])}"
