"""Failures on request, and what idempotency keys make of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

DAY = 86_400


def _create(platform: Platform, key: str, **params: Any) -> stripe.Customer:
    given: Any = {"email": "player@example.com", **params}
    return platform.v1.customers.create(given, {"idempotency_key": key})


def _made(platform: Platform) -> int:
    return len(platform.v1.customers.list({"limit": 100}).data)


def _statuses(platform: Platform, calls: int) -> list[int]:
    return [platform.raw("GET", "/v1/balance").status_code for _ in range(calls)]


def test_a_fault_strikes_the_nth_matching_call_only(platform: Platform) -> None:
    """Other paths and methods do not count."""
    platform.sandbox.faults.add(match={"method": "GET", "path": "/v1/balance", "nth": 2}, effect={"status": 503})
    platform.raw("GET", "/v1/customers")

    assert _statuses(platform, 4) == [200, 503, 200, 200]


def test_a_fault_strikes_as_often_as_told(platform: Platform) -> None:
    """Then everything works again."""
    platform.sandbox.faults.add({"match": {"path": "/v1/bal.*"}, "effect": {"status": 500}, "times": 2})

    assert _statuses(platform, 4) == [500, 500, 200, 200]


def test_a_fault_strikes_by_probability_the_same_way_for_a_seed() -> None:
    """So that a random run can be repeated."""
    runs = []
    for _ in range(2):
        platform = Platform()
        platform.sandbox.faults.add(effect={"status": 500}, p=0.5, seed=7)
        runs.append(_statuses(platform, 40))

    assert runs[0] == runs[1]
    assert {200, 500} == set(runs[0])


def test_faults_are_told_over_http_and_taken_back(platform: Platform) -> None:
    """The control path takes the same words as Python."""
    fault = platform.control("/faults", match={"path": "/v1/"}, effect="rate_limit")
    limited = platform.raw("GET", "/v1/balance")
    listed = platform.raw("GET", "/_sandbox/faults", key=None).json
    platform.raw("DELETE", "/_sandbox/faults", key=None)

    assert (limited.status_code, limited.headers["Stripe-Rate-Limited-Reason"]) == (429, "global-rate")
    assert (limited.json or {})["error"]["code"] == "rate_limit"
    assert listed == {"faults": [{**fault, "fired": 1}]}
    assert _statuses(platform, 1) == [200]


def test_a_lock_timeout_asks_to_be_retried(platform: Platform) -> None:
    """By its header, which a rate limit does not carry."""
    platform.sandbox.faults.add(effect="lock_timeout", times=1)
    answer = platform.raw("GET", "/v1/balance")

    assert (answer.status_code, answer.headers["Stripe-Should-Retry"]) == (429, "true")


@pytest.mark.parametrize(
    "spec",
    [
        {"effect": "nonsense"},
        {"effect": {"status": 500}, "stage": "during"},
        {"effect": "close", "match": {"path": "("}},
        {"effect": "close", "p": 2},
        {"effect": "close", "times": "often"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(platform: Platform, spec: dict[str, Any]) -> None:
    """Rather than never striking."""
    assert platform.raw("POST", "/_sandbox/faults", key=None, json=spec).status_code == 400


def test_before_means_that_nothing_was_done(platform: Platform) -> None:
    """The line is cut before the work, as often as it is tried; the key is still free."""
    platform.sandbox.faults.add(match={"method": "POST"}, stage="before", effect="close")
    with pytest.raises(stripe.APIConnectionError):
        _create(platform, "k")
    assert _made(platform) == 0
    platform.sandbox.faults.clear()

    assert "Idempotent-Replayed" not in _create(platform, "k").last_response.headers


def test_an_uncached_500_leaves_the_key_free(platform: Platform) -> None:
    """The next call with the key does the work."""
    platform.sandbox.faults.add(match={"method": "POST"}, effect={"status": 500}, times=1)
    with pytest.raises(stripe.APIError):
        _create(platform, "k")

    assert _create(platform, "k").email == "player@example.com"


def test_a_500_may_come_true_late(platform: Platform) -> None:
    """Pinned under its key, while the work is done ten minutes afterwards, with its event."""
    effect = {"status": 500, "cache": True, "late": 600}
    platform.sandbox.faults.add(match={"method": "POST"}, effect=effect, times=1)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            _create(platform, "k")
    assert _made(platform) == 0

    platform.clock.advance(600)

    assert _made(platform) == 1
    assert platform.v1.events.list({"type": "customer.created"}).data[0].created == platform.clock.now()
    with pytest.raises(stripe.APIError):
        _create(platform, "k")


LATE = ("transfers", "reversals", "refunds", "payment_intents")


def _late(platform: Platform, payment: Any) -> dict[str, Callable[[Any], Any]]:
    """A call of each kind, given its options."""
    v1, coach = platform.v1, platform.coach()
    transfer = platform.transfer(payment, coach, 100)
    given: Any = {
        "amount": 900,
        "currency": "cad",
        "destination": coach,
        "source_transaction": payment.latest_charge.id,
    }
    return {
        "transfers": lambda options: v1.transfers.create(given, options),
        "reversals": lambda options: v1.transfers.reversals.create(transfer.id, {"amount": 40}, options),
        "refunds": lambda options: v1.refunds.create({"payment_intent": payment.id, "amount": 300}, options),
        "payment_intents": lambda options: v1.payment_intents.update(payment.id, {"metadata": {"late": "1"}}, options),
    }


def _done(platform: Platform, payment: Any) -> dict[str, Any]:
    """The amount of each kind of work."""
    transfers = platform.v1.transfers.list({}).data
    metadata = platform.v1.payment_intents.retrieve(payment.id).metadata
    return {
        "transfers": sum(one.amount == 900 for one in transfers),
        "reversals": sum(one.amount_reversed == 40 for one in transfers),
        "refunds": len(platform.v1.refunds.list({}).data),
        "payment_intents": int("late" in metadata),
    }


@pytest.mark.parametrize("name", LATE)
def test_any_call_may_come_true_late(platform: Platform, name: str) -> None:
    """The work is done once, and the key goes on answering the 500 that it was first answered with."""
    payment = platform.paid()
    call = functools.partial(_late(platform, payment)[name], {"idempotency_key": "k"})
    platform.sandbox.faults.add(match={"method": "POST"}, effect={"status": 500, "cache": True, "late": 600}, times=1)
    with pytest.raises(stripe.APIError):
        call()
    assert set(_done(platform, payment).values()) == {0}

    for _ in range(2):
        platform.clock.advance(600)
        assert _done(platform, payment) == {**dict.fromkeys(LATE, 0), name: 1}
        with pytest.raises(stripe.APIError) as replayed:
            call()
        assert replayed.value.headers["Idempotent-Replayed"] == "true"


def test_what_comes_true_late_may_be_refused_by_then(platform: Platform) -> None:
    """A refund that was made meanwhile leaves nothing for the late one to do."""
    payment = platform.paid()
    platform.sandbox.faults.add(match={"method": "POST"}, effect={"status": 500, "cache": True, "late": 600}, times=1)
    with pytest.raises(stripe.APIError):
        platform.v1.refunds.create({"payment_intent": payment.id}, {"idempotency_key": "k"})
    platform.v1.refunds.create({"payment_intent": payment.id})
    platform.clock.advance(600)

    assert len(platform.v1.refunds.list({}).data) == 1


def test_a_key_may_lack_a_permission(platform: Platform) -> None:
    """The 403 has no code and is not pinned: once the key may do it, the call goes through."""
    coach, payment = platform.coach(), platform.paid()
    platform.sandbox.faults.add(match={"method": "POST", "path": "/v1/transfers"}, effect="no_permission")
    given: Any = {
        "amount": 100,
        "currency": "cad",
        "destination": coach,
        "source_transaction": payment.latest_charge.id,
    }
    with pytest.raises(stripe.PermissionError) as refused:
        platform.v1.transfers.create(given, {"idempotency_key": "k"})
    error: Any = refused.value.error

    assert (refused.value.http_status, error.type, getattr(error, "code", None)) == (403, "invalid_request_error", None)
    assert "permission" in error.message
    assert platform.v1.refunds.create({"payment_intent": payment.id}).amount == 10_000
    platform.sandbox.faults.clear()
    assert platform.v1.transfers.create(given, {"idempotency_key": "k"}).amount == 100


def test_the_sdk_retries_a_cut_line_with_the_same_key(platform: Platform) -> None:
    """So that a lost answer is fetched again, and the work done once."""
    platform.sandbox.faults.add(match={"method": "POST"}, stage="after", effect="close", times=2)
    given: Any = {"max_network_retries": 2}

    customer = platform.v1.customers.create({}, given)

    assert customer.last_response.headers["Idempotent-Replayed"] == "true"
    assert _made(platform) == 1


def test_keys_are_forgotten_after_a_day(platform: Platform) -> None:
    """Of the sandbox's clock; then the call is a new one."""
    first = _create(platform, "k")
    platform.clock.advance(DAY - 1)
    assert _create(platform, "k").id == first.id
    platform.clock.advance(1)

    assert _create(platform, "k").id != first.id


def test_keys_belong_to_one_account(platform: Platform) -> None:
    """The same key under Stripe-Account is another key."""
    mine, coach = _create(platform, "k"), platform.coach()
    theirs = platform.v1.customers.create({"email": "x@y.zz"}, {"idempotency_key": "k", "stripe_account": coach})

    assert mine.id != theirs.id


def test_a_key_belongs_to_one_endpoint(platform: Platform) -> None:
    """Even when the parameters are the same."""
    customer = _create(platform, "k", email="a@b.cc")
    with pytest.raises(stripe.IdempotencyError):
        platform.v1.customers.update(customer.id, {"email": "a@b.cc"}, {"idempotency_key": "k"})


def test_expansions_count_as_parameters(platform: Platform) -> None:
    """And so does metadata."""
    _create(platform, "k")
    with pytest.raises(stripe.IdempotencyError):
        _create(platform, "k", expand=["test_clock"])


def test_a_rate_limit_is_not_pinned(platform: Platform) -> None:
    """It comes before the idempotency layer."""
    platform.sandbox.faults.add(match={"method": "POST"}, effect="rate_limit", times=1)
    with pytest.raises(stripe.RateLimitError):
        _create(platform, "k")

    assert "Idempotent-Replayed" not in _create(platform, "k").last_response.headers


def test_headers_tell_what_is_pinned(platform: Platform) -> None:
    """Stripe-Should-Retry: false on what was executed, absent on what was refused before, and on a GET."""
    done = platform.raw("POST", "/v1/customers", headers={"Idempotency-Key": "a"})
    refused = platform.raw("POST", "/v1/customers", data={"nonsense": "1"}, headers={"Idempotency-Key": "b"})
    read = platform.raw("GET", "/v1/balance", headers={"Idempotency-Key": "c"})

    assert (done.headers["Stripe-Should-Retry"], done.headers["Idempotency-Key"]) == ("false", "a")
    assert done.headers["Original-Request"] == done.headers["Request-Id"]
    assert "Stripe-Should-Retry" not in refused.headers
    assert refused.headers["Original-Request"] == refused.headers["Request-Id"]
    assert not {"Stripe-Should-Retry", "Idempotency-Key", "Original-Request"} & set(read.headers.keys())


def test_a_key_means_nothing_to_a_delete(platform: Platform) -> None:
    """It is echoed, and a second DELETE is a second DELETE."""
    customer, path = _create(platform, "k"), "/v1/customers/"
    first = platform.raw("DELETE", path + customer.id, headers={"Idempotency-Key": "k"})
    second = platform.raw("DELETE", path + customer.id, headers={"Idempotency-Key": "k"})

    assert (first.status_code, second.status_code) == (200, 404)
    assert first.headers["Idempotency-Key"] == "k"
    assert "Original-Request" not in first.headers


def test_a_key_has_at_most_255_characters(platform: Platform) -> None:
    """Else 400."""
    assert platform.raw("POST", "/v1/customers", headers={"Idempotency-Key": "k" * 256}).status_code == 400
