"""HTTP manners: what a request says besides its parameters, and the headers that every answer carries."""

import base64
import json
import re
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from werkzeug import Request, Response

from . import errors, forms

# The version answered when the caller names none: the one whose shapes this sandbox serves.
API_VERSION = "2026-10-28.endive"
KEY_MAX = 255
# What a header of an answer repeats of a request.
ECHOED = re.compile(r"[\x20-\x7e]{1,255}", re.ASCII)
# Marks an answer of which only half is to be sent. Never leaves the process.
TRUNCATE = "X-Sandbox-Truncate"
CORS = {
    "access-control-allow-origin": "*",
    "access-control-max-age": "300",
    "access-control-expose-headers": "Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, "
    "X-Stripe-External-Auth-Required, X-Stripe-Privileged-Session-Required",
    "access-control-allow-methods": "GET, HEAD, POST, DELETE, OPTIONS",
    "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Account, Stripe-Version",
}
FIXED = {"Cache-Control": "no-cache, no-store", "Vary": "Origin", "Content-Type": "application/json"} | CORS


@dataclass(slots=True)
class Incoming:
    """One call as read from the wire."""

    method: str
    path: str
    request_id: str
    params: dict[str, Any] = field(default_factory=dict)
    api_key: str | None = None
    idempotency_key: str | None = None
    stripe_account: str | None = None
    version: str = API_VERSION

    @property
    def is_v2(self) -> bool:
        """True for a call under /v2."""
        return self.path.startswith("/v2/")


@dataclass(slots=True)
class Answer:
    """One answer, ready to be sent, and to be sent again under the same idempotency key."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    # Whether execution had begun: then the answer is remembered under the idempotency key.
    executed: bool = True


def read(request: Request, incoming: Incoming) -> None:
    """Fill in what the request says. Raises a validation error if it cannot be understood."""
    incoming.stripe_account = request.headers.get("Stripe-Account") or request.headers.get("Stripe-Context")
    incoming.version = request.headers.get("Stripe-Version", API_VERSION)
    incoming.api_key = api_key(request)
    if incoming.method in {"POST", "DELETE"}:
        incoming.idempotency_key = request.headers.get("Idempotency-Key")
    if len(incoming.idempotency_key or "") > KEY_MAX:
        raise errors.invalid(f"Idempotency-Key is too long: at most {KEY_MAX} characters are allowed.")
    incoming.params = forms.decode(request.query_string.decode("latin-1")) | _body(request)
    if incoming.api_key is None and isinstance(incoming.params.get("key"), str):
        # Stripe.js may send its publishable key as a form field.
        incoming.api_key = incoming.params.pop("key")


def _body(request: Request) -> dict[str, Any]:
    data = request.get_data()
    if not data:
        return {}
    if request.path.startswith("/v2/"):
        return _json_body(data, request.mimetype)
    if request.mimetype not in {"application/x-www-form-urlencoded", ""}:
        if request.mimetype == "multipart/form-data":
            # Uploads. The endpoints that take them are not served, and are to be named.
            return {}
        raise errors.invalid(
            f"Invalid request: content type {request.mimetype} is not supported by this endpoint. Please use "
            "application/x-www-form-urlencoded."
        )
    try:
        return forms.decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise errors.invalid("Invalid request: the body is not UTF-8.") from error


def _json_body(data: bytes, mimetype: str) -> dict[str, Any]:
    """The parameters of a call under /v2, with every value as a form has it: the checkers say of which type it is."""
    if mimetype != "application/json":
        raise errors.invalid(f"Invalid request: content type {mimetype} is not supported. Please use application/json.")
    try:
        body = json.loads(data)
    except ValueError as error:
        raise errors.invalid("Invalid request: the body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise errors.invalid("Invalid request: the body is not an object.")
    return {name: _as_text(value) for name, value in body.items()}


def _as_text(value: Any) -> Any:
    """A JSON value as a form has it. A null unsets, as an empty string does there."""
    if isinstance(value, dict):
        return {name: _as_text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def api_key(request: Request) -> str | None:
    """The key in the Authorization header, as Bearer or as the user of Basic; None without one."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip() or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials).decode().partition(":")[0] or None
        except ValueError:  # neither ASCII, nor base64, nor UTF-8
            return None
    return None


def success(body: dict[str, Any], method: str) -> Answer:
    """200. A POST says that retrying would only replay it."""
    headers = {"Stripe-Should-Retry": "false"} if method == "POST" else {}
    return Answer(200, to_json(body), headers)


def failure(error: errors.StripeError, incoming: Incoming, now: int) -> Answer:
    """The answer for a refusal."""
    account = _echo(incoming.stripe_account)
    owner = f"{account}/" if account else ""
    log_url = f"https://dashboard.stripe.com/{owner}test/logs/{incoming.request_id}?t={now}"
    # The header is there exactly when the answer is remembered under the key (docs/stripe.md 5.6).
    headers = {"Stripe-Should-Retry": "false"} if error.executed else {}
    return Answer(error.status, to_json(error.body(log_url)), headers | error.headers, executed=error.executed)


def to_json(body: dict[str, Any]) -> bytes:
    """Compact: Stripe indents, but that makes Python several times slower, and nobody's parser sees it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def respond(answer: Answer, incoming: Incoming, now: int) -> Response:
    """The response, with the headers common to all. `Date` tells the sandbox's own time, as the events do."""
    headers = FIXED | {
        "Date": formatdate(now, usegmt=True),
        "Request-Id": incoming.request_id,
    }
    echoed = {
        "Stripe-Version": incoming.version,
        "Idempotency-Key": incoming.idempotency_key,
        "Stripe-Account": incoming.stripe_account or account_in_path(incoming.path),
    }
    headers |= {name: text for name, given in echoed.items() if (text := _echo(given)) is not None}
    if incoming.idempotency_key is not None and incoming.method == "POST":
        headers["Original-Request"] = incoming.request_id
    return Response(answer.body, answer.status, headers | answer.headers)


def _echo(given: str | None) -> str | None:
    """The text that a caller gave, where it is fit to stand in a header: it may have come out of a path."""
    return given if given is not None and ECHOED.fullmatch(given) else None


def account_in_path(path: str) -> str | None:
    """`acct_x` of `/v1/accounts/acct_x…`, which Stripe echoes like the header."""
    parts = path.split("/")
    return parts[3] if len(parts) > 3 and parts[2] == "accounts" else None
