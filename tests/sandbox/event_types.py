"""The types of the events that an account was told."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Platform


def event_types(platform: Platform, account: str) -> list[str]:
    """Return the types of an account's newest hundred events, newest first."""
    options: Any = {"stripe_account": account}
    return [event.type for event in platform.v1.events.list({"limit": 100}, options).data]
