"""An Idempotency-Key belongs to the signed-in caller, or else to whoever can know it."""

from __future__ import annotations

import uuid
from typing import Any

import jwt
import pytest

from tests.builders import Marketplace

CREATE, REFUND = "/api/payments/create-intent", "/api/payments/refund"
SECRET = "a secret of at least thirty-two characters"
UUID = "0b9d2f4e-7c11-4a55-9c37-3f2f0c4e8d10"


def as_bearer(subject: str, role: str = "player") -> dict[str, str]:
    """The header of whoever is signed in."""
    claims = {"sub": subject, "role": role, "exp": 4_000_000_000}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET)}"}


@pytest.fixture
def signed(market: Marketplace) -> Marketplace:
    """In production, where a token may say who asks and need not."""
    market.go_live(AUTH_MODE="optional", AUTH_JWT_SECRET=SECRET, RATELIMIT_ENABLED="false")
    return market


def buy(market: Marketplace, key: str, headers: dict[str, str] | None = None, **order: Any) -> Any:
    """Ask for an intent under this key."""
    return market.http.post(CREATE, json=market.order(**order), headers={"Idempotency-Key": key, **(headers or {})})


def test_two_callers_with_one_key_have_a_purchase_each(signed: Marketplace) -> None:
    """A stranger who knows a player's key and order is not shown the player's client secret."""
    mine = buy(signed, "k1", as_bearer("player-1")).json["paymentIntent"]
    theirs = buy(signed, "k1", as_bearer("player-2")).json["paymentIntent"]

    assert mine["id"] != theirs["id"]
    assert mine["client_secret"] != theirs["client_secret"]
    assert buy(signed, "k1", as_bearer("player-1")).json["paymentIntent"] == mine


STRANGERS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "without a token": ({}, {"playerId": "player-1"}),
    "another player": (as_bearer("player-2"), {}),
    "an admin": (as_bearer("ops", "admin"), {"playerId": "player-1"}),
}


@pytest.mark.parametrize(("headers", "order"), STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_neither_sees_nor_blocks_a_players_purchase(
    signed: Marketplace, headers: dict[str, str], order: dict[str, str]
) -> None:
    """With the player's own key, for another package before the player buys and for the same one after."""
    blocking = buy(signed, UUID, headers, packageId=2, **order)
    mine = buy(signed, UUID, as_bearer("player-1"))
    again = buy(signed, UUID, headers, packageId=2, **order)

    assert (blocking.status_code, mine.status_code, again.status_code) == (200, 200, 200)
    assert again.json["paymentIntent"]["id"] == blocking.json["paymentIntent"]["id"]
    assert mine.json["paymentIntent"]["client_secret"] not in again.text


def test_no_key_without_a_token_is_a_signed_in_players(signed: Marketplace) -> None:
    """Though it is made of the player's key and id."""
    mine = buy(signed, "k" * 22, as_bearer("player-1")).json["paymentIntent"]

    tries = ["k" * 22 + "8:player-1", "k" * 22 + "player-1", "player-1" + "k" * 22, "22:" + "k" * 22 + "8:player-1"]
    assert mine["id"] not in {
        buy(signed, key, playerId="player-1").json["paymentIntent"]["id"] for key in ["k" * 22, *tries]
    }


@pytest.mark.parametrize("path", [CREATE, REFUND])
@pytest.mark.parametrize("key", ["1", "k1", "order-42", "x" * 21, "2026-11-25T10:00:00"])
def test_a_key_that_can_be_guessed_is_refused_where_nobody_is_signed_in(
    market: Marketplace, key: str, path: str
) -> None:
    """In one sentence that says what to send instead; nothing is bought or given back."""
    body = market.order() if path == CREATE else {"paymentIntentId": market.paid()}
    intents = len(market.stripe.v1.payment_intents.list().data)

    answer = market.post(path, body, Idempotency_Key=key)

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")
    assert answer.json["details"].startswith("Idempotency-Key: ")
    assert "22 characters" in answer.json["message"]
    assert "UUID" in answer.json["message"]
    assert len(market.stripe.v1.payment_intents.list().data) == intents
    assert not market.stripe.v1.refunds.list().data


@pytest.mark.parametrize("key", [UUID, uuid.UUID(UUID).hex, "x" * 22, "x" * 255])
def test_a_key_that_cannot_be_guessed_is_taken_from_anybody(market: Marketplace, key: str) -> None:
    """22 characters hold what a UUID holds."""
    assert market.post(CREATE, market.order(), Idempotency_Key=key).status_code == 200
    payment = market.paid()
    assert market.post(REFUND, {"paymentIntentId": payment}, Idempotency_Key=key).status_code == 200


def test_a_signed_in_callers_key_may_be_short(signed: Marketplace) -> None:
    """Nobody else can use it; a purchase and a refund."""
    intent = buy(signed, "1", as_bearer("player-1")).json["paymentIntent"]
    signed.pay(intent)
    headers = {"Idempotency-Key": "1", **as_bearer("ops", "admin")}

    answer = signed.http.post(REFUND, json={"paymentIntentId": intent["id"]}, headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize("path", [CREATE, REFUND])
def test_a_key_that_is_given_twice_is_refused(market: Marketplace, path: str) -> None:
    """Servers join the two with a comma: which one was meant, nobody can say."""
    body = market.order() if path == CREATE else {"paymentIntentId": market.paid()}
    for keys in ([UUID, UUID], [UUID, "another-key-of-this-length"], [f"{UUID},"]):
        answer = market.http.post(path, json=body, headers=[("Idempotency-Key", key) for key in keys])
        assert (answer.status_code, answer.json["error"]) == (400, "Validation error")
        assert answer.json["details"].startswith("Idempotency-Key: ")


def test_without_a_token_the_bytes_are_those_of_always(market: Marketplace) -> None:
    """A purchase that is tried again across a deployment is one purchase."""
    intent = buy(market, UUID).json["paymentIntent"]

    group = market.stripe.v1.payment_intents.retrieve(intent["id"]).transfer_group
    assert group is not None
    assert group.endswith("2453a196fbea6fd4f3c1deaba62e7f4f")


def test_a_refund_is_one_whoever_asks_for_it(signed: Marketplace) -> None:
    """Two admins under one key, as before and after a deployment: a key with the admin in it would pay twice."""
    payment = signed.paid()
    body = {"paymentIntentId": payment, "amount": 1000}
    ids = set()
    for admin in ("ops-1", "ops-2"):
        headers = {"Idempotency-Key": UUID, **as_bearer(admin, "admin")}
        ids.add(signed.http.post(REFUND, json=body, headers=headers).json["refund"]["id"])

    (refund,) = signed.refunds(payment)
    assert ids == {refund.id}
    assert refund.metadata is not None
    assert refund.metadata["attempt"] == "7f9fce4fbf6ddc0f5bb154b30699b03c"
