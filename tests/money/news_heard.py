"""The news that a host app hears, and the log lines beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from blinker import NamedSignal

from backend.services import Services
from backend.webhooks import signals

DAY = 86_400


SIGNALS = [one for one in vars(signals).values() if isinstance(one, NamedSignal)]


@contextmanager
def news() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every signal that is sent, by its name, without repeats."""
    told: list[tuple[str, dict[str, Any]]] = []
    ears = []
    for signal in SIGNALS:

        def listen(sender: Any, name: str = str(getattr(signal, "name", "")), **facts: Any) -> None:
            one = (name if isinstance(sender, Services) else f"{name}, sent by {sender!r}", facts)
            if one not in told:
                told.append(one)

        ears.append(listen)
        signal.connect(listen)
    try:
        yield told
    finally:
        for signal, ear in zip(SIGNALS, ears, strict=True):
            signal.disconnect(ear)


def only(told: list[tuple[str, dict[str, Any]]], *names: str) -> list[tuple[str, dict[str, Any]]]:
    """The news of these names."""
    return [one for one in told if one[0] in names]


def lines(logs: Any, event: str) -> list[dict[str, Any]]:
    """The log lines of one event, without its name and level, and without repeats."""
    found: list[dict[str, Any]] = []
    for line in logs:
        facts = {key: value for key, value in line.items() if key not in ("event", "log_level")}
        if line["event"] == event and facts not in found:
            found.append(facts)
    return found
