"""The API's reference, made from what the routes run by: ``/openapi.json`` for machines, ``/docs`` for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response, current_app, jsonify, request
from marshmallow import Schema, fields, validate
from werkzeug.datastructures import Headers

from backend import __version__
from backend.domain.paths import UNDER_WEBHOOKS
from backend.http.operations import Operation, operations
from backend.http.requests import settings
from backend.routes.examples import APP_URL
from backend.routes.generated_clients import ALL_ERRORS, ERRORS, explain, fit_for_clients
from backend.schemas import payments
from backend.schemas.fields import LenientInteger, StrictInteger, StripeId, Text

reference = Blueprint("reference", __name__)

# What any call of a front end's may be answered with, whatever it asks.
_ALWAYS = (401, 403, 408, 413, 429, 500, 502, 503)
MEANINGS = {
    200: "Done",
    400: "The request is not well-formed, or the payment is not finished",
    401: "Sign in first",
    402: "The card was declined",
    403: "Not allowed",
    404: "There is no such thing, or not for you",
    405: "There is such an address, but not for this method",
    408: "The request came in too slowly",
    409: "Contradicts what is or has happened",
    413: "Too large",
    429: "Too many requests",
    500: "Our own mistake",
    502: "Stripe refuses our key or configuration",
    503: "Stripe cannot be reached, or too much is asked at once; try again",
}


class ErrorBody(Schema):
    """Every failure. ``error`` is stable; ``message`` is a sentence for people."""

    error = fields.String(required=True, validate=validate.OneOf(ALL_ERRORS))
    message = fields.String(required=True)
    details = fields.String(metadata={"description": "the field that is wrong, and how, in a sentence"})
    account = fields.Constant(None, metadata={"description": "where a coach's status is asked for: there is none"})
    status = fields.String(metadata={"description": "the payment's status, where that is the reason"})
    refund = fields.Nested(
        payments.Refund, metadata={"description": "the refund that was made already, where that is the reason"}
    )


_PATHS: dict[str, dict[str, Any]] = {
    "payment_id": {"pattern": r"^pi_[A-Za-z0-9]{8,64}$"},
    "account_id": {"pattern": r"^acct_[A-Za-z0-9]{8,32}$"},
    "coach_id": {"minLength": 1, "maxLength": 500},
}


@reference.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document."""
    return kept("openapi", lambda: jsonify(document()))


def kept(name: str, build: Callable[[], Response]) -> Response:
    """The answer that ``build`` gave the first time in this app: it depends on the code and the settings alone.

    A browser may keep it for five minutes, and is answered 304 while it is the same.
    """
    built: dict[str, Response] = current_app.extensions.setdefault("payments_reference", {})
    first = built.get(name)
    if first is None:
        first = built[name] = build()
        first.add_etag()
        first.headers["Cache-Control"] = "public, max-age=300"
    again = Response(first.get_data(), headers=Headers(first.headers))
    again.make_conditional(request)
    return again


def document() -> dict[str, Any]:
    """Every route of the running app that is for programs, from its schemas."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title=settings().app_name,
        version=__version__,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={
            "description": "Amounts are whole numbers of the currency's smallest unit. Every failure has `error`, "
            "stable, and `message`, for people."
        },
        servers=[{"url": settings().app_url}],
    )
    assert plugin.converter is not None
    plugin.converter.add_attribute_function(_limits)  # type: ignore[no-untyped-call]
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    served = operations(current_app.view_functions)
    for rule in (one for one in current_app.url_map.iter_rules() if one.endpoint in served):
        path = re.sub(r"<([a-z_]+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            spec.path(path=path, operations={method.lower(): _described(rule.endpoint, served[rule.endpoint], path)})
    return explain(fit_for_clients(spec.to_dict()))


def _described(endpoint: str, operation: Operation, path: str) -> dict[str, Any]:
    text = " ".join((current_app.view_functions[endpoint].__doc__ or "").split())
    signed_in = operation.rule is not None
    failures = sorted({*operation.failures, *(_ALWAYS if signed_in else ())})
    described: dict[str, Any] = {
        "operationId": endpoint.partition(".")[2],
        "summary": text.partition(". ")[0].rstrip("."),
        "description": text,
        "tags": [endpoint.partition(".")[0]],
        "parameters": list(_parameters(operation, path)),
        "responses": {"200": _content(operation.answer, MEANINGS[200])}
        | {str(status): _content(ErrorBody, _failure(status)) for status in failures},
    }
    if signed_in:
        described["security"] = [{"token": []}, {}] if settings().auth.mode != "required" else [{"token": []}]
    if operation.body is not None:
        content = {"schema": operation.body, "example": _at_home(operation.example)}
        described["requestBody"] = {"required": operation.body_required, "content": {"application/json": content}}
    elif endpoint == "webhooks.receive":
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return described


def _at_home(example: dict[str, Any]) -> dict[str, Any]:
    """The example with our own address, which is the one that is accepted here."""
    own = settings().app_url
    return {name: one.replace(APP_URL, own) if isinstance(one, str) else one for name, one in example.items()}


def _parameters(operation: Operation, path: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{([a-z_]+)}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", **_PATHS[name]}}
    if operation.query is not None:
        yield {"in": "query", "schema": operation.query}
    if operation.keyed:
        schema: dict[str, Any] = {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "pattern": r"^[\x21-\x2b\x2d-\x7e]+$",
        }
        text = (
            "One per purchase or refund, the same when it is tried again: one effect, however often it is sent. "
            "Send a UUID. A purchase's key belongs to the bearer of the token; without a token it needs 22 characters."
        )
        yield {"name": "Idempotency-Key", "in": "header", "schema": schema, "description": text}
    if path.startswith(UNDER_WEBHOOKS):
        yield {"name": "Stripe-Signature", "in": "header", "required": True, "schema": {"type": "string"}}


def _failure(status: int) -> str:
    """The meaning of a status, and what ``error`` says then."""
    return f"{MEANINGS[status]}. `error`: {', '.join(ERRORS[status])}"


def _content(schema: type[Schema], meaning: str) -> dict[str, Any]:
    return {"description": meaning, "content": {"application/json": {"schema": schema}}}


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return str(kind.__name__)


def _limits(self: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """The limits of our own fields, in the terms of JSON Schema."""
    match field:
        case StripeId():
            return {"pattern": f"^{field.pattern}$"}
        case LenientInteger():
            return {"type": ["integer", "string"], "minimum": field.minimum, "maximum": field.maximum}
        case StrictInteger():
            return {"minimum": field.minimum, "maximum": field.maximum}
        case Text():
            return {"maxLength": field.max_length} | ({} if field.allow_none else {"minLength": 1})
        case fields.Constant():
            return {"const": field.constant}
        case _:
            return {}
