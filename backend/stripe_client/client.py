"""The Stripe client: how long we wait, how often we try again, and how many calls a request made.

The SDK's own defaults do not fit a backend: ``StripeClient`` tries once and then waits 80 seconds, while
a person waits for the answer and a phone gives up after 30.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import stripe

from backend.config.env import SettingsError
from backend.config.settings import Settings
from backend.observability.metrics import STRIPE_RETRIES, count_stripe_call
from backend.stripe_client.connections import AnswerCut, Connections, Proxy
from backend.stripe_client.platform import PlatformClient
from backend.stripe_client.rate import AroundLine, RatedClient, build_rate

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
    """The seconds that one request may still spend on Stripe, and the number of calls it has made."""

    deadline: float
    calls: int = 0
    failed: set[tuple[str, str, str | None]] = field(default_factory=set)

    def spend(self) -> float:
        """Count a call and say how many seconds it may take: none or fewer when the budget is used up."""
        self.calls += 1
        return min(self.deadline - time.monotonic(), CALL_TIMEOUT_SECONDS)

    def count_retry(self, call: tuple[str, str, str | None], status: int) -> None:
        """Count a call that repeats a failed one: the SDK does so by itself, with the same key, and only the line sees it."""
        if call in self.failed:
            STRIPE_RETRIES.inc()
        if status == 0 or status >= 400:
            self.failed.add(call)
        else:
            self.failed.discard(call)


_budget: ContextVar[Budget | None] = ContextVar("stripe_budget", default=None)
_patience: ContextVar[float | None] = ContextVar("stripe_patience", default=None)


class Unanswered(stripe.APIConnectionError):
    """Stripe has not answered within the time that a command waits. ``seconds``: that time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Stripe has not answered within {seconds:g} seconds.", should_retry=False)  # type: ignore[no-untyped-call]
        self.seconds = seconds


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Wait so long for each answer inside, and ask no second time for one that did not come: a person is waiting."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


@contextmanager
def stripe_budget(seconds: float) -> Iterator[Budget]:
    """Bound the time that everything inside may spend on Stripe together."""
    budget = Budget(time.monotonic() + seconds)
    token = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(token)


class PooledClient(stripe.HTTPClient):
    """The SDK's way to Stripe: kept-alive connections, each call with what is left of its request's budget."""

    name = "pooled"

    def __init__(self, base: str, connections: Connections) -> None:
        super().__init__()
        self._base = base
        self._connections = connections

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One call. Raises ``stripe.APIConnectionError``, which says whether the SDK may repeat it."""
        if not url.startswith(f"{self._base}/"):
            raise _connection_error("Only Stripe's API is asked.")
        budget, path = _budget.get(), url[len(self._base) :]
        call = (method, path, (headers or {}).get("Idempotency-Key"))
        patient = _patience.get()
        seconds = (patient or CALL_TIMEOUT_SECONDS) if budget is None else budget.spend()
        if seconds <= 0:
            raise _connection_error("The time for this request is used up.")
        began, status = time.monotonic(), 0
        try:
            body = post_data.encode() if isinstance(post_data, str) else post_data or b""
            status, answer_headers, answer = self._connections.exchange(
                method.upper(), path, headers or {}, body, seconds
            )
        except (OSError, ValueError) as error:
            if patient is not None and isinstance(error, TimeoutError):
                raise Unanswered(patient) from error
            raise _no_answer(error) from error
        finally:
            count_stripe_call(method.upper(), path, status, time.monotonic() - began)
            if budget is not None:
                budget.count_retry(call, status)
        return answer, status, answer_headers

    def close(self) -> None:
        """Close the idle connections."""
        self._connections.close()


def _no_answer(error: OSError | ValueError) -> stripe.APIConnectionError:
    """The error of a call without an answer. A line that failed may be asked again at once; a wrong certificate, half an
    answer, and a request that cannot be sent are not.
    """
    message = f"Unexpected error communicating with Stripe. (Network error: {type(error).__name__}: {error})"
    final = isinstance(error, ssl.SSLCertVerificationError | AnswerCut | ValueError)
    return _connection_error(message, may_repeat=not final)


def _connection_error(message: str, may_repeat: bool = False) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(message, should_retry=may_repeat)  # type: ignore[no-untyped-call]


def pooled_client(base: str, idle: int, use_proxies: bool = True) -> PooledClient:
    """A client that keeps up to ``idle`` connections to the server at ``base``."""
    address = urlsplit(base)
    # The SDK's own list of certificate authorities.
    tls = ssl.create_default_context(cafile=stripe.ca_bundle_path) if address.scheme == "https" else None
    proxy = proxy_for(address) if use_proxies else None
    return PooledClient(base, Connections(address, tls, idle, proxy))


def proxy_for(address: SplitResult) -> Proxy | None:
    """The proxy that the environment (``HTTPS_PROXY``, ``NO_PROXY``) names for an address. Raises ``SettingsError``."""
    known = getproxies()
    named = known.get(address.scheme) or known.get("all")
    if not named or proxy_bypass(address.netloc.rpartition("@")[2]):
        return None
    try:
        return Proxy.of(urlsplit(named if "://" in named else f"http://{named}"))
    except ValueError as error:
        raise SettingsError(f"{address.scheme.upper()}_PROXY", str(error)) from error


class _WatchedLine(AroundLine):
    """Any way to Stripe, with the headers of each answer shown to somebody."""

    name = "watched"

    def __init__(self, line: stripe.HTTPClient, watch: Watch) -> None:
        super().__init__(line)
        self._watch = watch

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[Any, int, Any]:
        """One call."""
        body, status, answer_headers = self._line.request(method, url, headers, post_data)
        self._watch(answer_headers)
        return body, status, answer_headers


def build_client(
    settings: Settings, http_client: stripe.HTTPClient | None = None, watch: Watch | None = None
) -> PlatformClient:
    """The one client, safe to share between threads. ``watch`` is shown the headers of each answer."""
    # Latencies of earlier calls and facts of this machine, which would go with each call, are nobody's business.
    stripe.enable_telemetry = False
    base = settings.stripe_api_base or stripe.DEFAULT_API_BASE
    if http_client is None:
        # A machine's HTTP_PROXY may be the way out to Stripe, but never the way to the sandbox on this machine.
        # Each request in flight keeps one connection.
        http_client = pooled_client(base, settings.max_in_flight, not settings.uses_sandbox)
    if watch is not None:
        http_client = _WatchedLine(http_client, watch)
    rate = build_rate(settings)
    if rate is not None:
        http_client = RatedClient(http_client, rate)
    return PlatformClient(
        settings.stripe_secret_key,
        namespace=settings.namespace,
        accounts_v2=settings.account_terms.connect_accounts != "v1",
        base_addresses={"api": base},
        max_network_retries=RETRIES,
        http_client=http_client,
    )
