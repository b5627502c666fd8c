"""Stripe's time, by the ``Date`` of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

# The greatest age of a webhook's signature, in both directions by this machine's clock. It is Stripe's advice.
# https://docs.stripe.com/webhooks#replay-attacks
MOST_SKEW_SECONDS = 300


def stripes_time(headers: Mapping[str, Any] | None) -> int | None:
    """The unix second at which Stripe answered, by its ``Date`` header; None where there is none.

    Every time that decides about money is Stripe's: this machine's clock may be hours away.
    """
    text = (headers or {}).get("Date") or (headers or {}).get("date")
    return _unix_second(str(text)) if text else None


@lru_cache(maxsize=64)
def _unix_second(text: str) -> int | None:
    """The second that a ``Date`` names. Every answer of a second has the same, and each is asked several times."""
    try:
        return round(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None
