"""Readiness: payments can be made while Stripe answers and takes our key."""

from __future__ import annotations

import threading
from collections.abc import Callable

import stripe

# Probes of several balancers come every few seconds; Stripe is asked by one of them.
_REMEMBER_SECONDS = 10


class Readiness:
    """Asks Stripe, and remembers the answer for a moment, whatever it was."""

    def __init__(self, client: stripe.StripeClient, now: Callable[[], int]) -> None:
        self._client = client
        self._now = now
        self._lock = threading.Lock()
        self._asked_at: int | None = None
        self._problem: stripe.StripeError | None = None

    def check(self) -> None:
        """Raises what Stripe raised: it cannot be reached, or refuses the key."""
        with self._lock:
            now = self._now()
            if self._asked_at is None or not 0 <= now - self._asked_at < _REMEMBER_SECONDS:
                self._problem = self._ask()
                self._asked_at = now
        if self._problem is not None:
            raise self._problem

    def _ask(self) -> stripe.StripeError | None:
        try:
            self._client.v1.balance.retrieve()
        except stripe.StripeError as error:
            return error
        return None
