"""Before anything is looked up: the address is short, and no card number stands in it."""

from __future__ import annotations

from urllib.parse import unquote_plus

from flask import Flask, request

from backend.domain import card_numbers
from backend.services.errors import InvalidRequest

# In characters, the query string included; the production server takes 4,094 in the line.
_LONGEST_ADDRESS = 8_192


def attach_screening(app: Flask) -> None:
    """Refuse addresses that are too long, and those with a card number, which would be in every log on the way."""
    app.before_request(_screen)


def _screen() -> None:
    query = request.query_string
    if len(request.path) + len(query) > _LONGEST_ADDRESS:
        raise InvalidRequest("The address is too long.", field="address")
    if card_numbers.in_id(request.path) or (query and card_numbers.in_id(unquote_plus(query.decode("latin-1")))):
        raise InvalidRequest("The address must not contain a card number.", field="address")
