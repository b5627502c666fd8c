"""The counts of clients in this process's memory: a bounded number of them, each at the same small cost.

The storage of the limits library walks through all clients it knows, in a thread that nearly each request starts: with a
hundred thousand addresses that is all that a process does.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from limits.storage import Storage

# About 15 MB. Whoever has more addresses than this has a limit for each of them anyhow.
MOST_CLIENTS = 50_000
# Each request takes two windows away that have ended, so that it may bring one and they still become fewer.
_SWEPT = 2


class ClientCounts(Storage):
    """Counts by key, each for its window. The library finds it by its scheme, in place of its own.

    ``now`` gives unix seconds.
    """

    STORAGE_SCHEME = ["memory"]  # noqa: RUF012  (declared by the library)

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = False,
        *,
        most: int = MOST_CLIENTS,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(uri, wrap_exceptions)
        self._most = most
        self._now = now
        # Key to count and end, the window that began first at the front.
        self._windows: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors of the storage: it has none."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a window of ``expiry`` seconds that begins now if there is none. Returns the count."""
        now = self._now()
        with self._lock:
            count, end = self._windows.get(key, (0, 0.0))
            if end <= now:
                self._windows.pop(key, None)
                count, end = 0, now + expiry
            self._windows[key] = (count + amount, end)
            self._make_room(now)
        return count + amount

    def get(self, key: str) -> int:
        """The count of a window; 0 where there is none."""
        count, end = self._windows.get(key, (0, 0.0))
        return count if end > self._now() else 0

    def get_expiry(self, key: str) -> float:
        """The unix second at which a window ends; now where there is none."""
        return max(self._windows.get(key, (0, 0.0))[1], self._now())

    def check(self) -> bool:
        """True: memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everybody. Returns how many there were."""
        with self._lock:
            many = len(self._windows)
            self._windows.clear()
        return many

    def clear(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._windows.pop(key, None)

    def _make_room(self, now: float) -> None:
        for _ in range(_SWEPT):
            first = next(iter(self._windows))
            if self._windows[first][1] > now and len(self._windows) <= self._most:
                return
            del self._windows[first]
