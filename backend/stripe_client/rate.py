"""Stripe's own limits, kept from this side: a budget of calls a second for one account, shared by all machines.

Stripe allows an account 100 calls a second (25 in test mode) and each endpoint 25; what is more gets a 429. So a request
draws the calls that its kind usually makes, once, before its first one. Nothing is drawn later: between a refused write
and its note, or a transfer and its repair, nothing waits and nothing is refused. What a request makes beyond that is owed.

The budget is divided, so that nobody starves: webhooks have 40%, the sweep and commands 5%, requests the rest. Who finds
its own part empty takes of another's whose owner has made no call for some seconds, and leaves a quarter of it.

https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

import stripe
from limits.storage import Storage, storage_from_string

from backend.config.settings import Settings
from backend.observability.metrics import STRIPE_WITHHELD, labelled, operation_of
from backend.stripe_client.rate_windows import REDIS_OPTIONS, LocalWindows, SharedWindows, Windows

REQUESTS, WEBHOOKS, SWEEP = "requests", "webhooks", "sweep"
PARTS = {REQUESTS: 0.55, WEBHOOKS: 0.40, SWEEP: 0.05}
# An endpoint's own limit is 25 at 100 calls a second and at 25; Search has 20, new accounts 5 in test mode.
_ENDPOINT_PART, _ENDPOINT_MIN = 0.25, 25
_SMALLER = {"GET /v1/payment_intents/search": 20, "POST /v1/accounts": 5}
# A request waits for the next second's budget. Webhooks do not: Stripe delivers them again.
_WAIT_SECONDS = {REQUESTS: 1.0, WEBHOOKS: 0.0, SWEEP: float("inf")}
_STEP_SECONDS = 0.1
# After a 429 the budget is halved, and is whole again ten seconds later.
_SLOW_SECONDS = 10.0
# Of what is lent, so much stays for the owner's return.
_LEFT_FOR_OWNER = 0.25
_FIRST_GUESS = 2


class StripeBusy(Exception):
    """Stripe takes no more calls this second; none was made for this request."""


@dataclass
class Activation:
    """One request, delivery, or payment of a sweep. ``kind``: of what one usually makes as many calls as another.

    ``left``: calls drawn and not made; None: nothing is drawn yet. ``rate``: the budget they were drawn from.
    """

    part: str
    kind: str
    left: int | None = None
    made: Counter[str] = field(default_factory=Counter)
    rate: StripeRate | None = None


_activation: ContextVar[Activation | None] = ContextVar("stripe_activation", default=None)


class StripeRate:
    """The budget. ``calls``: a second. ``now`` gives seconds, ``sleep`` waits some."""

    def __init__(
        self,
        calls: int,
        windows: Windows,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._calls = calls
        self._windows = windows
        self._now = now
        self._sleep = sleep or time.sleep
        self._usual: dict[str, dict[str, float]] = {}
        self._dry_until: dict[tuple[str, str], float] = {}
        self._waiting: Counter[str] = Counter()
        self._throttled_at = float("-inf")

    def begin_call(self, operation: str) -> None:
        """Before each call. The first of an activation draws for all of them. Raises ``StripeBusy``."""
        activation = _activation.get() or Activation(SWEEP, operation)
        if activation.left is None:
            activation.left = self._draw(activation, operation)
        activation.rate = self
        activation.made[operation] += 1
        activation.left -= 1
        if activation.left < 0:
            self._windows.owe(activation.part, self._calls * PARTS[activation.part], 1)

    def end(self, activation: Activation) -> None:
        """Learn what this kind of activation usually calls."""
        usual = self._usual.setdefault(activation.kind, dict(activation.made))
        for operation in usual.keys() | activation.made.keys():
            usual[operation] = 0.9 * usual.get(operation, 0.0) + 0.1 * activation.made[operation]

    def throttled(self) -> None:
        """Stripe said 429: others on this account call too, or its limit is lower."""
        self._throttled_at = self._now()

    def _draw(self, activation: Activation, operation: str) -> int:
        part, usual = activation.part, self._usual.get(activation.kind, {})
        wanted = max(1, round(sum(usual.values()) or (_FIRST_GUESS if activation.kind != operation else 1)))
        often = {name for name, times in usual.items() if times >= 0.5} | {operation}
        self._windows.mark(part)
        until = self._now() + _WAIT_SECONDS[part]
        if self._try(activation, often, wanted):
            return wanted
        if self._waiting[part] * wanted >= self._calls * PARTS[part] or _WAIT_SECONDS[part] <= 0:
            return self._refuse(part)
        self._waiting[part] += 1
        try:
            while self._now() < until:
                self._sleep(_STEP_SECONDS)
                if self._try(activation, often, wanted):
                    return wanted
        finally:
            self._waiting[part] -= 1
        return self._refuse(part)

    def _refuse(self, part: str) -> int:
        labelled(STRIPE_WITHHELD, part).inc()
        raise StripeBusy

    def _try(self, activation: Activation, operations: set[str], wanted: int) -> bool:
        """Take from the endpoints' budgets, then from the part's own, then from one that lies idle."""
        dry = (activation.part, activation.kind)
        if self._now() < self._dry_until.get(dry, 0.0):
            return False
        if all(self._windows.take(name, self._limit_of(name), 1) for name in sorted(operations)):
            if self._windows.take(activation.part, self._pace() * PARTS[activation.part], wanted):
                return True
            for other, part in PARTS.items():
                idle = other != activation.part and not self._windows.is_present(other)
                if idle and self._windows.take(other, self._pace() * part, wanted, _LEFT_FOR_OWNER):
                    return True
        self._dry_until[dry] = self._now() + _STEP_SECONDS
        return False

    def _pace(self) -> float:
        """Calls a second at the moment."""
        since = self._now() - self._throttled_at
        return self._calls * min(1.0, 0.5 + 0.5 * since / _SLOW_SECONDS)

    def _limit_of(self, operation: str) -> float:
        return self._pace() * _endpoint_part(operation, self._calls)


def _endpoint_part(operation: str, calls: int) -> float:
    """The part of the account's limit that one endpoint has."""
    limit = max(_ENDPOINT_MIN, _ENDPOINT_PART * calls)
    return min(1.0, min(limit, _SMALLER.get(operation, limit)) / calls)


@contextmanager
def stripe_activation(part: str, kind: str, may_wait: bool = True) -> Iterator[None]:
    """Everything inside draws once. ``may_wait`` False: it draws nothing, and owes what it makes."""
    activation = Activation(part, kind, None if may_wait else 0)
    token = _activation.set(activation)
    try:
        yield
    finally:
        _activation.reset(token)
        if activation.rate is not None:
            activation.rate.end(activation)


class AroundLine(stripe.HTTPClient):
    """Any way to Stripe, with something done around each call: the base of those that do it."""

    name = "around"

    def __init__(self, line: stripe.HTTPClient) -> None:
        super().__init__()
        self._line = line

    def close(self) -> None:
        """Close the line."""
        self._line.close()  # type: ignore[no-untyped-call]

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return self._line._sleep_time_seconds(num_retries)


class RatedClient(AroundLine):
    """Any way to Stripe, within the budget."""

    name = "rated"

    def __init__(self, line: stripe.HTTPClient, rate: StripeRate) -> None:
        super().__init__(line)
        self._rate = rate

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[Any, int, Any]:
        """One call. Raises ``StripeBusy``, only before the first of an activation."""
        self._rate.begin_call(operation_of(method.upper(), url))
        body, status, answer_headers = self._line.request(method, url, headers, post_data)
        # A 429 without a reason is a lock on one object, and says nothing of the rate.
        if status == 429 and "stripe-rate-limited-reason" in {name.lower() for name in answer_headers}:
            self._rate.throttled()
        return body, status, answer_headers


def build_rate(settings: Settings) -> StripeRate | None:
    """The budget that the settings name; None where nobody limits.

    Without Redis each process has its share: the workers of a machine together, a command the sweep's part alone.
    """
    if not settings.stripe_rate:
        return None
    processes = settings.machines * (1 if settings.is_command else settings.web_concurrency)
    elsewhere = {REQUESTS, WEBHOOKS} if settings.is_command else {SWEEP}
    local = LocalWindows(1 / processes, frozenset(elsewhere))
    if not settings.ratelimit_storage_uri.startswith(("redis", "valkey")):
        return StripeRate(settings.stripe_rate, local)
    storage = cast(Storage, storage_from_string(settings.ratelimit_storage_uri, **REDIS_OPTIONS))  # type: ignore[arg-type]
    return StripeRate(settings.stripe_rate, SharedWindows(storage, _account_of(settings.stripe_secret_key), local))


def _account_of(secret_key: str) -> str:
    """A name for the account and mode of a key. Stripe's own keys of one account begin alike: with its id."""
    _, mode, rest = secret_key.split("_", 2)
    return f"stripe/{mode}/{hashlib.sha256(rest[:16].encode()).hexdigest()[:16]}"
