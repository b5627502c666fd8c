"""Purchases that are tried twice: one customer an address, one payable intent a key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.bought import EMAIL, STORED, bought, order
from tests.money.oracle import check_always
from tests.money.workers import Interleaver


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
