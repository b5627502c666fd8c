"""The kinds of answer to a keyed write: from the SDK's errors, the status, and the answer's own headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from backend.domain.settlement import Answered
from backend.services.write_outcome import (
    Done,
    InFlight,
    KeyTaken,
    Refused,
    Unknown,
    answered_at,
    classify_write,
    error_code,
    is_replay,
    is_replayed,
    kind_of,
    was_replayed,
)
from tests.unit.given import Line, made

REPLAY = {"idempotent-replayed": "true"}


def raising(error: Exception) -> Callable[[], Any]:
    """A write that Stripe answers with an error."""

    def call() -> Any:
        raise error

    return call


def refusal(kind: Any, status: int, headers: dict[str, str] | None = None, **said: Any) -> Any:
    """An error as the SDK makes it of an answer: its message, its status, its body and its headers."""
    body = {"error": {"message": "Not this way.", **said}}
    return kind("Not this way.", None, http_status=status, json_body=body, headers=headers or {})


def invalid(headers: dict[str, str] | None = None, status: int = 400, **said: str) -> stripe.InvalidRequestError:
    """A refusal for what was asked."""
    return stripe.InvalidRequestError(
        "Not this way.",
        said.get("param"),
        code=said.get("code"),
        http_status=status,
        json_body={"error": {"message": "Not this way.", **said}},
        headers=headers or {},
    )


@pytest.mark.parametrize(("headers", "replayed"), [({}, False), (REPLAY, True)])
def test_a_refusal_keeps_stripes_code_words_and_parameter(headers: dict[str, str], replayed: bool) -> None:
    """And says whether it was decided earlier, under the same key."""
    outcome = classify_write(raising(invalid(headers, code="balance_insufficient", param="amount")))

    assert outcome == Refused("balance_insufficient", "Not this way.", replayed, "amount")
    assert (kind_of(outcome), is_replayed(outcome)) == (Answered.REFUSED, replayed)


def test_a_refusal_without_code_or_parameter_has_empty_ones() -> None:
    """Stripe gives neither for some; nothing is made up for them."""
    assert classify_write(raising(invalid())) == Refused("", "Not this way.", False, "")


def test_a_402_is_a_refusal_too() -> None:
    """The SDK has a class of its own for it."""
    card = stripe.CardError(
        "Declined.",
        "number",
        "card_declined",
        http_status=402,
        json_body={"error": {"message": "Declined.", "code": "card_declined"}},
        headers=REPLAY,
    )

    assert classify_write(raising(card)) == Refused("card_declined", "Declined.", True, "number")


def test_a_refusal_without_words_has_none() -> None:
    """An answer may have no message."""
    silent = stripe.InvalidRequestError(None, None, http_status=400, json_body={"error": {"code": "x"}})

    assert classify_write(raising(silent)) == Refused("x", "", False, "")


def test_other_parameters_under_a_used_key_are_a_key_that_is_taken() -> None:
    """It says nothing of whether it was decided earlier."""
    outcome = classify_write(raising(refusal(stripe.IdempotencyError, 400, REPLAY)))

    assert outcome == KeyTaken()
    assert (kind_of(outcome), is_replayed(outcome)) == (Answered.KEY_TAKEN, False)


@pytest.mark.parametrize(
    ("headers", "code"), [({}, "account_invalid"), (REPLAY, "account_invalid"), (REPLAY, ""), (REPLAY, "other")]
)
def test_an_account_that_is_gone_and_a_stored_403_are_refusals(headers: dict[str, str], code: str) -> None:
    """The first is the payment's own trouble; the second was decided, whatever it was."""
    outcome = classify_write(raising(refusal(stripe.PermissionError, 403, headers, code=code)))

    assert outcome == Refused(code, "Not this way.", headers == REPLAY)


@pytest.mark.parametrize("code", ["", "other"])
def test_a_key_that_may_not_write_is_the_operators_to_mend(code: str) -> None:
    """Raised as it came: no payment is held for it."""
    error = refusal(stripe.PermissionError, 403, code=code)

    with pytest.raises(stripe.PermissionError) as raised:
        classify_write(raising(error))

    assert raised.value is error


@pytest.mark.parametrize("status", [500, 502, 503, 599])
@pytest.mark.parametrize(("headers", "replayed"), [({"Date": "now"}, False), ({**REPLAY, "Date": "now"}, True)])
def test_a_500_is_unknown_and_keeps_its_headers(status: int, headers: dict[str, str], replayed: bool) -> None:
    """Its own ``Date`` says when the outcome became unknown."""
    outcome = classify_write(raising(refusal(stripe.APIError, status, headers)))

    assert outcome == Unknown(replayed, headers)
    assert (kind_of(outcome), is_replayed(outcome)) == (Answered.UNKNOWN, replayed)


def test_a_500_without_headers_has_none() -> None:
    """The time is then that of the payment's reading."""
    assert classify_write(raising(stripe.APIError("?", http_status=500))) == Unknown(False, {})


def test_a_409_is_in_flight() -> None:
    """The same request is being carried out at this moment."""
    outcome = classify_write(raising(refusal(stripe.APIError, 409, REPLAY)))

    assert outcome == InFlight()
    assert (kind_of(outcome), is_replayed(outcome)) == (Answered.IN_FLIGHT, False)


@pytest.mark.parametrize("status", [None, 200, 400, 404, 499])
def test_an_answer_that_is_not_stripes_decides_nothing(status: int | None) -> None:
    """Garbage or an empty 200: raised as it came."""
    error = stripe.APIError("garbage", http_status=status)

    with pytest.raises(stripe.APIError) as raised:
        classify_write(raising(error))

    assert raised.value is error


@pytest.mark.parametrize("kind", [stripe.APIConnectionError, stripe.RateLimitError, stripe.AuthenticationError])
def test_what_says_nothing_about_the_write_is_raised(kind: type[stripe.StripeError]) -> None:
    """The same request, with the same key, is safe to repeat."""
    with pytest.raises(kind):
        classify_write(raising(kind("no")))


@pytest.mark.parametrize(
    ("headers", "replay"),
    [
        (None, False),
        ({}, False),
        ({"idempotent-replayed": "false"}, False),
        ({"idempotent-replayed": "true"}, True),
        ({"idempotent-replayed": "TRUE"}, True),
        ({"other": "true"}, False),
    ],
)
def test_a_replay_says_so_in_its_header(headers: dict[str, str] | None, replay: bool) -> None:
    """Nothing else does."""
    assert is_replay(headers) is replay


@pytest.mark.parametrize(
    ("told", "replayed", "at"),
    [
        ({}, False, None),
        ({"Date": "Mon, 02 Nov 2026 15:00:00 GMT"}, False, 1_793_631_600),
        ({**REPLAY, "Date": "Mon, 02 Nov 2026 15:00:00 GMT"}, True, 1_793_631_600),
    ],
    ids=["silent", "fresh", "replayed"],
)
def test_what_was_done_has_its_object_and_the_answers_headers(
    told: dict[str, str], replayed: bool, at: int | None
) -> None:
    """They say whether it was done now, and when Stripe answered."""
    client = Line(told, tr_1=made("transfer", "tr_1")).client
    outcome = classify_write(lambda: client.v1.transfers.retrieve("tr_1"))

    assert isinstance(outcome, Done)
    assert (outcome.result.id, outcome.replayed, is_replayed(outcome)) == ("tr_1", replayed, replayed)
    assert kind_of(outcome) == Answered.DONE
    assert (was_replayed(outcome.result), answered_at(outcome.result)) == (replayed, at)


def test_an_object_that_came_by_no_answer_has_no_headers() -> None:
    """It was not replayed, and has no time."""
    thing = made("transfer", "tr_1")

    assert (was_replayed(thing), answered_at(thing), was_replayed(None), answered_at(None)) == (
        False,
        None,
        False,
        None,
    )


def test_an_account_that_is_gone_without_words_has_none() -> None:
    """An answer may have no message."""
    silent = stripe.PermissionError(None, http_status=403, json_body={"error": {"code": "account_invalid"}})

    assert classify_write(raising(silent)) == Refused("account_invalid", "", False)


@pytest.mark.parametrize(
    ("body", "code"), [({"error": {"code": "gone"}}, "gone"), ({"error": {}}, ""), ({"error": {"code": None}}, "")]
)
def test_the_code_comes_from_the_body_for_every_class(body: dict[str, Any], code: str) -> None:
    """The SDK fills ``error.code`` for two classes only."""
    assert error_code(stripe.PermissionError("no", http_status=403, json_body=body)) == code


def test_an_error_without_a_body_has_no_code() -> None:
    """The line may have failed before any answer."""
    assert error_code(stripe.APIConnectionError("no")) == ""
