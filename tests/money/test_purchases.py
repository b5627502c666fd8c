"""Purchases that are tried twice: one customer an address, one payable intent a key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders import Marketplace, key_of
from tests.money.oracle import check_always
from tests.money.workers import Interleaver

DAY = 86_400
EMAIL = "pat@example.com"
STORED = {"status": 500, "cache": True}


def order(market: Marketplace, key: str | None = None, **changes: Any) -> TestResponse:
    """Ask for an intent; from any thread."""
    headers = {"Idempotency-Key": key_of(key)} if key else {}
    answer: TestResponse = market.app.test_client().post(
        "/api/payments/create-intent", json=market.order(**changes), headers=headers
    )
    return answer


def bought(market: Marketplace, key: str | None = None, **changes: Any) -> dict[str, Any]:
    """The intent that the answer names."""
    answer = order(market, key, **changes)
    assert answer.status_code == 200, answer.json
    intent: dict[str, Any] = answer.json["paymentIntent"]
    return intent


def customers(market: Marketplace) -> list[str]:
    """The ids of the customers that exist."""
    return [customer["id"] for customer in market.all("customers")]


def customer_of(market: Marketplace, intent: dict[str, Any]) -> Any:
    """The customer of an intent."""
    return market.stripe.v1.payment_intents.retrieve(intent["id"]).customer


# One customer.


@pytest.mark.parametrize("names", [["Pat", "Pat"], ["Pat", "Patricia"], ["Pat", None], [None, "Pat"]])
@pytest.mark.parametrize("deletions", [1, 3])
def test_after_a_customer_is_deleted_the_next_purchase_works(
    market: Marketplace, names: list[str | None], deletions: int
) -> None:
    """At once, under whatever name, with one living customer; and so each time that somebody deletes it."""
    for number in range(deletions):
        bought(market, customerEmail=EMAIL, customerName=names[number % 2])
        market.stripe.v1.customers.delete(customers(market)[0])
    for name in (names[1], "Somebody else"):
        intent = bought(market, customerEmail=EMAIL, customerName=name)

        assert customers(market) == [customer_of(market, intent)]


@pytest.mark.parametrize("seed", range(20))
def test_first_purchases_at_once_under_several_names_make_one_customer(market: Marketplace, seed: int) -> None:
    """Also when the address had a customer before, whose creation is still pinned under the first key."""
    if seed % 2:
        bought(market, customerEmail=EMAIL, customerName="Pat")
        market.stripe.v1.customers.delete(customers(market)[0])
    chance = Random(seed)
    interleaver = Interleaver([chance.randrange(3) for _ in range(20)])
    names = ["Pat", "Patricia", "Pat"]
    with market.line.watched(interleaver):
        answers = interleaver.run([partial(order, market, customerEmail=EMAIL, customerName=name) for name in names])

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(customers(market)) == 1
    check_always(market)


def test_eight_purchases_under_eight_names_make_one_customer(market: Marketplace) -> None:
    """In eight threads; one that meets another in flight may have to try again."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: order(market, customerEmail=EMAIL, customerName=f"Pat {n}"), range(8)))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(customers(market)) == 1
    assert order(market, customerEmail=EMAIL, customerName="Pat").status_code == 200


def test_a_key_counts_as_taken_while_its_first_use_is_under_way(market: Marketplace) -> None:
    """Stripe may compare parameters before it looks whether the first use has ended: the oldest customer is the one."""
    taken = {
        "status": 400,
        "body": '{"error": {"type": "idempotency_error", "message": "Keys for idempotent requests"}}',
    }
    first = market.stripe.v1.customers.create({"email": EMAIL})
    market.fault("GET", "/v1/customers", "after", {"status": 200, "body": EMPTY_LIST}, times=2)
    market.fault("POST", "/v1/customers", "before", taken)
    market.clock.advance(1)

    intent = bought(market, customerEmail=EMAIL, customerName="Pat")

    assert customer_of(market, intent) == first.id


EMPTY_LIST = '{"object": "list", "data": [], "has_more": false, "url": "/v1/customers"}'


@pytest.mark.parametrize("late", [None, 60])
def test_a_stored_500_of_a_customer_stops_no_purchase(market: Marketplace, late: int | None) -> None:
    """The purchase goes on without a customer, and its receipt goes to the address all the same."""
    effect = STORED if late is None else {**STORED, "late": late}
    market.fault("POST", "/v1/customers", "before", effect)
    intents = [bought(market, customerEmail=EMAIL, customerName="Pat") for _ in range(2)]
    market.clock.advance(late or 60)
    bought(market, customerEmail=EMAIL, customerName="Pat")

    assert [customer_of(market, intent) for intent in intents] == [None, None]
    read = market.stripe.v1.payment_intents.retrieve(intents[0]["id"])
    assert read.receipt_email == EMAIL
    assert len(customers(market)) == (0 if late is None else 1)


def test_a_500_behind_which_the_customer_was_made_hides_it_from_nobody(market: Marketplace) -> None:
    """The list shows the customer to the very purchase that was answered with the 500."""
    market.fault("POST", "/v1/customers", "after", STORED)

    intent = bought(market, customerEmail=EMAIL, customerName="Pat")

    assert customers(market) == [customer_of(market, intent)]


@pytest.mark.parametrize("effect", ["close", {"status": 500}, "empty_200"])
@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_lost_answer_makes_no_second_customer(market: Marketplace, stage: str, effect: Any) -> None:
    """The next try finds it, or makes it."""
    market.fault("POST", "/v1/customers", stage, effect, times=2)
    order(market, customerEmail=EMAIL, customerName="Pat")
    market.sandbox.faults.clear()

    intent = bought(market, customerEmail=EMAIL, customerName="Patricia")

    assert customers(market) == [customer_of(market, intent)]


# One payable intent.


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("reason", ["abandoned", "duplicate", None])
def test_a_canceled_purchase_is_made_anew_under_its_key(market: Marketplace, times: int, reason: Any) -> None:
    """Fresh, payable, and the same for everybody who asks with that key."""
    for _ in range(times):
        dead = bought(market, "a-key")
        market.stripe.v1.payment_intents.cancel(dead["id"], {"cancellation_reason": reason} if reason else {})

    fresh = bought(market, "a-key")

    assert fresh["id"] != dead["id"]
    assert fresh["status"] == "requires_payment_method"
    assert bought(market, "a-key") == fresh
    assert market.pay(fresh).status == "succeeded"
    assert bought(market, "a-key")["id"] == fresh["id"]


def test_the_intent_in_a_canceled_ones_place_is_settled_like_any_other(market: Marketplace) -> None:
    """With a transfer group of its own."""
    market.ready_coach()
    dead = bought(market, "a-key")
    market.stripe.v1.payment_intents.cancel(dead["id"])

    fresh = bought(market, "a-key")
    market.pay(fresh)
    market.deliver()

    groups = {market.stripe.v1.payment_intents.retrieve(one["id"]).transfer_group for one in (dead, fresh)}
    assert len(groups) == 2
    assert market.held(fresh["id"]) == 4252
    assert market.confirm(fresh["id"]).status_code == 200


@pytest.mark.parametrize("seed", range(10))
def test_a_canceled_purchase_tried_again_at_once_is_one_intent(market: Marketplace, seed: int) -> None:
    """In whatever order the calls reach Stripe."""
    market.stripe.v1.payment_intents.cancel(bought(market, "a-key")["id"])
    chance = Random(seed)
    interleaver = Interleaver([chance.randrange(3) for _ in range(12)])
    with market.line.watched(interleaver):
        answers = interleaver.run([partial(order, market, "a-key")] * 3)

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json["paymentIntent"]["id"] for answer in answers}) == 1
    assert len(market.all("payment_intents")) == 2


def test_a_canceled_purchases_key_still_refuses_another_order(market: Marketplace) -> None:
    """409, and no intent; also once a fresh one stands in its place."""
    market.stripe.v1.payment_intents.cancel(bought(market, "a-key")["id"])
    first = order(market, "a-key", packageId=2)
    bought(market, "a-key")

    second = order(market, "a-key", packageId=2)

    assert (first.status_code, second.status_code) == (409, 409)
    assert len(market.all("payment_intents")) == 2


def test_a_canceled_purchase_is_made_anew_for_a_coach_who_registered_meanwhile(market: Marketplace) -> None:
    """The account that appeared between the two tries is frozen into the fresh intent."""
    market.stripe.v1.payment_intents.cancel(bought(market, "a-key")["id"])
    account = market.ready_coach()

    fresh = bought(market, "a-key")

    metadata = market.stripe.v1.payment_intents.retrieve(fresh["id"]).metadata.to_dict()
    assert metadata["coachAccountId"] == account
    assert bought(market, "a-key") == fresh


def test_a_paid_purchase_is_returned_as_it_is(market: Marketplace) -> None:
    """Its own id, and the status it has now."""
    paid = bought(market, "a-key")
    market.pay(paid)

    again = bought(market, "a-key")

    assert (again["id"], again["status"]) == (paid["id"], "succeeded")
    assert again["client_secret"] == paid["client_secret"]


@pytest.mark.parametrize("status", ["processing", "requires_action", "requires_confirmation"])
def test_a_purchase_under_way_is_returned_as_it_is(market: Marketplace, status: str) -> None:
    """Another intent beside it could be paid as well."""
    under_way = bought(market, "a-key")
    with market.sandbox.world.lock:
        market.sandbox.world.must(under_way["id"])["status"] = status

    assert bought(market, "a-key") == {**under_way, "status": status}


def test_a_declined_purchase_is_tried_again_on_the_same_intent(market: Marketplace) -> None:
    """A decline ends nothing."""
    declined = bought(market, "a-key")
    market.decline(declined)

    assert bought(market, "a-key") == declined


@pytest.mark.parametrize("late", [None, 60])
def test_a_stored_500_is_not_the_end_of_a_purchase(market: Marketplace, late: int | None) -> None:
    """Nobody was told the secret of the intent it may hide, so that one can never be paid."""
    market.fault("POST", "/v1/payment_intents", "before", STORED if late is None else {**STORED, "late": late})

    first = bought(market, "a-key")
    market.clock.advance(60)

    assert bought(market, "a-key") == first


def test_an_outage_is_no_reason_for_another_key(market: Marketplace) -> None:
    """A 500 that Stripe did not keep is a 503; the same request again makes the one intent."""
    market.fault("POST", "/v1/payment_intents", "before", {"status": 500}, times=2)
    down = order(market, "a-key")

    bought(market, "a-key")

    assert down.status_code == 503
    assert len(market.all("payment_intents")) == 1


def test_a_key_that_stripe_forgot_is_a_new_purchase(market: Marketplace) -> None:
    """A day later; whatever became of the first."""
    first = bought(market, "a-key")
    market.clock.advance(DAY)

    assert bought(market, "a-key")["id"] != first["id"]


def test_a_purchase_costs_no_call_more_than_it_must(market: Marketplace) -> None:
    """First, repeated under its key, and after a cancellation."""
    buy, read = "POST /v1/payment_intents", "GET /v1/payment_intents/"
    market.forget_calls()
    bought(market, customerEmail=EMAIL, customerName="Pat")
    assert [c for c in market.calls() if "products" not in c] == ["GET /v1/customers", "POST /v1/customers", buy]

    market.forget_calls()
    first = bought(market, "a-key")
    assert [c for c in market.calls() if "products" not in c] == [buy]

    market.forget_calls()
    bought(market, "a-key")
    assert [c for c in market.calls() if "products" not in c] == [buy, read + first["id"]]

    market.stripe.v1.payment_intents.cancel(first["id"])
    market.forget_calls()
    bought(market, "a-key")
    assert [c for c in market.calls() if "products" not in c] == [buy, read + first["id"], buy]
