"""Reading what is given to the control path: a JSON object, or nothing."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug import Request

from .errors import invalid

Given = dict[str, Any]
# What a value may be: a type, or any of several.
Kinds = type | tuple[type, ...]


def json_of(request: Request) -> Given:
    """The JSON object in the body; an empty one for no body."""
    return object_of(request.get_data())


def object_of(data: bytes | str) -> Given:
    """The JSON object that a text is; an empty one for no text."""
    if not data:
        return {}
    try:
        given = json.loads(data)
        json.dumps(given, ensure_ascii=False).encode()  # half a letter could be kept, and never be told again
    except (ValueError, RecursionError) as error:
        raise invalid("The control path takes JSON.") from error
    if not isinstance(given, dict):
        raise invalid("The control path takes a JSON object.")
    return given


def integer(given: Given, name: str, default: int) -> int:
    """A whole number that was given under that name, if one was."""
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"{name} must be an integer.", name)
    return value


def checked(given: Given, takes: Mapping[str, Kinds], where: str = "") -> Given:
    """The given values, without nulls. Raises for a name that is not taken, and for a value of another type."""
    for name, value in given.items():
        if name not in takes:
            there = f"it takes {', '.join(takes)}" if takes else "it takes nothing"
            raise invalid(f"There is no {where}{name} here: {there}.", name)
        if value is not None and not _is(value, takes[name]):
            raise invalid(f"{where}{name} must be {_names(takes[name])}.", name)
    return {name: value for name, value in given.items() if value is not None}


def _is(value: object, kinds: Kinds) -> bool:
    """To Python true is an integer; to JSON it is not."""
    return isinstance(value, kinds) and (not isinstance(value, bool) or kinds is bool)


def _names(kinds: Kinds) -> str:
    words = {str: "a text", int: "an integer", float: "a number", bool: "true or false", dict: "an object"}
    return " or ".join(words[kind] for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
