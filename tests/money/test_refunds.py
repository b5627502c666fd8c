"""Refunds have names: what is asked for twice is made once, and what is meant twice is made twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from random import Random
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict
from werkzeug.test import TestResponse

from tests.builders import Marketplace
from tests.money.workers import CrashPoint, Interleaver, KilledError, Meanwhile, StagedStripe

MINUTES = 60
TEN_MINUTES = 10 * MINUTES
HOUR = 3_600
DAY = 24 * HOUR
LOST = ["close", "truncate", "empty_200", "garbage", "html_502"]


def refund(market: Marketplace, payment: str, key: str | None = None, **body: Any) -> TestResponse:
    """Ask for a refund; from any thread."""
    headers = {"Idempotency-Key": key} if key else {}
    sent = {"paymentIntentId": payment, **body}
    answer: TestResponse = market.app.test_client().post("/api/payments/refund", json=sent, headers=headers)
    return answer


def made(market: Marketplace, payment: str) -> list[int]:
    """The amounts that a payment's player has back or will have, in the order in which they were refunded."""
    refunds = reversed(market.refunds(payment))
    return [one.amount for one in refunds if one.status not in ("failed", "canceled")]


def ends(market: Marketplace, refund_id: str, status: str, forgotten: bool = True) -> None:
    """A refund fails or is canceled at Stripe; ``forgotten``: the charge's own sum goes down again."""
    world = market.sandbox.world
    with world.lock:
        row = world.must(refund_id)
        row["status"] = status
        charge = world.must(row["charge"])
        if forgotten:
            charge["amount_refunded"] -= row["amount"]
            charge["refunded"] = False
        world.changed(row)
        world.changed(charge)


class AnotherDate(StagedStripe):
    """A line on which something between changes the ``Date`` of each answer, or takes it away."""

    def __init__(self, market: Marketplace, date: str | None) -> None:
        super().__init__(market.sandbox)
        self._date = date

    def request(self, *args: Any, **rest: Any) -> Any:
        """One call."""
        body, status, headers = super().request(*args, **rest)
        told = {name: value for name, value in headers.items() if name != "Date"}
        return body, status, CaseInsensitiveDict(told if self._date is None else {**told, "Date": self._date})


# Without a key.


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
    """Whether or not the charge counts it already."""
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


def test_a_refund_that_failed_at_once_is_no_repeat(market: Marketplace) -> None:
    """The player still waits for the money, however often the bank sends it back."""
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    ids = set()
    for _ in range(4):
        answer = refund(market, intent["id"])
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


# At the same moment.


@pytest.mark.parametrize("amount", [1000, None])
def test_eight_clicks_at_once_refund_once(market: Marketplace, amount: int | None) -> None:
    """Each is answered with the refund, or with what stands in its way."""
    payment = market.paid()
    body: dict[str, Any] = {} if amount is None else {"amount": amount}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refund(market, payment, **body), range(8)))

    assert {answer.status_code for answer in answers} <= {200, 409}
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


# With a key.


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
    """What was made before the bank stepped in is still what the request made."""
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


@pytest.mark.parametrize("key", [None, "a-key"])
def test_calls_of_a_refund_are_counted(market: Marketplace, key: str | None) -> None:
    """The payment, its refunds, the refund; settling comes on top. A repeat without a key costs two."""
    payment = market.paid()
    market.forget_calls()
    refund(market, payment, key)
    look = [f"GET /v1/payment_intents/{payment}", "GET /v1/refunds"]

    assert market.calls()[:3] == [*look, "POST /v1/refunds"]
    assert market.calls().count("POST /v1/refunds") == 1

    market.forget_calls()
    refund(market, payment)

    assert market.calls() == look
