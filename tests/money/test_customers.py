"""The customer that a worker remembers: one call fewer, and no purchase fails because it is wrong by now."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import Marketplace, key_of

EMAIL = "pat@example.com"
HOUR = 3_600
BUY = "POST /v1/payment_intents"
KEY = key_of("a-key")


def order(market: Marketplace, worker: FlaskClient | None = None, key: str | None = None, **changes: Any) -> Any:
    """The answer of a worker to a purchase of Pat's."""
    body = market.order(**{"customerEmail": EMAIL, "customerName": "Pat", **changes})
    headers = {"Idempotency-Key": key} if key else {}
    return (worker or market.http).post("/api/payments/create-intent", json=body, headers=headers)


def bought(market: Marketplace, worker: FlaskClient | None = None, key: str | None = None, **changes: Any) -> str:
    """The id of the intent."""
    answer = order(market, worker, key, **changes)
    assert answer.status_code == 200, answer.json
    return str(answer.json["paymentIntent"]["id"])


def customer_of(market: Marketplace, intent: str) -> Any:
    """The customer of an intent."""
    return market.stripe.v1.payment_intents.retrieve(intent).customer


def another_worker(market: Marketplace) -> FlaskClient:
    """A worker that remembers nothing yet."""
    worker: FlaskClient = market.another_backend().test_client()
    return worker


def test_a_worker_remembers_whom_it_found_for_an_hour(market: Marketplace) -> None:
    """As the address was typed: another spelling may have another customer."""
    market.ready_coach()
    bought(market)
    market.forget_calls()
    bought(market)
    assert market.calls() == [BUY]

    market.forget_calls()
    bought(market, customerEmail=EMAIL.title())
    assert market.calls() == ["GET /v1/customers", BUY]

    market.clock.advance(HOUR)
    market.forget_calls()
    bought(market)
    assert "GET /v1/customers" in market.calls()


@pytest.mark.parametrize("key", [None, KEY])
def test_a_remembered_customer_who_was_deleted_is_replaced_within_the_purchase(
    market: Marketplace, key: str | None
) -> None:
    """By one new customer, who is remembered in turn."""
    gone = customer_of(market, bought(market))
    market.stripe.v1.customers.delete(gone)

    fresh = customer_of(market, bought(market, key=key))

    assert [customer["id"] for customer in market.all("customers")] == [fresh]
    market.forget_calls()
    bought(market)
    assert [call for call in market.calls() if "customers" in call] == []


def gone_for_good(market: Marketplace, customer: str) -> None:
    """Stripe refuses the next intent for a customer who is gone, and keeps the refusal under the key."""
    body = {
        "error": {
            "type": "invalid_request_error",
            "code": "resource_missing",
            "param": "customer",
            "message": f"No such customer: '{customer}'",
        }
    }
    effect = {"status": 400, "body": json.dumps(body), "cache": True}
    market.fault("POST", "/v1/payment_intents", "before", effect)


@pytest.mark.parametrize("pinned", [True, False], ids=["the refusal is kept", "the refusal is not kept"])
def test_a_purchase_past_a_deleted_customer_is_one_intent_under_its_key(market: Marketplace, pinned: bool) -> None:
    """For the same worker again, and for one that never knew the deleted one."""
    gone = customer_of(market, bought(market))
    market.stripe.v1.customers.delete(gone)
    if pinned:
        gone_for_good(market, gone)

    first = bought(market, key=KEY)

    assert {bought(market, key=KEY), bought(market, another_worker(market), KEY)} == {first}
    assert len(market.all("payment_intents")) == 2
    assert order(market, key=KEY, packageId=2).status_code == 409
    assert order(market, another_worker(market), KEY, packageId=2).status_code == 409


def test_a_customer_deleted_between_the_look_and_the_purchase_stops_nothing(market: Marketplace) -> None:
    """The worker has just found it."""
    found = customer_of(market, bought(market))
    worker = another_worker(market)
    listed = json.dumps({"object": "list", "data": [market.stripe.v1.customers.retrieve(found).to_dict()]})
    market.stripe.v1.customers.delete(found)
    market.fault("GET", "/v1/customers", "before", {"status": 200, "body": listed})

    assert customer_of(market, bought(market, worker)) != found


def _address_given_away(market: Marketplace, known: str) -> None:
    """The customer got another address; the next worker makes a new one for the old address."""
    market.stripe.v1.customers.update(known, {"email": "pat@example.org"})


def _address_taken_by_an_older_one(market: Marketplace, _known: str) -> None:
    """An older customer got the address; the next worker finds that one."""
    older = market.stripe.v1.customers.list({"email": "older@example.com"}).data[0].id
    market.stripe.v1.customers.update(older, {"email": EMAIL})


def _spelled_in_lower_case_since(market: Marketplace, _known: str) -> None:
    """A customer under the address in lower case was made; the next worker finds that one first."""
    market.stripe.v1.customers.create({"email": EMAIL.lower()})


@pytest.mark.parametrize("change", [_address_given_away, _address_taken_by_an_older_one, _spelled_in_lower_case_since])
@pytest.mark.parametrize("registered_between", [False, True])
def test_workers_who_know_different_customers_answer_a_key_alike(
    market: Marketplace, change: Any, registered_between: bool
) -> None:
    """The purchase is tried again at another worker, or minutes later: the same intent, and no 409."""
    typed = EMAIL.title() if change is _spelled_in_lower_case_since else EMAIL
    market.stripe.v1.customers.create({"email": "older@example.com"})
    market.clock.advance(60)
    known = market.stripe.v1.customers.create({"email": typed}).id
    first = bought(market, key=KEY, customerEmail=typed)
    assert customer_of(market, first) == known
    change(market, known)
    market.clock.advance(60)
    if registered_between:
        market.ready_coach()

    worker = another_worker(market)

    assert bought(market, worker, KEY, customerEmail=typed) == first
    assert bought(market, key=KEY, customerEmail=typed) == first
    assert len(market.all("payment_intents")) == 1
    assert order(market, worker, KEY, packageId=2, customerEmail=typed).status_code == 409


def test_what_one_worker_remembers_another_may_look_for_first(market: Marketplace) -> None:
    """The other way round: the key was first used with the customer that only the list knows."""
    market.stripe.v1.customers.create({"email": "older@example.com"})
    market.clock.advance(60)
    bought(market)
    _address_taken_by_an_older_one(market, "")
    first = bought(market, another_worker(market), KEY)

    assert bought(market, key=KEY) == first


def test_a_refusal_of_anything_else_is_told(market: Marketplace) -> None:
    """Only a customer who is missing is looked for again."""
    bought(market)
    body = {"error": {"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"}}
    market.fault("POST", "/v1/payment_intents", "before", {"status": 400, "body": json.dumps(body)})
    market.forget_calls()

    assert order(market).status_code == 502
    assert [call for call in market.calls() if "customers" in call] == []
