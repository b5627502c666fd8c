"""Values that no well-meaning program sends, and ways to put one anywhere in a document."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

# JSON of every kind, in sizes and with characters that readers stumble over.
HOSTILE: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "false",
    "../..",
    "pi_\n",
    "\ud800",
    "x" * 10_000,
    [],
    [1],
    [{}],
    {},
    {"id": None},
    {"id": 5},
    {"id": {"id": "x"}},
    {"object": "list", "data": [5]},
    {"data": {"data": []}},
    {"metadata": []},
    {"a": {"b": []}},
]


def ways(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every place in a document."""
    if way:
        yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from ways(part, (*way, name))


def put(document: Any, way: tuple[Any, ...], value: Any, absent: bool) -> Any:
    """The document with another value in one place, or without it. Raises where an earlier change took the place away."""
    changed = deepcopy(document)
    place = changed
    for name in way[:-1]:
        place = place[name]
    if absent and isinstance(place, dict):
        del place[way[-1]]
    else:
        place[way[-1]] = value
    return changed
