"""The Stripe client: how long we wait, how often we try again, and how many calls a request made.

The SDK's own defaults do not fit a backend: ``StripeClient`` tries once and then waits 80 seconds, while
a person waits for the answer and a phone gives up after 30.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import requests
import stripe
from requests.adapters import HTTPAdapter

from backend.config.settings import Settings
from backend.metrics import STRIPE_RETRIES, count_stripe_call

# Stripe creates an account in two to five seconds; all else answers within one.
CALL_TIMEOUT_SECONDS = 8.0
# One more try, with the same idempotency key. Any further try is the caller's: every request may be repeated.
RETRIES = 1
# What a person waits for at most.
REQUEST_BUDGET_SECONDS = 20.0
# What a webhook may take. Stripe publishes no limit, and delivers again what failed.
WEBHOOK_BUDGET_SECONDS = 8.0


@dataclass
class Budget:
    """What one request may still spend on Stripe, and how many calls it has made."""

    deadline: float
    calls: int = 0
    failed: tuple[str | None, ...] | None = None

    def spend(self) -> float:
        """Count a call and say how many seconds it may take: none or fewer when the budget is used up."""
        self.calls += 1
        return min(self.deadline - time.monotonic(), CALL_TIMEOUT_SECONDS)


_budget: ContextVar[Budget | None] = ContextVar("stripe_budget", default=None)


@contextmanager
def stripe_budget(seconds: float) -> Iterator[Budget]:
    """Bound the time that everything inside may spend on Stripe together."""
    budget = Budget(time.monotonic() + seconds)
    token = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(token)


class _BudgetAdapter(HTTPAdapter):
    """Gives each call what is left of its request's budget, and shows each answer's headers to ``watch``."""

    def __init__(self, watch: Callable[[Mapping[str, Any]], None] | None, connections: int) -> None:
        super().__init__(pool_connections=2, pool_maxsize=connections)
        self._watch = watch

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        budget = _budget.get()
        seconds = CALL_TIMEOUT_SECONDS if budget is None else budget.spend()
        if seconds <= 0:
            raise requests.exceptions.ConnectionError("the time for this request is used up")
        kwargs["timeout"] = seconds
        began, status = time.monotonic(), 0
        try:
            response = super().send(request, *args, **kwargs)
            status = response.status_code
            if self._watch is not None:
                self._watch(response.headers)
            return response
        finally:
            count_stripe_call(str(request.method), str(request.url), status, time.monotonic() - began)
            if budget is not None:
                _count_retry(budget, request, status)


def _count_retry(budget: Budget, request: requests.PreparedRequest, status: int) -> None:
    """The SDK repeats what failed by itself, with the same key; only the line sees it."""
    call = (request.method, request.url, request.headers.get("Idempotency-Key"))
    if call == budget.failed:
        STRIPE_RETRIES.inc()
    budget.failed = call if status == 0 or status >= 400 else None


def _session(use_proxies: bool, adapter: HTTPAdapter) -> requests.Session:
    session = requests.Session()
    session.trust_env = use_proxies
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def build_client(
    settings: Settings,
    http_client: stripe.HTTPClient | None = None,
    watch: Callable[[Mapping[str, Any]], None] | None = None,
) -> stripe.StripeClient:
    """The one ``StripeClient``, safe to share between threads. ``watch`` is shown the headers of each answer."""
    if http_client is None:
        # A machine's HTTP_PROXY may be the way out to Stripe, but never the way to the sandbox on this machine.
        # Each request in flight keeps one connection.
        adapter = _BudgetAdapter(watch, settings.max_in_flight)
        session = _session(not settings.uses_sandbox, adapter)
        http_client = stripe.RequestsClient(session=session)
    return stripe.StripeClient(
        settings.stripe_secret_key,
        base_addresses={"api": settings.stripe_api_base} if settings.stripe_api_base else {},
        max_network_retries=RETRIES,
        http_client=http_client,
    )
