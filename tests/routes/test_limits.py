"""Who tries stolen cards makes many small purchases: buying and confirming have limits of their own."""

from __future__ import annotations

import pytest

from tests.builders import Marketplace

CREATE, CONFIRM = "/api/payments/create-intent", "/api/payments/confirm"
SECRET = "a secret of at least thirty-two characters"


@pytest.fixture
def live(market: Marketplace) -> Marketplace:
    """In production, where nobody signs in, with the limits on."""
    market.go_live()
    return market


def statuses(market: Marketplace, times: int, path: str = CREATE, **order: str) -> list[int]:
    """What so many calls from one address are answered with."""
    return [market.post(path, market.order(**order)).status_code for _ in range(times)]


@pytest.mark.parametrize("path", [CREATE, CONFIRM])
def test_a_client_buys_and_confirms_thirty_times(live: Marketplace, path: str) -> None:
    """Whatever the calls came to; the rest of the API still answers."""
    asked = statuses(live, 31, path)

    assert asked.count(429) == 1
    assert asked[-1] == 429
    assert live.http.get("/api/payments/intent/x").status_code == 404


def test_buying_takes_nothing_from_confirming(live: Marketplace) -> None:
    """Who bought thirty times can confirm what was paid."""
    statuses(live, 31)

    assert live.post(CONFIRM, {}).status_code == 400


def test_a_refusal_says_when_to_come_back(live: Marketplace) -> None:
    """In the contract's words and headers."""
    statuses(live, 30)

    over = live.post(CREATE, live.order())

    assert (over.status_code, over.json["error"]) == (429, "Too many requests")
    assert 0 < int(over.headers["Retry-After"]) <= 900
    assert (over.headers["RateLimit-Limit"], over.headers["RateLimit-Remaining"]) == ("30", "0")


def test_a_player_buys_fifteen_times_from_however_many_addresses(live: Marketplace) -> None:
    """One address after the other; another player is not held back."""

    def buy(player: str, number: int) -> int:
        order = live.order(playerId=player)
        return live.http.post(CREATE, json=order, environ_overrides={"REMOTE_ADDR": f"203.0.113.{number}"}).status_code

    assert [buy("player-1", number) for number in range(16)] == [200] * 15 + [429]
    assert buy("player-2", 1) == 200


def test_a_signed_in_player_is_counted_by_the_token(market: Marketplace) -> None:
    """For confirmations too; naming nobody in the body changes nothing."""
    import jwt

    market.go_live(AUTH_MODE="required", AUTH_JWT_SECRET=SECRET)
    expiry = 4_000_000_000
    token = jwt.encode({"sub": "player-1", "exp": expiry}, SECRET, algorithm="HS256")

    def call(path: str, number: int) -> int:
        return market.http.post(
            path,
            json=market.order()
            if path == CREATE
            else {"paymentIntentId": "pi_000000000000", "sessionData": market.order()},
            headers={"Authorization": f"Bearer {token}"},
            environ_overrides={"REMOTE_ADDR": f"203.0.113.{number}"},
        ).status_code

    assert [call(CREATE, number) for number in range(16)] == [200] * 15 + [429]
    confirmed = [call(CONFIRM, number) for number in range(16)]
    assert 429 not in confirmed[:15]
    assert confirmed[15] == 429


def test_development_allows_ten_times_as_much(market: Marketplace) -> None:
    """Nobody tries stolen cards on a sandbox."""
    market.settings = market.settings.__class__(**{**market.settings.__dict__, "ratelimit_enabled": True})
    market.http = market.another_backend().test_client()

    assert market.post(CREATE, market.order()).headers["RateLimit-Limit"] == "300"
