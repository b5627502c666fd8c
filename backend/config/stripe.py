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
from backend.services.platform import PlatformClient

Watch = Callable[[Mapping[str, Any]], None]

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
    """Gives each call what is left of its request's budget."""

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


class _Session(requests.Session):
    """Follows no redirect: Stripe sends none, and who does would be told of customers and answer in Stripe's name."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: the answer is judged as it is."""


def _session(use_proxies: bool, connections: int) -> requests.Session:
    session = _Session()
    session.trust_env = use_proxies
    adapter = _BudgetAdapter(pool_connections=2, pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _WatchedLine(stripe.HTTPClient):
    """Any way to Stripe, with the headers of each answer shown to somebody."""

    name = "watched"

    def __init__(self, line: stripe.HTTPClient, watch: Watch) -> None:
        super().__init__()
        self._line = line
        self._watch = watch

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[Any, int, Any]:
        """One call."""
        body, status, answer_headers = self._line.request(method, url, headers, post_data)
        self._watch(answer_headers)
        return body, status, answer_headers

    def close(self) -> None:
        """Close the line."""
        self._line.close()  # type: ignore[no-untyped-call]

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return self._line._sleep_time_seconds(num_retries)


def build_client(
    settings: Settings, http_client: stripe.HTTPClient | None = None, watch: Watch | None = None
) -> PlatformClient:
    """The one client, safe to share between threads. ``watch`` is shown the headers of each answer."""
    if http_client is None:
        # A machine's HTTP_PROXY may be the way out to Stripe, but never the way to the sandbox on this machine.
        # Each request in flight keeps one connection.
        session = _session(use_proxies=not settings.uses_sandbox, connections=settings.max_in_flight)
        http_client = stripe.RequestsClient(session=session)
    if watch is not None:
        http_client = _WatchedLine(http_client, watch)
    return PlatformClient(
        settings.stripe_secret_key,
        namespace=settings.namespace,
        base_addresses={"api": settings.stripe_api_base} if settings.stripe_api_base else {},
        max_network_retries=RETRIES,
        http_client=http_client,
    )
