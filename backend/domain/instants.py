"""Times as text: RFC 3339, as Stripe's v2 API writes them. Pure."""

from __future__ import annotations

from datetime import datetime


def unix_second(text: str) -> int:
    """The unix second that a text such as ``2026-11-24T10:11:12.345Z`` names. Raises ``ValueError``."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    return int(moment.timestamp())
