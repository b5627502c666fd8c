"""The outcomes of a keyed write: Stripe's answers, as the next step needs them.

An idempotency key pins the first answer of a request whose execution began: 200s, refusals and even 500s
come back under it for 24 hours, marked ``Idempotent-Replayed: true``. So an answer has two questions: what
was decided, and was it decided now. https://docs.stripe.com/api/idempotent_requests
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import stripe

from backend.domain.settlement import Answered
from backend.domain.stripe_time import stripes_time

T = TypeVar("T")


@dataclass(frozen=True)
class Done(Generic[T]):
    """Stripe did it: now, or (``replayed``) when the key was first used."""

    result: T
    replayed: bool


@dataclass(frozen=True)
class Refused:
    """Stripe will not do it, and did nothing. ``code`` and ``param`` are Stripe's, empty when it gives none."""

    code: str
    message: str
    replayed: bool
    param: str = ""


@dataclass(frozen=True)
class KeyTaken:
    """The key was first used with other parameters: another view of the same payment got there first."""


@dataclass(frozen=True)
class InFlight:
    """The same request is being carried out at this moment."""


@dataclass(frozen=True)
class Unknown:
    """A 500: it may have been done, not done, or may yet be done. ``headers``: the answer's own."""

    replayed: bool
    headers: Mapping[str, Any] = field(default_factory=dict)


WriteOutcome = Done[T] | Refused | KeyTaken | InFlight | Unknown

_KINDS: dict[type, Answered] = {
    Done: Answered.DONE,
    Refused: Answered.REFUSED,
    KeyTaken: Answered.KEY_TAKEN,
    InFlight: Answered.IN_FLIGHT,
    Unknown: Answered.UNKNOWN,
}


def kind_of(answer: WriteOutcome[Any]) -> Answered:
    """The answer in the terms of ``domain/settlement.py``."""
    return _KINDS[type(answer)]


def is_replayed(answer: WriteOutcome[Any]) -> bool:
    """True if it was decided earlier, under the same key."""
    return isinstance(answer, Done | Refused | Unknown) and answer.replayed


def classify_write(call: Callable[[], T]) -> WriteOutcome[T]:
    """Make a keyed write and classify the answer.

    What says nothing about the write (no connection, throttled, key refused) is raised as it came: the
    same request, with the same key, is safe to repeat.
    """
    try:
        result = call()
    except stripe.IdempotencyError:
        return KeyTaken()
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        # The SDK's class for every 402, which says that the request was valid and failed.
        return Refused(error_code(error), error.user_message or "", is_replay(error.headers), str(error.param or ""))
    except stripe.PermissionError as error:
        if error_code(error) != "account_invalid" and not is_replay(error.headers):
            raise  # our key may not do this: the operator's to mend, not the payment's
        return Refused(error_code(error), error.user_message or "", is_replay(error.headers))
    except stripe.APIError as error:
        return _server_side(error)
    return Done(result, is_replay(_headers(result)))


def error_code(error: stripe.StripeError) -> str:
    """Stripe's code. The SDK fills ``error.code`` for two classes only; the body has it for all."""
    return str(getattr(error.error, "code", None) or "")


def is_replay(headers: Mapping[str, Any] | None) -> bool:
    """True if an answer was decided earlier, under the same key."""
    return bool(headers) and str((headers or {}).get("idempotent-replayed", "")).lower() == "true"


def was_replayed(result: Any) -> bool:
    """True if an object is the answer of an earlier request under the same key."""
    return is_replay(_headers(result))


def answered_at(result: Any) -> int | None:
    """The time at which Stripe gave this answer."""
    return stripes_time(_headers(result))


def _headers(result: Any) -> Mapping[str, Any]:
    return getattr(getattr(result, "last_response", None), "headers", None) or {}


def _server_side(error: stripe.APIError) -> Unknown | InFlight:
    if error.http_status == 409:
        return InFlight()
    if error.http_status is None or error.http_status < 500:
        raise error  # an answer that is not Stripe's: garbage, or an empty 200
    return Unknown(is_replay(error.headers), error.headers or {})
