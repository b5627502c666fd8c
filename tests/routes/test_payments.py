"""Buying, confirming, reading back and refunding, as a front end does it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.builders import Marketplace, key_of
from tests.conftest import NOW

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


def test_a_paid_intent_confirms_as_a_session(market: Marketplace) -> None:
    """Every field of the contract, derived from the payment."""
    payment = market.paid()
    answer = market.confirm(payment)

    session = answer.json["session"]

    assert answer.status_code == 200
    assert answer.json["success"] is True
    assert session == {
        "id": f"session_{payment[3:]}",
        "paymentIntentId": payment,
        "coachId": "coach-1",
        "coachName": "Dana",
        "sport": "badminton",
        "packageType": "package",
        "packageId": 1,
        "amount": 4725,
        "currency": "cad",
        "clipsRemaining": 5,
        "clipsUploaded": 0,
        "sessionExpiry": "2026-11-05T15:00:00.000Z",
        "status": "active",
        "createdAt": "2026-11-02T15:00:00.000Z",
        "messages": [],
    }
    assert NOW == 1_793_631_600


def test_confirming_twice_gives_the_same_bytes(market: Marketplace) -> None:
    """From two devices, a day apart."""
    payment = market.paid()
    first = market.confirm(payment)
    market.clock.advance(86_400)

    second = market.confirm(payment, sport="BADMINTON", coachName="Somebody else")

    assert first.data == second.data


def test_a_subscription_confirms_with_a_null_package_id(market: Marketplace) -> None:
    """As the app sends it."""
    intent = market.buy(packageType="subscription", packageId=None)
    market.pay(intent)

    answer = market.confirm(intent["id"], packageType="subscription", packageId=None)

    assert answer.json["session"]["packageId"] is None
    assert answer.json["session"]["clipsRemaining"] == 50


def test_an_unpaid_intent_does_not_confirm(market: Marketplace) -> None:
    """400 with the intent's own status."""
    intent = market.buy()

    answer = market.confirm(intent["id"])

    assert answer.status_code == 400
    assert answer.json["error"] == "Payment not successful"
    assert answer.json["status"] == "requires_payment_method"


def test_a_declined_intent_does_not_confirm(market: Marketplace) -> None:
    """A decline leaves a failed charge behind; it opens nothing."""
    intent = market.buy()
    market.decline(intent)

    answer = market.confirm(intent["id"])

    assert answer.status_code == 400
    assert answer.json["error"] == "Payment not successful"


@pytest.mark.parametrize(
    "claim",
    [
        {"coachId": "coach-2"},
        {"sport": "golf"},
        {"packageType": "subscription", "packageId": None},
        {"packageId": 3},
    ],
)
def test_session_data_of_another_purchase_is_a_conflict(market: Marketplace, claim: dict) -> None:
    """Paying for the cheap package does not open the dear one."""
    payment = market.paid()

    answer = market.confirm(payment, **claim)

    assert answer.status_code == 409
    assert answer.json["error"] == "Conflict"


def test_a_refunded_payment_does_not_confirm(market: Marketplace) -> None:
    """409 with ``status: "refunded"``."""
    payment = market.paid()
    market.refund(payment)

    answer = market.confirm(payment)

    assert answer.status_code == 409
    assert answer.json["status"] == "refunded"


def test_a_partly_refunded_payment_still_confirms(market: Marketplace) -> None:
    """The session goes on."""
    payment = market.paid()
    market.refund(payment, amount=1000)

    assert market.confirm(payment).status_code == 200


def test_an_intent_reads_back_with_its_metadata(market: Marketplace) -> None:
    """Without the client secret."""
    intent = market.buy()

    answer = market.http.get(f"/api/payments/intent/{intent['id']}").json

    assert set(answer["paymentIntent"]) == {"id", "status", "amount", "currency", "metadata"}
    assert answer["paymentIntent"]["metadata"]["coachId"] == "coach-1"


def test_a_strangers_intent_is_not_found(market: Marketplace) -> None:
    """Payments on the same Stripe account that this marketplace did not make are none of its business."""
    stranger = market.stripe.v1.payment_intents.create({"amount": 5000, "currency": "cad"})

    for answer in (market.http.get(f"/api/payments/intent/{stranger.id}"), market.confirm(stranger.id)):
        assert answer.status_code == 404
        assert answer.json["error"] == "Not found"


def test_an_intent_that_never_was_is_not_found(market: Marketplace) -> None:
    """Stripe's 404 is ours."""
    answer = market.http.get("/api/payments/intent/pi_000000000000000000000000")

    assert answer.status_code == 404


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


def test_a_full_refund_returns_all_that_is_left(market: Marketplace) -> None:
    """No amount means the rest."""
    payment = market.paid()
    market.refund(payment, amount=725)

    answer = market.refund(payment, reason="duplicate")

    assert answer.status_code == 200
    refund = answer.json["refund"]
    assert (refund["amount"], refund["status"], refund["reason"]) == (4000, "succeeded", "duplicate")


def test_a_refund_takes_back_the_coachs_part(market: Marketplace) -> None:
    """Proportionally, with the frozen percentage; fee and share of what is kept still add up."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()

    market.refund(payment, amount=2000)

    assert market.held(payment) == 2725 - 273


def test_a_full_refund_takes_back_everything(market: Marketplace) -> None:
    """The coach holds nothing of a payment that is no more."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()

    market.refund(payment)

    assert market.held(payment) == 0


def test_an_unpaid_payment_cannot_be_refunded(market: Marketplace) -> None:
    """409."""
    assert market.refund(market.buy()["id"]).status_code == 409


def test_a_refunded_payment_cannot_be_refunded_again(market: Marketplace) -> None:
    """409."""
    payment = market.paid()
    market.refund(payment)

    assert market.refund(payment).status_code == 409


def test_more_than_is_left_cannot_be_refunded(market: Marketplace) -> None:
    """409, and nothing moves."""
    payment = market.paid()

    assert market.refund(payment, amount=4726).status_code == 409
    assert market.stripe.v1.refunds.list({"payment_intent": payment}).data == []


def test_a_disputed_payment_cannot_be_refunded(market: Marketplace) -> None:
    """The bank has the money already."""
    payment = market.paid()
    market.dispute(payment)

    answer = market.refund(payment)

    assert answer.status_code == 409
    assert "disput" in answer.json["message"]


def test_a_refund_with_a_key_is_made_once_even_after_stripe_forgot_the_key(market: Marketplace) -> None:
    """The caller's key is kept on the refund itself."""
    payment = market.paid()
    first = market.post(
        "/api/payments/refund", {"paymentIntentId": payment, "amount": 1000}, Idempotency_Key=key_of("once")
    )
    market.clock.advance(3 * 86_400)

    second = market.post(
        "/api/payments/refund", {"paymentIntentId": payment, "amount": 1000}, Idempotency_Key=key_of("once")
    )

    assert first.json == second.json
    assert len(market.stripe.v1.refunds.list({"payment_intent": payment}).data) == 1


def test_a_refunds_key_with_another_amount_is_a_conflict(market: Marketplace) -> None:
    """One key is one refund."""
    payment = market.paid()
    body = {"paymentIntentId": payment, "amount": 1000}
    market.post("/api/payments/refund", body, Idempotency_Key=key_of("once"))

    answer = market.post("/api/payments/refund", {**body, "amount": 900}, Idempotency_Key=key_of("once"))

    assert answer.status_code == 409


def test_a_double_click_on_refund_refunds_once(market: Marketplace) -> None:
    """Two equal requests at the same moment, without a key."""
    payment = market.paid()
    with ThreadPoolExecutor(2) as pool:
        body = {"paymentIntentId": payment}
        answers = list(pool.map(lambda b: market.fresh_post("/api/payments/refund", b), [body, body]))

    assert 200 in {answer.status_code for answer in answers}
    assert sum(r.amount for r in market.stripe.v1.refunds.list({"payment_intent": payment}).data) == 4725


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
