"""``POST /api/payments/confirm`` and reading back: the session is the payment's, whoever asks."""

from __future__ import annotations

import pytest

from tests.builders import Marketplace
from tests.conftest import NOW


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
