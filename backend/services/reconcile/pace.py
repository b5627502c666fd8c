"""The pace of a sweep, which shares Stripe's rate limit with live traffic."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import stripe


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

    def pages(self, first: Callable[[], Any]) -> Iterator[Any]:
        """Yield each page of a list or of Search, a call each. ``first`` reads the first one."""
        self.wait(1)
        page = first()
        while True:
            yield page
            if not page.has_more:
                return
            self.wait(1)
            page = page.next_search_result_page() if isinstance(page, stripe.SearchResultObject) else page.next_page()
