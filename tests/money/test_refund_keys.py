"""A caller's Idempotency-Key is one refund of one payment."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders import Marketplace
from tests.money.refunds import DAY, HOUR, LOST, ends, made, refund
from tests.money.workers import Meanwhile


def test_a_key_is_one_refund_of_one_payment(market: Marketplace) -> None:
    """A second payment under it is a 409, and no money moves."""
    first, second = market.paid(), market.paid()
    assert refund(market, first, "a-key", amount=1000).status_code == 200

    answer = refund(market, second, "a-key", amount=1000)

    assert (answer.status_code, answer.json["error"]) == (409, "Conflict")
    assert (made(market, first), made(market, second)) == ([1000], [])


def test_a_key_that_stripe_forgot_is_free_for_another_payment(market: Marketplace) -> None:
    """A day later; on the first payment it still names the first refund."""
    first, second = market.paid(), market.paid()
    refund(market, first, "a-key", amount=1000)
    market.clock.advance(DAY)

    answers = [refund(market, payment, "a-key", amount=1000).status_code for payment in (second, first)]

    assert answers == [200, 200]
    assert (made(market, first), made(market, second)) == ([1000], [1000])


def test_a_key_for_two_payments_at_once_is_one_refund(market: Marketplace) -> None:
    """The second comes between the first's look and its refund."""
    first, second = market.paid(), market.paid()
    answers: list[TestResponse] = []
    with market.line.watched(Meanwhile(2, lambda: answers.append(refund(market, second, "a-key")))):
        answers.append(refund(market, first, "a-key"))

    assert [answer.status_code for answer in answers] == [200, 409]
    assert (made(market, first), made(market, second)) == ([], [4725])


@pytest.mark.parametrize(
    "other", [{"amount": 999}, {}, {"amount": 1000, "reason": "duplicate"}], ids=["amount", "all", "reason"]
)
@pytest.mark.parametrize("seconds", [0, 3 * DAY])
def test_a_key_with_another_request_is_a_conflict(market: Marketplace, other: dict[str, Any], seconds: int) -> None:
    """On one payment for ever: the refund itself says what its key asked for."""
    payment = market.paid()
    refund(market, payment, "a-key", amount=1000)
    market.clock.advance(seconds)

    assert refund(market, payment, "a-key", **other).status_code == 409
    assert made(market, payment) == [1000]


@pytest.mark.parametrize("status", ["pending", "failed", "canceled", "succeeded"])
@pytest.mark.parametrize("forgotten", [True, False])
@pytest.mark.parametrize("seconds", [0, 3 * DAY])
def test_a_key_keeps_naming_its_refund(market: Marketplace, status: str, forgotten: bool, seconds: int) -> None:
    """Whatever became of it: the answer says so, and a new try needs a new key."""
    payment = market.paid()
    first = refund(market, payment, "a-key").json["refund"]
    ends(market, first["id"], status, forgotten)
    market.clock.advance(seconds)

    again = refund(market, payment, "a-key")

    assert (again.status_code, again.json["refund"]) == (200, {**first, "status": status})
    assert len(market.refunds(payment)) == 1


def test_a_full_refund_under_a_key_gives_what_is_left_when_it_is_made(market: Marketplace) -> None:
    """A refund that slips in between does not turn the key against its own caller."""
    payment = market.paid()
    with market.line.watched(Meanwhile(2, lambda: market.refund_in_dashboard(payment, 500))):
        first = refund(market, payment, "a-key")
    second = refund(market, payment, "a-key")

    assert (first.status_code, first.json["refund"]["amount"]) == (200, 4225)
    assert second.json == first.json
    assert made(market, payment) == [500, 4225]


@pytest.mark.parametrize("effect", LOST)
@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_lost_answer_under_a_key_is_given_again(market: Marketplace, stage: str, effect: str) -> None:
    """One refund, and a 200 for the second try."""
    payment = market.paid()
    market.fault("POST", "/v1/refunds", stage, effect, times=2)
    assert refund(market, payment, "a-key", amount=1000).status_code >= 500
    market.sandbox.faults.clear()

    assert refund(market, payment, "a-key", amount=1000).status_code == 200
    assert made(market, payment) == [1000]


def test_a_500_under_a_key_that_comes_true_late_is_its_refund(market: Marketplace) -> None:
    """503 until it is there, then 200."""
    payment = market.paid()
    market.fault("POST", "/v1/refunds", "before", {"status": 500, "cache": True, "late": HOUR})
    waits = [refund(market, payment, "a-key").status_code for _ in range(2)]
    market.clock.advance(HOUR)

    assert waits == [503, 503]
    assert refund(market, payment, "a-key").status_code == 200
    assert made(market, payment) == [4725]


def test_a_key_is_found_behind_a_hundred_refunds(market: Marketplace) -> None:
    """The whole list is read, to its last page."""
    payment = market.paid()
    refund(market, payment, "a-key", amount=1000)
    for _ in range(100):
        market.refund_in_dashboard(payment, 1)
    market.clock.advance(3 * DAY)

    assert refund(market, payment, "a-key", amount=999).status_code == 409
    assert refund(market, payment, "a-key", amount=1000).status_code == 200
    assert sum(one["amount"] for one in market.all("refunds")) == 1100
