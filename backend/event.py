"""A verified event, as the handlers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.domain.membership import named_before, named_payments


@dataclass(frozen=True)
class Event:
    """A verified event. ``object`` is a snapshot of the past; ``account`` is set for a coach's account.

    ``created``: unix seconds, as far as the event says. ``previous``: the fields that changed, with their old values.
    """

    id: str
    type: str
    account: str | None
    livemode: bool
    created: Any
    object: Mapping[str, Any]
    previous: Mapping[str, Any] | None = None

    @property
    def metadata(self) -> Mapping[str, str]:
        """The metadata of the object, as it was."""
        return self.object.get("metadata") or {}

    @property
    def created_at(self) -> int | None:
        """The unix second of the event, if it says one."""
        return self.created if isinstance(self.created, int) else None

    @property
    def named_payments(self) -> frozenset[str]:
        """The payments that the object's metadata names."""
        return named_payments(self.metadata)

    @property
    def payments_named_before(self) -> frozenset[str]:
        """The payments that its metadata named before the change."""
        return named_before(self.previous)
