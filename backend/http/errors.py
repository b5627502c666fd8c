"""The one map from failure to HTTP, and the one home of what a client may read about a failure.

Every class of ours and of the SDK's that can be raised has a row, and a test walks both trees. ``error`` is
stable, fit for a switch statement; ``message`` is one sentence for a player or coach. Neither ever holds a
key, a stack or anything Stripe said to us.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import stripe
import structlog
from flask import Flask, Response, jsonify, request
from flask_limiter import RateLimitExceeded
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from backend.domain.access import NotAllowed, NotSignedIn
from backend.domain.text import excerpt
from backend.http.signing_keys import KeysUnavailable
from backend.http.stripe_errors import STRIPE_OAUTH, STRIPE_V2
from backend.observability.metrics import WEBHOOKS, labelled
from backend.services.errors import (
    CoachNotReady,
    Conflict,
    Forbidden,
    InvalidRequest,
    NoAccount,
    NotFound,
    NotPaid,
    PaymentsError,
    PlatformNotReady,
    Undecided,
    UnreadablePayment,
)
from backend.services.write_outcome import error_code
from backend.stripe_client.client import Unanswered
from backend.stripe_client.rate import StripeBusy

log = structlog.get_logger(__name__)

# When to come back: Stripe's own limits are per second, its outages are longer.
_RETRY_AFTER_SECONDS = 5


class Overloaded(HTTPException):
    """The process has no room, or no time, for the request."""

    code = 503


class MissingSignature(Exception):
    """A webhook without ``Stripe-Signature``."""


class InvalidSignature(Exception):
    """A webhook that none of our secrets signed, or not now."""


class WebhooksNotConfigured(Exception):
    """There is no webhook secret, so nothing can be believed."""


@dataclass(frozen=True)
class Failure:
    """The part of a failure that a client reads. ``extra`` holds ``details``, ``status``, ``refund``."""

    http_status: int
    error: str
    message: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def retry_later(self) -> bool:
        """True if the same request may succeed by itself."""
        return self.http_status == 503 or self is _IN_FLIGHT


INVALID = "Validation error"
NOT_FOUND = "Not found"
CONFLICT = "Conflict"
PROVIDER_ERROR = "Payment provider error"
PROVIDER_UNAVAILABLE = "Payment provider unavailable"

_PROVIDER_REFUSED = Failure(502, PROVIDER_ERROR, "Payments are not available at the moment. Please contact support.")
_PROVIDER_DOWN = Failure(
    503, PROVIDER_UNAVAILABLE, "Payments are not available at the moment. Please try again shortly."
)
_TOO_MANY = Failure(503, PROVIDER_UNAVAILABLE, "Very many people are paying at the moment. Please try again shortly.")
_IN_FLIGHT = Failure(409, CONFLICT, "The same request is already being processed. Please wait a moment.")
_NOT_SIGNED = Failure(400, "Invalid signature", "The request was not signed with a secret of this endpoint.")
_BUG = Failure(500, "Internal server error", "Something went wrong on our side. Please try again.")

# marshmallow's words, as they stand in the message.
_UNKNOWN_FIELD = "unknown field"
# What Stripe refuses because of what the client sent; everything else it refuses is ours to mend.
_CLIENT_PARAMS = ("email", "country", "business_type", "business_profile", "individual", "starting_after")
# What Stripe refuses because of what has happened.
_CONFLICT_CODES = frozenset(
    [
        "balance_insufficient",
        "charge_already_refunded",
        "charge_disputed",
        "insufficient_capabilities_for_transfer",
        "payment_intent_unexpected_state",
        "resource_already_exists",
    ]
)


def _ours(http_status: int, error: str) -> Callable[[Any], Failure]:
    def failure(exc: PaymentsError) -> Failure:
        extra = {
            "status": exc.status,
            "details": exc.field and f"{exc.field}: {exc.message}",
            "refund": getattr(exc, "refund", None),
        }
        return Failure(http_status, error, exc.message, {k: v for k, v in extra.items() if v})

    return failure


def _always(failure: Failure) -> Callable[[Any], Failure]:
    return lambda _: failure


def _invalid_fields(exc: ValidationError) -> Failure:
    messages = exc.normalized_messages()  # type: ignore[no-untyped-call]
    where, what = _first_problem(messages)
    return Failure(400, INVALID, f"Please check {where}: {what}.", {"details": _sentence(where, what)})


def _sentence(where: str, what: str) -> str:
    """The problem as a sentence that begins with the field: front ends show ``details`` to people as it stands."""
    if what == _UNKNOWN_FIELD:
        return f"{where} is not a known field."
    goes_on = what.startswith(("must ", "is "))
    return f"{where} {what}." if goes_on else f"{where}: {what[:1].upper()}{what[1:]}."


def _first_problem(messages: Mapping[str, Any], prefix: str = "") -> tuple[str, str]:
    name, problem = next(iter(messages.items()))
    name = excerpt(name)  # of an unknown field: the client's own text
    where = (prefix or "body") if name == "_schema" else f"{prefix}.{name}".lstrip(".")
    if isinstance(problem, Mapping):
        return _first_problem(problem, where)
    text = problem[0] if isinstance(problem, list) else problem
    return where, _uncapitalised(str(text).rstrip("."))


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


def _stripe_refused(exc: stripe.InvalidRequestError) -> Failure:
    param = str(exc.param or "")
    if exc.http_status == 404:
        return Failure(404, NOT_FOUND, "There is no such payment or account.")
    if error_code(exc) in _CONFLICT_CODES:
        return Failure(409, CONFLICT, "This is not possible any more, or not yet.")
    if param.partition("[")[0] in _CLIENT_PARAMS:
        return Failure(400, INVALID, "Stripe does not accept this value.", {"details": f"{param} is not accepted."})
    return _PROVIDER_REFUSED


def _stripe_forbids(exc: stripe.PermissionError) -> Failure:
    if error_code(exc) == "account_invalid":
        return Failure(404, NOT_FOUND, "There is no such coach account.")
    return _PROVIDER_REFUSED


def _stripe_failed(exc: stripe.APIError) -> Failure:
    if exc.http_status == 409:
        return _IN_FLIGHT
    if exc.http_status is not None and exc.http_status >= 500:
        return _PROVIDER_DOWN
    return _PROVIDER_REFUSED  # an answer that is not Stripe's


def _http(exc: HTTPException) -> Failure:
    known = {
        404: (NOT_FOUND, "There is nothing at this address."),
        405: ("Method not allowed", "This address does not take this method."),
        408: ("Request timeout", "The request came in too slowly. Please try again."),
        413: ("Payload too large", "The request is too large."),
        415: (INVALID, "The request must be sent as application/json."),
        429: ("Too many requests", "Too many requests. Please wait a little and try again."),
    }
    code = exc.code or 500
    if code in known:
        return Failure(code, *known[code])
    if code >= 500:
        return _BUG
    return Failure(code, INVALID, "The request is not well-formed.", {"details": "The request is not well-formed."})


FAILURES: dict[type[BaseException], Callable[[Any], Failure]] = {
    InvalidRequest: _ours(400, INVALID),
    ValidationError: _invalid_fields,
    NotPaid: _ours(400, "Payment not successful"),
    CoachNotReady: _ours(400, "Coach not ready for payments"),
    Forbidden: _ours(403, "Forbidden"),
    NotFound: _ours(404, NOT_FOUND),
    NoAccount: lambda exc: Failure(404, NOT_FOUND, exc.message, {"account": None}),
    Conflict: _ours(409, CONFLICT),
    UnreadablePayment: _ours(409, CONFLICT),
    PlatformNotReady: _ours(502, PROVIDER_ERROR),
    Undecided: _ours(503, PROVIDER_UNAVAILABLE),
    PaymentsError: _always(_BUG),
    NotSignedIn: _always(Failure(401, "Unauthorized", "Please sign in, and try again.")),
    NotAllowed: _always(Failure(403, "Forbidden", "Your account does not allow this.")),
    KeysUnavailable: _always(
        Failure(503, "Sign-in unavailable", "Signing in cannot be checked at the moment. Please try again shortly.")
    ),
    **dict.fromkeys((Overloaded, StripeBusy), _always(_TOO_MANY)),
    MissingSignature: _always(
        Failure(400, "Missing signature", "The request does not carry a Stripe-Signature header.")
    ),
    InvalidSignature: _always(_NOT_SIGNED),
    WebhooksNotConfigured: _always(
        Failure(503, PROVIDER_UNAVAILABLE, "No webhook secret is configured, so no event can be accepted.")
    ),
    RateLimitExceeded: _http,
    HTTPException: _http,
    # Stripe's, one row a class. The root is for what a later SDK may add.
    stripe.StripeError: _always(_PROVIDER_REFUSED),
    stripe.CardError: _always(Failure(402, "Payment failed", "The card was declined. Please try another card.")),
    stripe.InvalidRequestError: _stripe_refused,
    stripe.IdempotencyError: _always(Failure(409, CONFLICT, "This request was already made with other values.")),
    stripe.AuthenticationError: _always(_PROVIDER_REFUSED),
    stripe.PermissionError: _stripe_forbids,
    stripe.RateLimitError: _always(_PROVIDER_DOWN),
    **dict.fromkeys((stripe.APIConnectionError, Unanswered), _always(_PROVIDER_DOWN)),
    stripe.APIError: _stripe_failed,
    **dict.fromkeys(STRIPE_V2 + STRIPE_OAUTH, _always(_PROVIDER_REFUSED)),
    stripe.SignatureVerificationError: _always(_NOT_SIGNED),
}


def failure_of(exc: BaseException) -> Failure:
    """The failure that a client reads of an exception: the nearest class in the map decides, else it is our bug."""
    for known in type(exc).__mro__:
        if known in FAILURES:
            return FAILURES[known](exc)
    return _BUG


# Deliveries that were not believed, as they are counted.
_REFUSED_AS: dict[type[Exception], str] = {
    MissingSignature: "unsigned",
    InvalidSignature: "bad_signature",
    WebhooksNotConfigured: "no_secret",
}


def failure_response(exc: Exception) -> Response:
    """The response to a failure, logged with what the client may not read."""
    failure = failure_of(exc)
    if isinstance(exc, HTTPException) and exc.code is not None and exc.code < 400:
        return exc.get_response()  # type: ignore[return-value]  # a redirect is not a failure
    _log(exc, failure)
    body = {"error": failure.error, "message": failure.message, **failure.extra}
    response = jsonify(body)
    response.status_code = failure.http_status
    if failure.retry_later:
        response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    if failure.http_status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(exc, MethodNotAllowed) and exc.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(exc.valid_methods))
    return response


def _log(exc: Exception, failure: Failure) -> None:
    facts: dict[str, Any] = {"error": failure.error, "path": request.path, "kind": type(exc).__name__}
    if isinstance(exc, stripe.StripeError):
        facts.update(code=error_code(exc), stripe_status=exc.http_status, stripe_request=exc.request_id)
    if type(exc) in _REFUSED_AS:
        labelled(WEBHOOKS, "unknown", _REFUSED_AS[type(exc)]).inc()
    if failure.http_status == 500:
        log.error("request.bug", exc_info=exc, **facts)
    elif failure.http_status > 500:
        log.error("request.failed", **facts)
    elif isinstance(exc, InvalidSignature):
        # With a wrong secret every delivery is refused, and nothing else tells.
        log.warning("webhook.refused", remedy="flask doctor", **facts)
    else:
        log.info("request.refused", details=failure.extra.get("details"), **facts)


def register_errors(app: Flask) -> None:
    """Answer every exception, HTTP errors included, in the contract's shape."""
    app.register_error_handler(Exception, failure_response)
