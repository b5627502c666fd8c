"""Reading what is given to the control path: a JSON object, or nothing."""

import json
from typing import Any

from werkzeug import Request

from .errors import invalid

Given = dict[str, Any]


def json_of(request: Request) -> Given:
    """The JSON object in the body; an empty one for no body."""
    return object_of(request.get_data())


def object_of(data: bytes | str) -> Given:
    """The JSON object that a text is; an empty one for no text."""
    if not data:
        return {}
    try:
        given = json.loads(data)
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
