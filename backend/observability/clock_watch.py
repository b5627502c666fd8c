"""Watching this machine's clock against Stripe's, by the ``Date`` of answers that come anyway."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from backend.domain.stripe_time import MOST_SKEW_SECONDS, stripes_time

log = structlog.get_logger(__name__)

# Once said, it is said again after an hour: every call of a busy backend would say it otherwise.
_SAY_EVERY_SECONDS = 3_600


class ClockWatch:
    """Logs a warning when the clock is off, at most once an hour. Money is decided by Stripe's time all the same, but
    every webhook is refused: its signature is too old, or of the future.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._quiet_until = 0.0

    def see(self, headers: Mapping[str, Any]) -> None:
        """Compare the clock with an answer that has just come."""
        at = stripes_time(headers)
        if at is None or abs(self._now() - at) <= MOST_SKEW_SECONDS or not self._may_say():
            return
        skew = round(self._now() - at)
        log.warning("clock.off", seconds=abs(skew), direction="ahead" if skew > 0 else "behind")

    def _may_say(self) -> bool:
        # Not by the clock that is off.
        with self._lock:
            now = time.monotonic()
            if now < self._quiet_until:
                return False
            self._quiet_until = now + _SAY_EVERY_SECONDS
            return True
