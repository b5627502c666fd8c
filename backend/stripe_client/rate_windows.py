"""The windows in which calls are counted: in Redis by all machines together, or in this process for its own share.

Both count by a clock that no machine can set wrong: Redis's own (a count lives one second there), and the monotonic clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import structlog
from limits.storage import Storage

log = structlog.get_logger(__name__)

# Redis is on the next machine. What takes longer than this is worse than no answer.
REDIS_SECONDS = 0.05
REDIS_OPTIONS = {"socket_connect_timeout": REDIS_SECONDS, "socket_timeout": REDIS_SECONDS, "retry": None}
# After a failure Redis is left alone for so long, and the local share counts.
REST_SECONDS = 5.0
# Who has called within so many seconds is not idle.
PRESENT_SECONDS = 3


class Windows(Protocol):
    """Counts calls by name."""

    def take(self, name: str, limit: float, calls: int, leave: float = 0.0) -> bool:
        """Count ``calls`` under a name, of which ``limit`` a second are allowed. False, and nothing is counted, if they
        are not, or would leave less than this part of the limit.
        """

    def owe(self, name: str, limit: float, calls: int) -> None:
        """Count calls that are made whether they are allowed or not."""

    def mark(self, name: str) -> None:
        """Note that somebody of this name is here."""

    def is_present(self, name: str) -> bool:
        """True if somebody of this name was here in the last seconds."""


class LocalWindows:
    """The share of this process: buckets that fill evenly, and are below zero when they owe. ``now`` gives seconds.

    ``elsewhere``: names that only other processes have, so nobody here can see whether they are present.
    """

    def __init__(
        self, share: float, elsewhere: frozenset[str] = frozenset(), now: Callable[[], float] = time.monotonic
    ) -> None:
        self._share = share
        self._elsewhere = elsewhere
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}
        self._seen: dict[str, float] = {}

    def take(self, name: str, limit: float, calls: int, leave: float = 0.0) -> bool:
        """Take from a bucket that has enough. A share may be below one call a second: then a full bucket is enough."""
        size, held = self._filled(name, limit)
        if held < min(calls + leave * size, size):
            return False
        self._buckets[name] = (held - calls, self._now())
        return True

    def owe(self, name: str, limit: float, calls: int) -> None:
        """Take, whatever there is."""
        self._buckets[name] = (self._filled(name, limit)[1] - calls, self._now())

    def mark(self, name: str) -> None:
        """Remember when."""
        self._seen[name] = self._now()

    def is_present(self, name: str) -> bool:
        """Look when."""
        seen = self._seen.get(name)
        return name in self._elsewhere or (seen is not None and self._now() - seen < PRESENT_SECONDS)

    def _filled(self, name: str, limit: float) -> tuple[float, float]:
        size = max(1.0, limit * self._share)
        held, at = self._buckets.get(name, (size, self._now()))
        return size, min(size, held + (self._now() - at) * limit * self._share)


class SharedWindows:
    """Fixed windows of one second in Redis. While Redis is silent or away: the local share.

    ``prefix`` names the account and mode. Calls beyond a window are owed, and come first in the next ones.
    """

    def __init__(
        self, storage: Storage, prefix: str, local: LocalWindows, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._storage = storage
        self._prefix = prefix
        self._local = local
        self._now = now
        self._rests_until = float("-inf")
        self._owed: dict[str, int] = {}
        self._marked: dict[str, float] = {}

    def take(self, name: str, limit: float, calls: int, leave: float = 0.0) -> bool:
        """Count in Redis, first what is owed. Of more calls than a whole window has, the rest is owed."""
        whole = max(1, int(limit * (1 - leave)))
        owed = self._owed.get(name, 0)
        cost = min(whole, owed if owed >= whole else calls + owed)
        taken = self._ask(lambda: self._count(name, whole, cost))
        if taken is None:
            return self._local.take(name, limit, calls, leave)
        if taken:
            self._owed[name] = owed - cost if owed >= whole else calls + owed - cost
        return taken and owed < whole

    def owe(self, name: str, limit: float, calls: int) -> None:
        """Count in Redis; what does not fit into this second is owed."""
        taken = self._ask(lambda: self._count(name, max(1, int(limit)), calls))
        if taken is None:
            self._local.owe(name, limit, calls)
        elif not taken:
            self._owed[name] = self._owed.get(name, 0) + calls

    def mark(self, name: str) -> None:
        """Leave a mark in Redis, once a second."""
        self._local.mark(name)
        if self._now() - self._marked.get(name, float("-inf")) >= 1:
            self._marked[name] = self._now()
            self._ask(lambda: bool(self._storage.incr(f"{self._prefix}/present/{name}", PRESENT_SECONDS)))

    def is_present(self, name: str) -> bool:
        """Look for a mark in Redis."""
        seen = self._ask(lambda: self._storage.get(f"{self._prefix}/present/{name}") > 0)
        return self._local.is_present(name) if seen is None else seen

    def _count(self, name: str, limit: int, calls: int) -> bool:
        """Count if it fits. Who is refused must leave no count: a flood of refusals would fill the window for others."""
        key = f"{self._prefix}/{name}"
        if self._storage.get(key) + calls > limit:
            return False
        if self._storage.incr(key, 1, calls) > limit:  # another machine was faster
            self._storage.incr(key, 1, -calls)
            return False
        return True

    def _ask(self, question: Callable[[], bool]) -> bool | None:
        """Redis's answer; None while it rests, and when it fails."""
        if self._now() < self._rests_until:
            return None
        try:
            return question()
        except Exception as error:  # noqa: BLE001  (the driver's, the library's: whatever it is, the money goes on)
            self._rests_until = self._now() + REST_SECONDS
            log.warning("stripe_rate.alone", kind=type(error).__name__, seconds=REST_SECONDS)
            return None
