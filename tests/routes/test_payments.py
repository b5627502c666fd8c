"""Buying, confirming, reading back and refunding, as a front end does it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.builders import Marketplace, key_of

PRICES = [
    ("badminton", 1, 4725, 5, 3),
    ("badminton", 2, 5400, 7, 5),
    ("badminton", 3, 6075, 10, 7),
    ("golf", 1, 5400, 5, 3),
    ("golf", 2, 6075, 7, 5),
    ("golf", 3, 6750, 10, 7),
]


@pytest.mark.parametrize(("sport", "package_id", "price", "clips", "days"), PRICES)
def test_a_package_costs_what_the_catalogue_says(
    market: Marketplace, sport: str, package_id: int, price: int, clips: int, days: int
) -> None:
    """The intent's amount is the catalogue's price, and the answer says what is bought."""
    order = market.order(sport=sport, packageId=package_id)

    answer = market.post("/api/payments/create-intent", order).json

    assert answer["success"] is True
    assert answer["paymentIntent"]["amount"] == price
    assert answer["paymentIntent"]["currency"] == "cad"
    assert answer["paymentIntent"]["status"] == "requires_payment_method"
    assert answer["paymentIntent"]["client_secret"].startswith(answer["paymentIntent"]["id"] + "_secret_")
    assert answer["packageInfo"] == {"clips": clips, "days": days, "price": price}


@pytest.mark.parametrize(("sport", "price"), [("badminton", 9450), ("golf", 10125)])
def test_a_subscription_ignores_the_package_id(market: Marketplace, sport: str, price: int) -> None:
    """The front end sends null or a stale package id with a subscription."""
    for stale in (None, 2, "anything"):
        order = market.order(sport=sport, packageType="subscription", packageId=stale)

        answer = market.post("/api/payments/create-intent", order).json

        assert answer["paymentIntent"]["amount"] == price
        assert answer["packageInfo"] == {"clips": 50, "days": 30, "price": price}


def test_fee_and_share_add_up_to_the_amount(market: Marketplace) -> None:
    """10% of 47.25 is 4.725: half a cent goes up, to the platform."""
    answer = market.post("/api/payments/create-intent", market.order()).json

    assert answer["feeBreakdown"] == {"totalAmount": 4725, "platformFee": 473, "coachAmount": 4252}


def test_numeric_strings_are_accepted_as_package_id(market: Marketplace) -> None:
    """Forms send "2"."""
    answer = market.post("/api/payments/create-intent", market.order(packageId="2")).json

    assert answer["paymentIntent"]["amount"] == 5400


def test_the_intent_carries_the_contracts_metadata(market: Marketplace) -> None:
    """All strings; the front end's placeholders and what is absent are left out."""
    account = market.ready_coach()
    intent = market.buy(playerId="player-7", playerName="Robin")

    metadata = market.stripe.v1.payment_intents.retrieve(intent["id"]).metadata.to_dict()

    assert metadata.pop("coachKey").startswith("coach_")
    assert metadata == {
        "app": "coaching-payments",
        "clips": "5",
        "coachAccountId": account,
        "coachId": "coach-1",
        "coachName": "Dana",
        "days": "3",
        "feePercent": "10",
        "packageId": "1",
        "packagePrice": "4725",
        "packageType": "package",
        "platformFee": "473",
        "playerId": "player-7",
        "playerName": "Robin",
        "sport": "badminton",
        "transferAmount": "4252",
    }


def test_placeholders_of_the_front_end_mean_not_given(market: Marketplace) -> None:
    """``temp_user`` and ``Player`` are nobody."""
    intent = market.buy(playerId="temp_user", playerName="Player", customerEmail=None)

    metadata = market.stripe.v1.payment_intents.retrieve(intent["id"]).metadata.to_dict()

    assert not {"playerId", "playerName"} & set(metadata)


def test_an_intent_has_a_transfer_group_from_its_first_moment(market: Marketplace) -> None:
    """Without one, listing its transfers would list the whole platform's."""
    intent = market.buy()

    assert market.stripe.v1.payment_intents.retrieve(intent["id"]).transfer_group.startswith("purchase_")


def test_a_first_purchase_creates_one_customer_and_the_next_uses_it(market: Marketplace) -> None:
    """One customer per email address, whatever its case."""
    for email in ("pat@example.com", "Pat@Example.com"):
        market.buy(customerEmail=email, customerName="Pat")

    customers = market.stripe.v1.customers.list({}).data

    assert [customer.email for customer in customers] == ["pat@example.com"]


def test_eight_first_purchases_at_once_make_one_customer(market: Marketplace) -> None:
    """The customer's key is its email address, so Stripe makes it once."""
    with ThreadPoolExecutor(8) as pool:
        orders = [market.order(customerEmail="pat@example.com", customerName="Pat")] * 8
        answers = list(pool.map(lambda order: market.fresh_post("/api/payments/create-intent", order), orders))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert [answer.status_code for answer in answers].count(200) >= 1
    assert len(market.stripe.v1.customers.list({}).data) == 1


def test_a_customer_that_was_deleted_is_made_again(market: Marketplace) -> None:
    """The first creation is still pinned under its key; the next generation makes a living one."""
    market.buy(customerEmail="pat@example.com")
    first = market.stripe.v1.customers.list({}).data[0].id
    market.stripe.v1.customers.delete(first)

    intent = market.buy(customerEmail="pat@example.com")

    customer = market.stripe.v1.payment_intents.retrieve(intent["id"]).customer
    assert customer not in (None, first)


def test_the_same_idempotency_key_and_body_give_the_same_intent(market: Marketplace) -> None:
    """A purchase that is tried twice is one purchase."""
    first = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=key_of("try-1"))
    second = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=key_of("try-1"))

    assert first.status_code == second.status_code == 200
    assert first.json == second.json


def test_the_same_idempotency_key_with_another_body_is_a_conflict(market: Marketplace) -> None:
    """One key is one purchase."""
    market.post("/api/payments/create-intent", market.order(), Idempotency_Key=key_of("try-1"))

    answer = market.post("/api/payments/create-intent", market.order(packageId=2), Idempotency_Key=key_of("try-1"))

    assert answer.status_code == 409
    assert answer.json["error"] == "Conflict"


def test_a_retried_purchase_survives_the_coachs_registration(market: Marketplace) -> None:
    """The account that appeared between the two tries is the one lawful difference."""
    first = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=key_of("try-1"))
    market.ready_coach()

    second = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=key_of("try-1"))

    assert second.json["paymentIntent"]["id"] == first.json["paymentIntent"]["id"]


def test_purchases_without_a_key_are_separate(market: Marketplace) -> None:
    """Buying the same package twice is allowed."""
    assert market.buy()["id"] != market.buy()["id"]


def test_calls_to_stripe_are_counted_per_flow(market: Marketplace) -> None:
    """They are the cost and the wait: a repeat purchase one, a confirm one, a paid webhook two."""
    market.ready_coach()
    market.buy(customerEmail="pat@example.com")
    market.forget_calls()

    intent = market.buy(customerEmail="pat@example.com")

    assert market.calls() == ["POST /v1/payment_intents"]

    market.pay(intent)
    market.forget_calls()
    assert market.confirm(intent["id"]).status_code == 200
    assert market.calls() == [f"GET /v1/payment_intents/{intent['id']}"]

    event = market.event("payment_intent.succeeded")
    market.forget_calls()
    assert market.send(event) == 200
    assert market.calls() == [f"GET /v1/payment_intents/{intent['id']}", "POST /v1/transfers"]


@pytest.mark.parametrize(("length", "status"), [(256, 200), (257, 400)])
def test_a_customers_name_is_as_long_as_stripe_keeps_it(market: Marketplace, length: int, status: int) -> None:
    """A longer one is the front end's to shorten: Stripe would refuse the whole customer."""
    order = market.order(customerEmail="pat@example.com", customerName="n" * length)

    assert market.post("/api/payments/create-intent", order).status_code == status
