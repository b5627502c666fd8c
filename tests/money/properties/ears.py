"""The host app's side: every signal, each (name, id) with its facts, and now and then a subscriber that fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from backend.webhooks import signals

_NAMES = [name for name in vars(signals) if hasattr(getattr(signals, name), "connect") and not name.startswith("_")]


class HostApp:
    """Listens to everything. ``wrong`` collects ids that were told with other facts. ``broken``: it raises."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], dict[str, Any]] = {}
        self.sessions: defaultdict[str, int] = defaultdict(int)
        self.wrong: list[str] = []
        self.broken = False
        self._receivers: list[tuple[Any, Callable[..., None]]] = []

    def listen(self) -> None:
        """Begin."""
        for name in _NAMES:
            receiver = self._receiver(name)
            getattr(signals, name).connect(receiver, weak=False)
            self._receivers.append((getattr(signals, name), receiver))

    def leave(self) -> None:
        """End."""
        for signal, receiver in self._receivers:
            signal.disconnect(receiver)
        self._receivers.clear()

    def _receiver(self, name: str) -> Callable[..., None]:
        def receive(_sender: Any, **facts: Any) -> None:
            if self.broken:
                raise KeyError("no such player")
            self._take(name, facts)

        return receive

    def _take(self, name: str, facts: dict[str, Any]) -> None:
        known = self.told.setdefault((name, facts["id"]), facts)
        if known != facts:
            self.wrong.append(f"{name} {facts['id']}: {known} and {facts}")
        if name == "session_opened":
            self.sessions[facts["session"].payment_intent_id] += 1
