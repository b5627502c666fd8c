"""The pace of a sweep, which shares Stripe's rate limit with live traffic."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Keeps a sweep under Stripe's rate limit, which live traffic needs too (25 a second in test mode)."""

    def __init__(self, calls_per_second: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._gap = 1 / calls_per_second
        self._sleep = sleep
        self._next = 0.0

    def wait(self, calls: int) -> None:
        """Before ``calls`` further calls: wait as long as the earlier ones have earned."""
        now = time.monotonic()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + calls * self._gap
