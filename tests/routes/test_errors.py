"""The one map from failure to HTTP: whole, as the contract says, and silent about what is inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from backend.http.errors import (
    FAILURES,
    InvalidSignature,
    MissingSignature,
    WebhooksNotConfigured,
    failure_of,
    register_errors,
)
from backend.observability.logs import configure_logs
from backend.services.errors import Conflict, Forbidden, InvalidRequest, NotFound, NotPaid, PaymentsError, Undecided

INTERNAL = "req_123 sk_test_abc acct_123 ch_123 Zounds"


def _descendants(root: type[Any]) -> Iterator[type[Any]]:
    children: list[type[Any]] = root.__subclasses__()
    for child in children:
        yield child
        yield from _descendants(child)


OURS = [PaymentsError, *_descendants(PaymentsError)]
STRIPES = [stripe.StripeError, *_descendants(stripe.StripeError)]
WEBHOOKS = [MissingSignature, InvalidSignature, WebhooksNotConfigured]


@pytest.mark.parametrize("kind", [*OURS, *STRIPES, *WEBHOOKS])
def test_every_error_has_a_row_of_its_own(kind: type[BaseException]) -> None:
    """Ours and the SDK's: a new class must be thought about, not caught by accident."""
    assert kind in FAILURES


def _stripe(kind: type[Any], status: int | None, code: str | None = None, param: str = "") -> Any:
    body = {"error": {"message": INTERNAL, "code": code, "param": param}}
    args: tuple[Any, ...] = (INTERNAL, param) if kind is stripe.InvalidRequestError else (INTERNAL,)
    if kind is stripe.CardError:
        args = (INTERNAL, param, code)
    return kind(*args, http_body=None, http_status=status, json_body=body)


CASES = [
    (InvalidRequest("No.", field="sport"), 400, "Validation error"),
    (NotPaid("processing"), 400, "Payment not successful"),
    (Forbidden("No."), 403, "Forbidden"),
    (NotFound("No."), 404, "Not found"),
    (Conflict("No.", status="refunded"), 409, "Conflict"),
    (Undecided(), 503, "Payment provider unavailable"),
    (MissingSignature(), 400, "Missing signature"),
    (InvalidSignature(), 400, "Invalid signature"),
    (WebhooksNotConfigured(), 503, "Payment provider unavailable"),
    (_stripe(stripe.CardError, 402, "card_declined"), 402, "Payment failed"),
    (_stripe(stripe.InvalidRequestError, 404, "resource_missing", "intent"), 404, "Not found"),
    (_stripe(stripe.InvalidRequestError, 400, "parameter_unknown", "foo"), 502, "Payment provider error"),
    (_stripe(stripe.InvalidRequestError, 400, "charge_disputed"), 409, "Conflict"),
    (_stripe(stripe.InvalidRequestError, 400, "email_invalid", "email"), 400, "Validation error"),
    (_stripe(stripe.InvalidRequestError, 400, None, "individual[dob][day]"), 400, "Validation error"),
    (_stripe(stripe.IdempotencyError, 400), 409, "Conflict"),
    (_stripe(stripe.AuthenticationError, 401), 502, "Payment provider error"),
    (_stripe(stripe.PermissionError, 403, "account_invalid"), 404, "Not found"),
    (_stripe(stripe.PermissionError, 403), 502, "Payment provider error"),
    (_stripe(stripe.RateLimitError, 429, "rate_limit"), 503, "Payment provider unavailable"),
    (_stripe(stripe.RateLimitError, 429, "lock_timeout"), 503, "Payment provider unavailable"),
    (_stripe(stripe.APIConnectionError, None), 503, "Payment provider unavailable"),
    (_stripe(stripe.APIError, 409, "idempotency_key_in_use"), 409, "Conflict"),
    (_stripe(stripe.APIError, 500), 503, "Payment provider unavailable"),
    (_stripe(stripe.APIError, 502), 503, "Payment provider unavailable"),
    (_stripe(stripe.APIError, 200), 502, "Payment provider error"),
    (RuntimeError(INTERNAL), 500, "Internal server error"),
    (KeyError(INTERNAL), 500, "Internal server error"),
]


@pytest.mark.parametrize(("error", "status", "name"), CASES, ids=[f"{type(c[0]).__name__}-{c[1]}" for c in CASES])
def test_an_error_is_told_as_the_contract_says(error: BaseException, status: int, name: str) -> None:
    """Status, a stable word and a sentence; nothing that Stripe or the code said."""
    failure = failure_of(error)

    assert (failure.http_status, failure.error) == (status, name)
    assert failure.message.endswith(".")
    told = f"{failure.message} {failure.extra}"
    assert not [word for word in INTERNAL.split() if word in told]


TINY = Flask("tiny")
register_errors(TINY)
RAISED: list[BaseException] = []


@TINY.get("/")
def fail() -> str:
    """Meets what it was given."""
    raise RAISED[0]


def answer_to(error: BaseException) -> TestResponse:
    """The response of an app in which a route raises."""
    RAISED[:] = [error]
    return TINY.test_client().get("/")


def _any(kind: type[Any], status: int | None) -> Any:
    """An error of any class of the SDK's: some of their constructors want things of their own."""
    error: Any = BaseException.__new__(kind)
    stripe.StripeError.__init__(
        error,
        INTERNAL,
        http_body=INTERNAL,
        http_status=status,
        json_body={"error": {"message": INTERNAL, "code": "internal_zounds", "type": "internal_zounds"}},
        headers={"request-id": "req_123"},
        code="internal_zounds",
    )
    error.param = None
    return error


def _says_when(answer: TestResponse) -> bool:
    """True if the same request may succeed by itself: Stripe is down, or still works on it."""
    return answer.status_code == 503 or "already being processed" in (answer.json or {})["message"]


@pytest.mark.parametrize("status", [None, 200, 400, 404, 409, 500])
@pytest.mark.parametrize("kind", STRIPES, ids=lambda kind: kind.__qualname__)
def test_nothing_that_stripe_said_gets_out(
    kind: type[stripe.StripeError], status: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of any class with any status: both texts, a status of the contract's table, and never our own bug."""
    answer = answer_to(_any(kind, status))

    assert answer.status_code in (400, 402, 404, 409, 502, 503)
    assert answer.json["error"]
    assert answer.json["message"].endswith(".")
    assert set(answer.json or {}) <= {"error", "message", "details"}
    assert not [word for word in [*INTERNAL.split(), "internal_zounds", "Traceback"] if word in answer.text]
    assert ("Retry-After" in answer.headers) is _says_when(answer)


@pytest.mark.parametrize(("error", "status", "name"), CASES, ids=[f"{type(c[0]).__name__}-{c[1]}" for c in CASES])
def test_the_body_has_both_texts(error: BaseException, status: int, name: str) -> None:
    """The front end shows ``message``, else ``error``."""
    answer = answer_to(error)

    assert (answer.status_code, answer.mimetype, answer.json["error"]) == (status, "application/json", name)
    assert answer.json["message"].endswith(".")
    assert ("Retry-After" in answer.headers) is _says_when(answer)


@pytest.mark.parametrize(
    ("error", "extra"),
    [
        (NotPaid("processing"), {"status": "processing"}),
        (Conflict("No.", status="refunded"), {"status": "refunded"}),
        (Conflict("No.", refund={"id": "re_1", "amount": 5}), {"refund": {"id": "re_1", "amount": 5}}),
        (InvalidRequest("No.", field="sport"), {"details": "sport: No."}),
        (NotFound("No."), {}),
        (RuntimeError(INTERNAL), {}),
    ],
    ids=["not paid", "refunded", "repeated refund", "field", "not found", "bug"],
)
def test_what_a_client_can_act_on_is_beside_the_texts(error: BaseException, extra: dict[str, Any]) -> None:
    """The payment's status, the refund made already, the field's name; nothing when there is nothing to say."""
    body = answer_to(error).json

    assert {key: value for key, value in body.items() if key not in ("error", "message")} == extra


REFUSALS = [case for case in CASES if case[1] != 500]


@pytest.mark.parametrize(
    ("error", "status", "name"), REFUSALS, ids=[f"{type(case[0]).__name__}-{case[1]}" for case in REFUSALS]
)
def test_a_failure_that_is_no_bug_is_logged_without_its_text(
    error: BaseException, status: int, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stripe's words may hold keys and addresses; its code and request id are enough to look it up."""
    configure_logs(json_lines=True)

    answer_to(error)

    told = json.loads(capsys.readouterr().err)
    assert (told["error"], told["kind"]) == (name, type(error).__name__)
    # A delivery that nobody here signed is looked into: a wrong secret is told by nothing else.
    usual = "warning" if isinstance(error, InvalidSignature) else "info"
    assert told["level"] == ("error" if status > 500 else usual)
    assert "Zounds" not in str(told)
    assert "exception" not in told


def test_a_bug_is_logged_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody else will tell us."""
    configure_logs(json_lines=True)

    answer_to(RuntimeError("Zounds"))

    told = json.loads(capsys.readouterr().err)
    assert told["event"] == "request.bug"
    assert "RuntimeError: Zounds" in told["exception"]


# A redirect is no failure, and an abstract error has no code.
WERKZEUGS = [
    kind
    for kind in _descendants(HTTPException)
    if kind.__module__.startswith("werkzeug") and kind.code is not None and kind.code >= 400
]


@pytest.mark.parametrize("kind", WERKZEUGS, ids=lambda kind: kind.__name__)
def test_every_http_error_has_the_contracts_shape(kind: type[HTTPException]) -> None:
    """Werkzeug's own included; their descriptions are not passed on."""
    failure = failure_of(kind(description=INTERNAL))

    assert failure.http_status == min(kind.code or 0, 500)
    assert failure.error
    assert INTERNAL not in failure.message
