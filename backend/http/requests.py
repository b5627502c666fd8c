"""Reading requests strictly and writing responses: bytes to schema, schema to bytes."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import Any, NoReturn, cast

from flask import Response, current_app, jsonify, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from backend.config.settings import Settings
from backend.domain import card_numbers
from backend.http.auth import caller
from backend.schemas.fields import Id, is_account_id, is_payment_id
from backend.services import Services
from backend.services.errors import InvalidRequest, NoAccount, NotFound

# 1 to 255 visible ASCII characters: Stripe's own limit for a key, and fit for a log. Without the comma, by which servers
# join a header that is given twice.
_ATTEMPT = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,255}", re.ASCII)
# Whoever guesses the key of a purchase is shown its client secret. 22 characters hold the 128 bits of a UUID.
_SHORTEST_UNSIGNED = 22
# Deeper than any event of Stripe's, and more digits than any of its numbers.
_DEEPEST = 64
_MOST_DIGITS = 64
_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)

# What Werkzeug puts where a path is not UTF-8: it would make one id of many.
_NOT_UTF_8 = "\ufffd"

MESSAGE_NOT_JSON = "The request body is not valid JSON."


def services() -> Services:
    """The use cases of the running app."""
    return cast(Services, current_app.extensions["payments"])


def settings() -> Settings:
    """The settings of the running app."""
    return cast(Settings, current_app.config["SETTINGS"])


def body(schema: type[Schema]) -> Any:
    """The request's JSON body through a schema. Raises ``InvalidRequest`` or ``ValidationError``."""
    if request.mimetype != "application/json":
        raise InvalidRequest("The request must be sent as application/json.", field="Content-Type")
    document = parse_json(raw_body())
    if not isinstance(document, dict):
        raise InvalidRequest("The request body must be a JSON object.", field="body")
    return _instance(schema).load(document)


def optional_body(schema: type[Schema]) -> Any:
    """The request's JSON body through a schema; a request without one says nothing. Raises as ``body``."""
    return body(schema) if raw_body() else _instance(schema).load({})


def raw_body() -> bytes:
    """The request's bytes, all of them. Raises ``RequestEntityTooLarge``, and ``BadRequest`` for a body that breaks off
    or whose chunks are malformed.

    Of a body that comes in chunks, without a length, Werkzeug cuts off what is over the limit and says nothing.
    """
    try:
        raw = request.get_data()
        cut_off = request.content_length is None and len(raw) == request.max_content_length
        # Past Werkzeug's limit is the server's own stream, which ends where the body does: this does not wait.
        more = cut_off and request.environ["wsgi.input"].read(1)
    except HTTPException:
        raise
    except Exception as error:
        # Each server has exceptions of its own for a body that is not HTTP. None of them is a fault of ours.
        raise BadRequest from error
    if more:
        raise RequestEntityTooLarge
    if len(raw) < (request.content_length or 0):
        raise BadRequest  # the client has gone; what would have followed might have said otherwise
    return raw


def query(schema: type[Schema]) -> Any:
    """The query string through a schema; a parameter given twice is refused."""
    for name in request.args:
        if len(request.args.getlist(name)) > 1:
            raise ValidationError("must be given once", name)
    return _instance(schema).load(request.args.to_dict())


def respond(schema: type[Schema], result: Any) -> Response:
    """A result through a schema, as the JSON response."""
    return jsonify(_instance(schema).dump(result))


@cache
def _instance(schema: type[Schema]) -> Schema:
    """The one instance of a schema: making it copies every field. It holds nothing of a request."""
    return schema()


def idempotency_key() -> str | None:
    """The caller's ``Idempotency-Key``: one per purchase or refund, the same when it is tried again.

    Raises ``InvalidRequest`` also for one that can be guessed, where no token says whose it is.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _ATTEMPT.fullmatch(key):
        raise InvalidRequest(
            "The Idempotency-Key must be given once, with 1 to 255 visible characters and no comma.",
            field="Idempotency-Key",
        )
    if card_numbers.in_id(key):
        raise InvalidRequest("The Idempotency-Key must not be a card number.", field="Idempotency-Key")
    if caller().subject is None and len(key) < _SHORTEST_UNSIGNED:
        raise InvalidRequest(
            f"The Idempotency-Key must have at least {_SHORTEST_UNSIGNED} characters where nobody is signed in: "
            "send a UUID.",
            field="Idempotency-Key",
        )
    return key


def path_payment_id(text: str) -> str:
    """A PaymentIntent's id in a path; one that cannot be is not found, and Stripe is not asked."""
    if not is_payment_id(text):
        raise NotFound("That is not a payment's id: those look like pi_3PxExample0000001.")
    return text


def path_account_id(text: str) -> str:
    """An account's id in a path; one that cannot be is not found, and Stripe is not asked."""
    if not is_account_id(text):
        raise NotFound("That is not an account's id: those look like acct_1PxExample0001.")
    return text


def path_coach_id(text: str) -> str:
    """A coach's id in a path, as bodies take it; one that no coach can have is not found. Raises as ``NoAccount``."""
    try:
        known: str = Id().deserialize(text)
    except ValidationError as error:
        raise NoAccount from error
    if _NOT_UTF_8 in known:
        raise NoAccount
    return known


def parse_json(raw: bytes) -> Any:
    """JSON as its standard has it, in UTF-8, 64 levels deep, its numbers 64 characters long. Raises ``InvalidRequest``.

    Python's reader also takes UTF-16, NaN, numbers too big for a float and the same key twice; and it runs
    out of stack on 2 kB of brackets.
    """
    try:
        _refuse_depth(raw)
        return json.loads(
            raw.decode("utf-8"),
            parse_constant=_refuse,
            parse_int=_short_integer,
            parse_float=_finite,
            object_pairs_hook=_without_repeats,
        )
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(MESSAGE_NOT_JSON, field="body") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _refuse_depth(raw: bytes) -> None:
    if raw.count(b"[") + raw.count(b"{") <= _DEEPEST:
        return
    depth = 0
    for sign in re.findall(rb"[\[\]{}]", _JSON_STRING.sub(b"", raw)):
        depth += 1 if sign in b"[{" else -1
        if depth > _DEEPEST:
            raise ValueError("too deep")


def _short_integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError("a number is too long")
    return int(text)


def _finite(text: str) -> float:
    if len(text) > _MOST_DIGITS:
        raise ValueError("a number is too long")
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too big")
    return number


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice")
    return document
