"""A purchase's key names one purchase: canceled, paid, declined, under way, forgotten."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.bought import EMAIL, STORED, bought, order
from tests.money.workers import Interleaver

DAY = 86_400


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
