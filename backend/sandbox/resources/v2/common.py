"""Manners that the resources under /v2 share: pages, metadata, absent ids."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from ...calls.routing import Call
from ...state.store import Row
from ...wire import errors
from ...wire.bounds import page_size


def page(call: Call, rows: Sequence[Row], shown: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """One page of rows, newest first, with the addresses of its neighbours."""
    size, start = page_size(call.params), _start(call.params.get("page"))
    return {
        "data": [shown(row) for row in rows[start : start + size]],
        "next_page_url": _address(call, start + size) if start + size < len(rows) else None,
        "previous_page_url": _address(call, max(0, start - size)) if start else None,
    }


def not_found(name: str, given: str) -> errors.StripeError:
    """404 for an id in a path."""
    return errors.StripeError(f"No such {name}: '{given}'", status=404, code="not_found")


def changed_metadata(before: dict[str, str], given: dict[str, str] | None) -> dict[str, str]:
    """Metadata after an update: a null, which the wire brings as an empty string, takes its key away."""
    return {key: value for key, value in {**before, **(given or {})}.items() if value != ""}


def _start(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal()):
        raise errors.invalid("Invalid page token.", "page")
    return int(token)


def _address(call: Call, start: int) -> str:
    given = {name: value for name, value in call.params.items() if name != "page"}
    flat = [(name, value) for name, value in given.items() if not isinstance(value, dict | list)]
    listed = [
        (f"{name}[{place}]", one)
        for name, value in given.items()
        if isinstance(value, list | dict)
        for place, one in _items(value)
    ]
    texts = [(name, str(value).lower() if isinstance(value, bool) else value) for name, value in (*flat, *listed)]
    return f"{call.path}?{urlencode([*texts, ('page', start)])}"


def _items(value: list[Any] | dict[str, Any]) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else list(enumerate(value))
