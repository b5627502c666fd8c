"""The one map from failure to HTTP: whole, as the contract says, and silent about what is inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from werkzeug.exceptions import HTTPException

from backend.routes.errors import (
    FAILURES,
    InvalidSignature,
    MissingSignature,
    WebhooksNotConfigured,
    failure_of,
)
from backend.services.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    NotPaid,
    PaymentsError,
    Undecided,
)

INTERNAL = "req_123 sk_test_abc acct_123 ch_123 Zounds"


def _descendants(root: type) -> Iterator[type]:
    children: list[type] = root.__subclasses__()
    for child in children:
        yield child
        yield from _descendants(child)


@pytest.mark.parametrize("kind", [PaymentsError, *_descendants(PaymentsError), *_descendants(stripe.StripeError)])
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


WERKZEUGS = [kind for kind in _descendants(HTTPException) if kind.__module__.startswith("werkzeug")]


@pytest.mark.parametrize("kind", WERKZEUGS, ids=lambda kind: kind.__name__)
def test_every_http_error_has_the_contracts_shape(kind: type[HTTPException]) -> None:
    """Werkzeug's own included; their descriptions are not passed on."""
    if kind.code is None or kind.code < 400:
        return
    failure = failure_of(kind(description=INTERNAL))

    assert failure.http_status == (kind.code if kind.code < 500 else 500)
    assert failure.error
    assert INTERNAL not in failure.message
