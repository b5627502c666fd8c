"""A memory of a minute, or of what cannot mislead for longer, so that Stripe need not be asked again at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

# An operator may change what is remembered: no worker believes it for longer than this.
REMEMBER_SECONDS = 60
_ENTRIES = 10_000


class Cache(Generic[T]):
    """Values by key, each for ``seconds``, the oldest dropped first. Safe in any thread. ``now`` gives seconds."""

    def __init__(self, now: Callable[[], float], seconds: float = REMEMBER_SECONDS) -> None:
        self._now = now
        self._seconds = seconds
        self._known: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> T | None:
        """Return what was put in and is not too old, or None."""
        with self._lock:
            known = self._known.get(key)
        # A clock that was set back makes an age negative: that is no reason to believe longer.
        if known is None or not 0 <= self._now() - known[0] < self._seconds:
            return None
        return known[1]

    def put(self, key: str, value: T) -> None:
        """Remember a value from now on."""
        with self._lock:
            self._known[key] = (self._now(), value)
            self._known.move_to_end(key)
            while len(self._known) > _ENTRIES:
                self._known.popitem(last=False)

    def drop(self, key: str) -> None:
        """Forget what is known under the key."""
        with self._lock:
            self._known.pop(key, None)
