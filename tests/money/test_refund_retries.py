"""Lost answers, deaths and clicks at the same moment: the player has the money once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders import Marketplace
from tests.money.refunds import DAY, HOUR, LOST, MINUTES, TEN_MINUTES, AnotherDate, ends, made, refund
from tests.money.workers import CrashPoint, Interleaver, KilledError, Meanwhile

# The answer is lost.


@pytest.mark.parametrize("body", [{"amount": 1000}, {}], ids=["a part", "all"])
@pytest.mark.parametrize("call", range(3))
@pytest.mark.parametrize("side", ["before", "after"])
def test_dying_at_any_call_refunds_once(market: Marketplace, call: int, side: str, body: dict[str, Any]) -> None:
    """The process dies, another one gets the same request without a key."""
    payment = market.paid()
    with market.line.watched(CrashPoint(call, side)), pytest.raises(KilledError):
        refund(market, payment, **body)
    market.app = market.another_backend()

    again = refund(market, payment, **body)

    assert again.status_code == (409 if (call, side) == (2, "after") else 200)
    assert again.json["refund"]["id"] == market.refunds(payment)[0].id
    assert made(market, payment) == [body.get("amount", 4725)]


@pytest.mark.parametrize("amount", [1000, None])
@pytest.mark.parametrize("effect", LOST)
@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_lost_answer_refunds_once(market: Marketplace, stage: str, effect: str, amount: int | None) -> None:
    """The same request again makes it if it was not made, and tells it if it was."""
    payment = market.paid()
    body: dict[str, Any] = {} if amount is None else {"amount": amount}
    market.fault("POST", "/v1/refunds", stage, effect, times=2)
    lost = refund(market, payment, **body)
    market.sandbox.faults.clear()

    again = refund(market, payment, **body)

    assert lost.status_code >= 500
    assert again.status_code == (200 if stage == "before" else 409)
    assert again.json["refund"]["id"] == market.refunds(payment)[0].id
    assert made(market, payment) == [amount or 4725]


def test_after_a_lost_answer_and_a_minute_the_repeat_is_known(market: Marketplace) -> None:
    """Also when the key no longer says so, because another refund came between."""
    payment = market.paid()
    market.fault("POST", "/v1/refunds", "after", "close", times=2)
    refund(market, payment, amount=1000)
    market.refund_in_dashboard(payment, 500)
    market.clock.advance(MINUTES)

    assert refund(market, payment, amount=1000).status_code == 409
    assert made(market, payment) == [1000, 500]


@pytest.mark.parametrize("late", [1, 5 * MINUTES, 2 * HOUR])
@pytest.mark.parametrize("between", [[], [500], [1000]])
def test_a_500_that_comes_true_late_is_the_only_refund(market: Marketplace, late: int, between: list[int]) -> None:
    """It is waited for, whatever else is refunded meanwhile; then it is told."""
    payment = market.paid()
    market.fault("POST", "/v1/refunds", "before", {"status": 500, "cache": True, "late": late})
    first = refund(market, payment, amount=1000)
    for amount in between:
        market.refund_in_dashboard(payment, amount)

    waits = refund(market, payment, amount=1000)
    market.clock.advance(late)
    told = refund(market, payment, amount=1000)

    assert (first.status_code, waits.status_code, told.status_code) == (503, 503, 409)
    assert told.json["refund"]["amount"] == 1000
    assert made(market, payment) == [*between, 1000]


@pytest.mark.parametrize("date", [None, "", "today"])
def test_without_a_date_an_equal_refund_is_taken_for_a_repeat(market: Marketplace, date: str | None) -> None:
    """However old it is, since nobody can say how old; a second one takes a key."""
    market.line = AnotherDate(market, date)
    market.app = market.another_backend()
    payment = market.paid()
    first = refund(market, payment, amount=1000)
    market.clock.advance(DAY)

    refused = refund(market, payment, amount=1000)
    second = refund(market, payment, "a-key", amount=1000)

    assert refused.json["refund"] == first.json["refund"]
    assert second.status_code == 200


def test_a_500_that_never_comes_true_ends_with_the_key(market: Marketplace) -> None:
    """A day later the same request makes the refund."""
    payment = market.paid()
    market.fault("POST", "/v1/refunds", "before", {"status": 500, "cache": True})
    assert refund(market, payment).status_code == 503
    market.clock.advance(DAY)

    assert refund(market, payment).status_code == 200
    assert made(market, payment) == [4725]


def test_a_repeat_settles_what_the_first_request_could_not(market: Marketplace) -> None:
    """The process died between the refund and the reversal, and no event came."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    with market.line.watched(CrashPoint(2, "after")), pytest.raises(KilledError):
        refund(market, payment)

    assert refund(market, payment).status_code == 409
    assert market.held(payment) == 0


@pytest.mark.parametrize(
    ("earlier", "age"), [([], 0), ([1000], TEN_MINUTES), ([500], 3 * HOUR), ([500, 1000], 3 * HOUR)]
)
def test_what_an_earlier_version_has_under_way_is_met(market: Marketplace, earlier: list[int], age: int) -> None:
    """The bytes of its keys are those of always, so the same request makes the same refund."""
    payment = market.paid()
    for amount in earlier:
        refund(market, payment, amount=amount)
    market.clock.advance(age)
    sent: Any = {
        "payment_intent": payment,
        "amount": 1000,
        "reason": "requested_by_customer",
        "metadata": {"app": "coaching-payments"},
    }
    key = f"refund:{payment}:1000:{sum(earlier)}:g0"
    elsewhere = partial(market.stripe.v1.refunds.create, sent, {"idempotency_key": key})
    with market.line.watched(Meanwhile(2, elsewhere)):
        answer = refund(market, payment, amount=1000)

    assert answer.json["refund"]["id"] == market.refunds(payment)[0].id
    assert made(market, payment) == [*earlier, 1000]


def test_the_generations_of_an_earlier_version_are_met_too(market: Marketplace) -> None:
    """After a refund that failed, the key says what stands, as it always did."""
    payment = market.paid()
    ends(market, refund(market, payment, amount=1000).json["refund"]["id"], "failed")
    sent: Any = {
        "payment_intent": payment,
        "amount": 1000,
        "reason": "requested_by_customer",
        "metadata": {"app": "coaching-payments"},
    }
    key = f"refund:{payment}:1000:0:g1"
    elsewhere = partial(market.stripe.v1.refunds.create, sent, {"idempotency_key": key})
    with market.line.watched(Meanwhile(2, elsewhere)):
        refund(market, payment, amount=1000)

    assert made(market, payment) == [1000]


# At the same moment.


def test_a_click_whose_twin_failed_meanwhile_moves_money(market: Marketplace) -> None:
    """The twin's refund came back already, so it is no answer to this one."""
    payment = market.paid()

    def twin() -> None:
        ends(market, refund(market, payment, amount=1000).json["refund"]["id"], "failed")

    with market.line.watched(Meanwhile(2, twin)):
        answer = refund(market, payment, amount=1000)

    assert answer.json["refund"]["status"] == "succeeded"
    assert made(market, payment) == [1000]


@pytest.mark.parametrize("amount", [1000, None])
def test_eight_clicks_at_once_refund_once(market: Marketplace, amount: int | None) -> None:
    """Each is answered with the refund, or with what stands in its way."""
    payment = market.paid()
    body: dict[str, Any] = {} if amount is None else {"amount": amount}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refund(market, payment, **body), range(8)))

    assert {answer.status_code for answer in answers} <= {200, 409, 503}
    assert {a.json["refund"]["id"] for a in answers if a.status_code == 200} == {market.refunds(payment)[0].id}
    assert made(market, payment) == [amount or 4725]


@pytest.mark.parametrize("seed", range(40))
def test_two_clicks_and_another_refund_between_them(market: Marketplace, seed: int) -> None:
    """In whatever order their calls reach Stripe, the two clicks are one refund."""
    payment = market.paid()
    order = Random(seed)
    interleaver = Interleaver([order.randrange(3) for _ in range(12)])
    amounts = [1000, 1000, 500]
    with market.line.watched(interleaver):
        interleaver.run([partial(refund, market, payment, amount=amount) for amount in amounts])

    assert sorted(made(market, payment)) == [500, 1000]


def test_two_clicks_with_two_reasons_are_one_refund(market: Marketplace) -> None:
    """The second finds the key taken, looks again, and tells the first."""
    payment = market.paid()
    first: list[TestResponse] = []
    clicks = Meanwhile(2, lambda: first.append(refund(market, payment, amount=1000, reason="duplicate")))
    with market.line.watched(clicks):
        second = refund(market, payment, amount=1000)

    assert first[0].status_code == 200
    assert second.json["refund"] == first[0].json["refund"]
    assert made(market, payment) == [1000]
