"""The API's reference, made from what the routes run by: ``/openapi.json`` for machines, ``/docs`` for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response, current_app, jsonify, request
from marshmallow import Schema, fields, validate
from werkzeug.datastructures import Headers

from backend import __version__
from backend.domain.paths import UNDER_WEBHOOKS
from backend.http.requests import settings
from backend.routes.generated_clients import ALL_ERRORS, ERRORS, explain, fit_for_clients
from backend.schemas import connect, payments, screens
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


class Received(Schema):
    """A webhook was taken."""

    received = fields.Constant(True)


class Alive(Schema):
    """The state of the backend."""

    status = fields.String(required=True)
    timestamp = fields.String(required=True)
    environment = fields.String()


class Tested(Schema):
    """The answer to the connection check."""

    message = fields.String(required=True)
    timestamp = fields.String(required=True)
    stripe_configured = fields.Boolean(required=True, data_key="stripeConfigured")


@dataclass(frozen=True)
class Operation:
    """One route in the reference: its request and its answers. ``keyed``: it takes an ``Idempotency-Key``."""

    answer: type[Schema]
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    failures: tuple[int, ...] = ()
    keyed: bool = False
    example: Any = None


# In examples, the address of this very backend.
_APP_URL = "https://app.example.com"
_ORDER = {"coachId": "coach-7", "coachName": "Dana", "sport": "badminton", "packageType": "package", "packageId": 1}
_COACH = {"coachId": "coach-7", "coachName": "Dana", "email": "dana@example.com", "sport": "badminton"}
_PAYMENT, _ACCOUNT = "pi_3PxExample0000001", "acct_1PxExample0000001"
_CLAIM = {"paymentIntentId": _PAYMENT, "coachAccountId": _ACCOUNT, "amount": 4725}

# Two addresses at which the same thing is bought.
_PURCHASE = Operation(
    payments.CreateIntentResponse,
    payments.CreateIntentRequest,
    failures=(400, 409),
    keyed=True,
    example={**_ORDER, "customerEmail": "pat@example.com"},
)

OPERATIONS = {
    "payments.create_intent": _PURCHASE,
    "payments.create_destination_charge": _PURCHASE,
    "payments.list_packages": Operation(screens.PackagesResponse),
    "payments.confirm": Operation(
        payments.ConfirmResponse,
        payments.ConfirmRequest,
        failures=(400, 404, 409),
        example={"paymentIntentId": _PAYMENT, "sessionData": _ORDER},
    ),
    "payments.read_intent": Operation(payments.IntentResponse, failures=(404,)),
    "payments.refund": Operation(
        payments.RefundResponse,
        payments.RefundBody,
        failures=(400, 402, 404, 409),
        keyed=True,
        example={"paymentIntentId": _PAYMENT, "reason": "requested_by_customer", "amount": 1000},
    ),
    "connect.create_account": Operation(
        connect.CreateAccountResponse, connect.CreateAccountRequest, failures=(400, 404, 409), example=_COACH
    ),
    "connect.start_onboarding": Operation(
        connect.CreateAccountResponse, connect.CreateAccountRequest, failures=(400, 404, 409), example=_COACH
    ),
    "connect.create_onboarding_link": Operation(
        screens.OnboardingLinkResponse,
        screens.OnboardingLinkRequest,
        failures=(400, 404, 409),
        example={"return_url": f"{_APP_URL}/coach/earnings"},
    ),
    "connect.read_onboarding_link": Operation(
        screens.CoachOnboardingLinkResponse, query=screens.OnboardingLinkRequest, failures=(400, 404, 409)
    ),
    "connect.read_status": Operation(screens.StatusResponse, query=screens.StatusQuery, failures=(400, 404)),
    "connect.list_transfers": Operation(screens.TransfersResponse, query=screens.TransfersQuery, failures=(400, 404)),
    "connect.read_account": Operation(connect.AccountResponse, failures=(404,)),
    "connect.update_account": Operation(
        connect.UpdateAccountResponse,
        connect.UpdateAccountRequest,
        failures=(400, 404, 409),
        example={"business_profile": {"url": "https://dana.example.com"}},
    ),
    "connect.create_login_link": Operation(connect.LoginLinkResponse, failures=(404, 409)),
    "connect.transfer": Operation(
        connect.TransferResponse, connect.TransferRequest, failures=(400, 404, 409), example=_CLAIM
    ),
    "connect.read_balance": Operation(connect.BalanceResponse, failures=(404,)),
    "connect.list_payouts": Operation(connect.PayoutsResponse, query=connect.PayoutsQuery, failures=(400, 404)),
    "webhooks.receive": Operation(Received, failures=(400, 408, 413, 500, 503)),
    "status.health": Operation(Alive),
    "status.ready": Operation(Alive, failures=(502, 503)),
    "status.test": Operation(Tested),
}
_PATHS: dict[str, dict[str, Any]] = {
    "payment_id": {"pattern": r"^pi_[A-Za-z0-9]{8,64}$"},
    "account_id": {"pattern": r"^acct_[A-Za-z0-9]{8,32}$"},
    "coach_id": {"minLength": 1, "maxLength": 500},
}
# What may be left out altogether.
_OPTIONAL_BODIES = frozenset(["connect.create_onboarding_link"])


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
    for rule in current_app.url_map.iter_rules():
        operation = OPERATIONS.get(rule.endpoint)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}) if operation else ():
            assert operation is not None
            path = re.sub(r"<([a-z_]+)>", r"{\1}", rule.rule)
            spec.path(path=path, operations={method.lower(): _described(rule.endpoint, operation, path)})
    return explain(fit_for_clients(spec.to_dict()))


def _described(endpoint: str, operation: Operation, path: str) -> dict[str, Any]:
    text = " ".join((current_app.view_functions[endpoint].__doc__ or "").split())
    signed_in = endpoint.startswith(("payments.", "connect."))
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
        required = endpoint not in _OPTIONAL_BODIES
        described["requestBody"] = {"required": required, "content": {"application/json": content}}
    elif endpoint == "webhooks.receive":
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return described


def _at_home(example: dict[str, Any]) -> dict[str, Any]:
    """The example with our own address, which is the one that is accepted here."""
    own = settings().app_url
    return {name: one.replace(_APP_URL, own) if isinstance(one, str) else one for name, one in example.items()}


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
