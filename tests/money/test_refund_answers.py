"""The words of a refund: what the caller is answered, and what the log says beside it."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.builders import Marketplace
from tests.money.news_heard import lines
from tests.money.refunds import DAY, made, refund
from tests.money.workers import Meanwhile

USED = "This Idempotency-Key was already used for another refund."
ALREADY = "This payment was already refunded."
TOO_MUCH = "The amount is more than what is left of this payment."
DISPUTED = "The player's bank is disputing this payment, so it cannot be refunded now."
REPEATED = (
    "The same amount of this payment was refunded a few minutes ago. To refund it once more, send the request "
    "with an Idempotency-Key of its own."
)


@pytest.mark.parametrize("key", [None, "a-key"])
def test_a_refund_is_logged_with_its_payment_and_amount(market: Marketplace, key: str | None) -> None:
    """One line for each refund that was made."""
    payment = market.paid()

    with capture_logs() as logs:
        answer = refund(market, payment, key, amount=1000)

    made_now = {"payment": payment, "refund": answer.json["refund"]["id"], "amount": 1000}
    assert lines(logs, "refund.made") == [made_now]


@pytest.mark.parametrize("key", [None, "a-key"])
def test_a_refund_gives_the_reason_and_the_amount_that_were_asked_for(market: Marketplace, key: str | None) -> None:
    """Stripe has both; without a reason it is the player's request."""
    payment = market.paid()
    refund(market, payment, key, amount=700, reason="duplicate")
    refund(market, payment, key and "another", amount=800)

    assert [(one.amount, one.reason) for one in market.refunds(payment)] == [
        (800, "requested_by_customer"),
        (700, "duplicate"),
    ]


def test_a_payment_that_is_not_paid_has_nothing_to_refund(market: Marketplace) -> None:
    """A 409 that says so, and no call that would refund."""
    intent = market.buy()

    answer = refund(market, intent["id"])

    said = "This payment has not been completed, so there is nothing to refund."
    assert (answer.status_code, answer.json["message"]) == (409, said)


@pytest.mark.parametrize("key", [None, "a-key"])
def test_the_whole_of_what_is_left_can_be_asked_for_by_amount(market: Marketplace, key: str | None) -> None:
    """One cent more cannot."""
    payment = market.paid()
    market.refund_in_dashboard(payment, 725)

    more = refund(market, payment, key, amount=4001)
    whole = refund(market, payment, key and "another", amount=4000)

    assert (more.status_code, more.json["message"]) == (409, TOO_MUCH)
    assert whole.status_code == 200
    assert made(market, payment) == [725, 4000]


@pytest.mark.parametrize("left", [1, 4725])
def test_all_that_is_left_may_be_one_cent(market: Marketplace, left: int) -> None:
    """It is refunded whole, under a key or without."""
    payment = market.paid()
    if left < 4725:
        market.refund_in_dashboard(payment, 4725 - left)

    answer = refund(market, payment)

    assert (answer.status_code, answer.json["refund"]["amount"]) == (200, left)


def test_a_payment_refunded_in_the_dashboard_is_refunded_already(market: Marketplace) -> None:
    """The answer carries no refund of ours, since there is none, and its status says what is so."""
    payment = market.paid()
    market.refund_in_dashboard(payment, 4725)

    for key in (None, "a-key"):
        answer = refund(market, payment, key)
        told = {name: answer.json.get(name) for name in ("message", "status", "refund")}
        assert (answer.status_code, told) == (409, {"message": ALREADY, "status": "refunded", "refund": None})


def test_a_refund_that_slips_in_before_ours_is_the_whole_one(market: Marketplace) -> None:
    """Stripe says ``charge_already_refunded``; the caller is told what a look would have told."""
    payment = market.paid()
    with market.line.watched(Meanwhile(2, lambda: market.refund_in_dashboard(payment, 4725))), capture_logs() as logs:
        answer = refund(market, payment, "a-key")

    assert (answer.status_code, answer.json["message"], answer.json["status"]) == (409, ALREADY, "refunded")
    (line,) = lines(logs, "stripe.refused")
    assert (line["payment"], line["code"]) == (payment, "charge_already_refunded")
    assert "already been refunded" in line["said"]


def test_a_refund_that_leaves_less_than_was_asked_for_is_not_made(market: Marketplace) -> None:
    """Stripe refuses; the caller is told that it did, and no more."""
    payment = market.paid()
    with market.line.watched(Meanwhile(2, lambda: market.refund_in_dashboard(payment, 4000))):
        answer = refund(market, payment, "a-key", amount=1000)

    assert (answer.status_code, answer.json["message"]) == (409, "Stripe does not allow this refund.")
    assert "status" not in (answer.json or {})
    assert made(market, payment) == [4000]


def test_a_refund_of_a_disputed_payment_says_who_stands_in_the_way(market: Marketplace) -> None:
    """And carries no status: the payment is not refunded."""
    payment = market.paid()
    market.dispute(payment)

    answer = refund(market, payment, amount=1000)

    assert (answer.status_code, answer.json["message"]) == (409, DISPUTED)
    assert "status" not in (answer.json or {})


def test_a_repeat_says_what_to_do_and_tells_the_refund(market: Marketplace) -> None:
    """Its id, amount, status and reason; the payment is not refunded whole, so no status is told."""
    payment = market.paid()
    first = refund(market, payment, amount=1000, reason="duplicate").json["refund"]

    again = refund(market, payment, amount=1000)

    assert again.json["message"] == REPEATED
    assert again.json["refund"] == first
    assert (first["amount"], first["status"], first["reason"]) == (1000, "succeeded", "duplicate")
    assert "status" not in (again.json or {})


def test_a_full_refund_that_is_repeated_says_refunded(market: Marketplace) -> None:
    """In the words of a payment that was already refunded."""
    payment = market.paid()
    refund(market, payment)

    again = refund(market, payment)

    assert (again.json["message"], again.json["status"]) == (ALREADY, "refunded")


def test_a_key_that_named_another_refund_is_told_so(market: Marketplace) -> None:
    """Found on the payment, or at Stripe: the same words."""
    first, second = market.paid(), market.paid()
    refund(market, first, "a-key", amount=1000)

    answers = [refund(market, first, "a-key", amount=999), refund(market, second, "a-key", amount=1000)]

    assert [(one.status_code, one.json["message"]) for one in answers] == [(409, USED)] * 2


def test_a_refund_whose_outcome_is_unknown_is_being_processed(market: Marketplace) -> None:
    """503, and the same request again goes on."""
    payment = market.paid()
    market.fault("POST", "/v1/refunds", "before", {"status": 500, "cache": True})

    answer = refund(market, payment, "a-key")

    said = "The refund is being processed. Please try again in a moment."
    assert (answer.status_code, answer.json["message"]) == (503, said)


def test_a_request_that_others_always_cross_is_told_to_try_again(market: Marketplace) -> None:
    """Four looks, each crossed by the same key with another reason; then 503, and nothing of it is lost."""
    payment = market.paid()
    crossed: list[str] = []

    def twin() -> None:
        """Somebody else's refund under the key that ours is about to use; it fails at once."""
        key = f"refund:{payment}:1000:0:g0"
        if not crossed:
            params: Any = {"payment_intent": payment, "amount": 1000, "reason": "duplicate"}
            crossed.append(market.stripe.v1.refunds.create(params, {"idempotency_key": key}).id)
            market.control("POST", f"/refunds/{crossed[0]}/fail")

    market.forget_calls()
    with market.line.watched(Meanwhile(2, twin)):
        answer = refund(market, payment, amount=1000)

    said = "Another refund of this payment is being made. Please try again in a moment."
    assert (answer.status_code, answer.json["message"]) == (503, said)
    assert market.calls().count("GET /v1/refunds") == 4
    assert made(market, payment) == []


def test_a_refund_that_cannot_be_settled_now_is_answered_and_logged(market: Marketplace) -> None:
    """The player's money does not wait for Stripe's lists."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.fault("GET", "/v1/transfers", "before", {"status": 500}, times=20)

    with capture_logs() as logs:
        answer = refund(market, payment, amount=1000)

    assert answer.status_code == 200
    assert lines(logs, "settlement.later") == [{"payment": payment, "error": "APIError"}]


def test_a_day_old_refund_under_a_key_is_answered_without_a_second(market: Marketplace) -> None:
    """The metadata of the refund itself names the key, also when other keys' refunds are newer."""
    payment = market.paid()
    first = refund(market, payment, "a-key", amount=1000)
    refund(market, payment, "another", amount=1000)
    market.clock.advance(2 * DAY)

    again = refund(market, payment, "a-key", amount=1000)

    assert (again.status_code, again.json) == (200, first.json)
    assert made(market, payment) == [1000, 1000]
