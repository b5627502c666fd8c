"""A refund asked for twice without a key is made once; one that is meant twice is made twice."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.refunds import DAY, HOUR, TEN_MINUTES, ends, made, refund


@pytest.mark.parametrize("amount", [1000, 1, 4725, None])
def test_a_repeated_request_without_a_key_is_told_what_it_made(market: Marketplace, amount: int | None) -> None:
    """A 409 that carries the refund, whether an amount was given or all that is left was asked for."""
    payment = market.paid()
    body: dict[str, Any] = {} if amount is None else {"amount": amount}
    first = refund(market, payment, **body)

    second = refund(market, payment, **body)

    assert first.status_code == 200
    assert (second.status_code, second.json["error"]) == (409, "Conflict")
    assert second.json["refund"] == first.json["refund"]
    assert made(market, payment) == [amount or 4725]


def test_the_409_says_how_to_make_a_second_refund(market: Marketplace) -> None:
    """With an Idempotency-Key the same amount goes out once more."""
    payment = market.paid()
    refund(market, payment, amount=1000)

    refused = refund(market, payment, amount=1000)
    second = refund(market, payment, "a-second-one", amount=1000)

    assert "Idempotency-Key" in refused.json["message"]
    assert second.status_code == 200
    assert made(market, payment) == [1000, 1000]


def test_a_full_refund_that_is_repeated_says_that_nothing_is_left(market: Marketplace) -> None:
    """It carries the refund that took the rest, not an earlier one."""
    payment = market.paid()
    refund(market, payment, amount=725)
    rest = refund(market, payment)

    again = refund(market, payment)

    assert again.json["status"] == "refunded"
    assert again.json["refund"] == rest.json["refund"]


@pytest.mark.parametrize(("seconds", "status"), [(0, 409), (TEN_MINUTES - 1, 409), (TEN_MINUTES, 200), (DAY, 200)])
def test_ten_minutes_part_a_repeat_from_a_second_refund(market: Marketplace, seconds: int, status: int) -> None:
    """By Stripe's clock, against the moment at which Stripe made the first."""
    payment = market.paid()
    refund(market, payment, amount=1000)
    market.clock.advance(seconds)

    assert refund(market, payment, amount=1000).status_code == status


@pytest.mark.parametrize("ahead", [-DAY, DAY])
def test_our_own_clock_decides_nothing(market: Marketplace, ahead: int) -> None:
    """A backend whose clock is a day wrong refuses a repeat, and makes a second refund after ten minutes."""
    payment = market.paid()
    refund(market, payment, amount=1000)
    stripes_clock = market.clock.now
    wrong = type("WrongClock", (), {"now": lambda self: stripes_clock() + ahead})()
    clock, market.clock = market.clock, wrong
    market.app = market.another_backend()
    market.clock = clock

    soon = refund(market, payment, amount=1000)
    market.clock.advance(TEN_MINUTES)
    later = refund(market, payment, amount=1000)

    assert (soon.status_code, later.status_code) == (409, 200)


def test_another_amount_goes_through(market: Marketplace) -> None:
    """Different amounts are different refunds, minutes apart or not."""
    payment = market.paid()

    answers = [refund(market, payment, amount=amount).status_code for amount in (1000, 999, 1001)]

    assert answers == [200, 200, 200]
    assert made(market, payment) == [1000, 999, 1001]


def test_the_rest_is_no_repeat_of_an_equal_part(market: Marketplace) -> None:
    """Half, then all that is left: two requests, two refunds."""
    payment = market.paid(packageType="subscription", packageId=None)

    answers = [refund(market, payment, amount=4725).status_code, refund(market, payment).status_code]

    assert answers == [200, 200]
    assert made(market, payment) == [4725, 4725]


def test_a_refund_of_the_dashboards_is_no_repeat(market: Marketplace) -> None:
    """It is not ours, so nobody who asked us can have meant it."""
    payment = market.paid()
    market.refund_in_dashboard(payment, 1000)

    assert refund(market, payment, amount=1000).status_code == 200
    assert made(market, payment) == [1000, 1000]


def test_a_refund_under_a_key_is_no_repeat(market: Marketplace) -> None:
    """Nor is one without a key the repeat of one with a key."""
    payment = market.paid()
    refund(market, payment, "a-key", amount=1000)

    assert refund(market, payment, amount=1000).status_code == 200
    assert made(market, payment) == [1000, 1000]


def test_another_reason_is_a_repeat_all_the_same(market: Marketplace) -> None:
    """The amount is what leaves twice."""
    payment = market.paid()
    refund(market, payment, amount=1000)

    assert refund(market, payment, amount=1000, reason="duplicate").status_code == 409


@pytest.mark.parametrize("status", ["pending", "requires_action"])
@pytest.mark.parametrize("forgotten", [True, False])
def test_a_refund_that_is_not_final_is_a_refund(market: Marketplace, status: str, forgotten: bool) -> None:
    """It counts as refunded, whether or not the charge counts it already."""
    payment = market.paid()
    first = refund(market, payment, amount=1000).json["refund"]
    ends(market, first["id"], status, forgotten)

    answer = refund(market, payment, amount=1000)

    assert answer.json["refund"] == {**first, "status": status}
    assert made(market, payment) == [1000]


@pytest.mark.parametrize(
    ("ended", "status", "forgotten"),
    list(product([(0,), (1,), (0, 1)], ["failed", "canceled"], [True, False])),
)
def test_after_refunds_that_failed_the_next_one_moves_money(
    market: Marketplace, ended: tuple[int, ...], status: str, forgotten: bool
) -> None:
    """A, B, and one of them or both fail: a third request of the amount is a refund of its own."""
    payment = market.paid()
    ids = []
    for _ in range(2):
        ids.append(refund(market, payment, amount=1000).json["refund"]["id"])
        market.clock.advance(TEN_MINUTES)
    for which in ended:
        ends(market, ids[which], status, forgotten)

    third = refund(market, payment, amount=1000)

    assert third.status_code == 200, third.json
    assert third.json["refund"]["id"] not in ids
    assert made(market, payment) == [1000] * (3 - len(ended))


@pytest.mark.parametrize("body", [{}, {"amount": 1000}], ids=["all", "a part"])
def test_a_refund_that_failed_at_once_is_no_repeat(market: Marketplace, body: dict[str, Any]) -> None:
    """The player still waits for the money, however often the bank sends it back."""
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    ids = set()
    for _ in range(4):
        answer = refund(market, intent["id"], **body)
        assert answer.status_code == 200, answer.json
        ids.add(answer.json["refund"]["id"])
        market.clock.advance(11)

    assert len(ids) == 4
    assert made(market, intent["id"]) == []


def test_a_refund_of_another_amount_that_failed_frees_no_key(market: Marketplace) -> None:
    """5.00, 5.00, 10.00; the small ones fail; the next 10.00 has the sum of the first and is another refund."""
    payment = market.paid()
    small = []
    for _ in range(2):
        small.append(refund(market, payment, amount=500).json["refund"]["id"])
        market.clock.advance(4 * HOUR)
    refund(market, payment, amount=1000)
    market.clock.advance(4 * HOUR)
    for one in small:
        ends(market, one, "failed")

    assert refund(market, payment, amount=1000).status_code == 200
    assert made(market, payment) == [1000, 1000]


# What surrounds it.


@pytest.mark.parametrize("key", [None, "a-key"])
def test_a_refund_refused_for_a_dispute_can_be_made_once_it_is_won(market: Marketplace, key: str | None) -> None:
    """The refusal is pinned under the key, and no longer true."""
    payment = market.paid()
    dispute = market.dispute(payment)
    refused = refund(market, payment, key, amount=1000)
    market.control("POST", f"/disputes/{dispute}/win")

    made_now = refund(market, payment, key, amount=1000)

    assert (refused.status_code, made_now.status_code) == (409, 200)
    assert "disput" in refused.json["message"]
    assert made(market, payment) == [1000]


def test_a_repeat_while_a_dispute_is_open_is_told_its_refund(market: Marketplace) -> None:
    """The refund that was made before the bank stepped in is still the request's."""
    payment = market.paid()
    first = refund(market, payment, amount=1000)
    market.dispute(payment)

    assert refund(market, payment, amount=1000).json["refund"] == first.json["refund"]


def test_a_node_payment_is_refunded_once(market: Marketplace) -> None:
    """Its refund is ours, and a repeat is told it."""
    payment = market.node_payment()
    first = refund(market, payment, amount=1000)

    again = refund(market, payment, amount=1000)

    assert (first.status_code, again.status_code) == (200, 409)
    assert again.json["refund"] == first.json["refund"]
    assert made(market, payment) == [1000]


def test_a_refund_does_not_wait_for_the_coachs_balance(market: Marketplace) -> None:
    """200 although the transfer cannot be reversed; the note says what the coach owes."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(7 * DAY)

    answer = refund(market, payment, amount=2000)

    assert answer.status_code == 200
    assert str(market.note(payment)).startswith("held:")
    assert made(market, payment) == [2000]


@pytest.mark.parametrize("key", [None, "a-key"])
def test_a_refund_settles_with_the_coach_in_the_same_request(market: Marketplace, key: str | None) -> None:
    """Without a webhook, the coach's part has come back when the route answers."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()

    refund(market, payment, key)

    assert market.held(payment) == 0


@pytest.mark.parametrize("key", [None, "a-key"])
def test_calls_of_a_refund_are_counted(market: Marketplace, key: str | None) -> None:
    """The payment, its refunds, the refund; a repeat without a key the first two. Settling comes on top."""
    payment = market.paid()
    market.forget_calls()
    refund(market, payment, key)
    look = [f"GET /v1/payment_intents/{payment}", "GET /v1/refunds"]

    assert market.calls()[:3] == [*look, "POST /v1/refunds"]
    assert market.calls().count("POST /v1/refunds") == 1

    market.forget_calls()
    refund(market, payment)

    assert market.calls()[:2] == look
    assert not [call for call in market.calls() if call.startswith("POST")]
