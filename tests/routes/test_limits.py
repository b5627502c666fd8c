"""Buying and confirming have limits of their own, for who tries stolen cards makes many small purchases."""

from __future__ import annotations

import io

import jwt
import pytest

from tests.builders import Marketplace

CREATE, CONFIRM = "/api/payments/create-intent", "/api/payments/confirm"
SECRET = "a secret of at least thirty-two characters"


@pytest.fixture
def live(market: Marketplace) -> Marketplace:
    """In production, where nobody signs in, with the limits on."""
    market.go_live()
    return market


def sign_in(market: Marketplace, mode: str = "required") -> None:
    """From now on in production, where tokens say who asks."""
    market.go_live(AUTH_MODE=mode, AUTH_JWT_SECRET=SECRET)


def token_of(subject: str, secret: str = SECRET) -> dict[str, str]:
    """The header of whoever is signed in."""
    return {"Authorization": f"Bearer {jwt.encode({'sub': subject, 'exp': 4_000_000_000}, secret)}"}


def buy(market: Marketplace, address: str, subject: str | None = None, **order: str) -> int:
    """The status of a purchase from this address, with a token of the subject where one is given."""
    headers = {} if subject is None else token_of(subject)
    given = {"REMOTE_ADDR": address}
    return market.http.post(CREATE, json=market.order(**order), headers=headers, environ_overrides=given).status_code


def statuses(market: Marketplace, times: int, path: str = CREATE, **order: str) -> list[int]:
    """The statuses of so many calls from one address."""
    return [market.post(path, market.order(**order)).status_code for _ in range(times)]


@pytest.mark.parametrize("path", [CREATE, CONFIRM])
def test_a_client_buys_and_confirms_thirty_times(live: Marketplace, path: str) -> None:
    """Whatever the calls came to; the rest of the API still answers."""
    asked = statuses(live, 31, path)

    assert asked.count(429) == 1
    assert asked[-1] == 429
    assert live.http.get("/api/payments/intent/x").status_code == 404


def test_buying_takes_nothing_from_confirming(live: Marketplace) -> None:
    """A player who bought thirty times can confirm what was paid."""
    statuses(live, 31)

    assert live.post(CONFIRM, {}).status_code == 400


def test_a_refusal_says_when_to_come_back(live: Marketplace) -> None:
    """In the contract's words and headers."""
    statuses(live, 30)

    over = live.post(CREATE, live.order())

    assert (over.status_code, over.json["error"]) == (429, "Too many requests")
    assert 0 < int(over.headers["Retry-After"]) <= 900
    assert (over.headers["RateLimit-Limit"], over.headers["RateLimit-Remaining"]) == ("30", "0")


def test_a_player_buys_fifteen_times_from_however_many_addresses(market: Marketplace) -> None:
    """One address after the other, with a token that says who; another player is not held back."""
    sign_in(market)

    assert [buy(market, f"203.0.113.{number}", "player-1") for number in range(16)] == [200] * 15 + [429]
    assert buy(market, "203.0.113.1", "player-2") == 200


def test_a_strangers_purchases_in_a_players_name_cost_the_stranger(market: Marketplace) -> None:
    """Thirty without a token that name the player: the player, signed in at the same address too, still buys."""
    sign_in(market, "optional")

    asked = [buy(market, "203.0.113.1", playerId="player-1") for _ in range(31)]

    assert asked == [200] * 30 + [429]
    assert buy(market, "203.0.113.1", "player-1") == 200
    assert buy(market, "203.0.113.2", "player-1") == 200
    assert buy(market, "203.0.113.2", playerId="player-1") == 200


def test_a_name_in_a_body_is_no_client(live: Marketplace) -> None:
    """The address alone counts where nobody signs in: neither one player's id nor many change anything."""
    assert [buy(live, f"203.0.113.{number}", playerId="player-1") for number in range(20)] == [200] * 20
    many = [buy(live, "203.0.113.99", playerId=f"player-{number}") for number in range(31)]
    assert many == [200] * 30 + [429]


def test_signed_in_players_at_one_address_do_not_use_up_each_others_limits(market: Marketplace) -> None:
    """A club has one address: a hundred and ten players of it buy, and others still ask without a token."""
    sign_in(market, "optional")

    assert {buy(market, "203.0.113.1", f"player-{number}") for number in range(110)} == {200}
    assert buy(market, "203.0.113.1") == 200


def test_a_signed_in_caller_is_counted_by_the_token_at_every_route(market: Marketplace) -> None:
    """A hundred times, from however many addresses; the addresses pay nothing."""
    sign_in(market)

    def read(number: int, subject: str) -> int:
        address = {"REMOTE_ADDR": f"203.0.113.{number % 200}"}
        answer = market.http.get("/api/payments/intent/x", headers=token_of(subject), environ_overrides=address)
        return answer.status_code

    assert [read(number, "player-1") for number in range(101)] == [404] * 100 + [429]
    assert read(1, "player-2") == 404


@pytest.mark.parametrize("forged", ["Bearer nonsense", "Basic eDp4", "a token of another secret"])
def test_guessing_tokens_costs_the_address(market: Marketplace, forged: str) -> None:
    """A hundred wrong tokens, whoever they name; whoever has a valid one is not held back, nor is another address."""
    sign_in(market)
    header = token_of("player-1", "x" * 40) if forged.startswith("a token") else {"Authorization": forged}

    def read(address: str, headers: dict[str, str]) -> int:
        given = {"REMOTE_ADDR": address}
        return market.http.get("/api/payments/intent/x", headers=headers, environ_overrides=given).status_code

    assert [read("203.0.113.1", header) for _ in range(102)] == [401] * 100 + [429] * 2
    assert read("203.0.113.1", token_of("player-1")) == 404
    assert read("203.0.113.2", header) == 401


def test_signed_in_confirmations_have_a_count_of_their_own(market: Marketplace) -> None:
    """Fifteen, after fifteen purchases."""
    sign_in(market)
    body = {"paymentIntentId": "pi_000000000000", "sessionData": market.order()}

    def confirm(number: int) -> int:
        address = {"REMOTE_ADDR": f"203.0.113.{number}"}
        return market.http.post(CONFIRM, json=body, headers=token_of("player-1"), environ_overrides=address).status_code

    assert [buy(market, "203.0.113.1", "player-1") for _ in range(16)] == [200] * 15 + [429]
    assert [confirm(number) for number in range(16)] == [404] * 15 + [429]


class Unread(io.RawIOBase):
    """A body that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise AssertionError("the body was read")


def send_unread(market: Marketplace, path: str, **headers: str) -> int:
    """The status of a request whose body nobody may read."""
    given = {"wsgi.input": Unread(), "CONTENT_LENGTH": "60000", "CONTENT_TYPE": "application/json"}
    return market.http.post(path, headers=headers, environ_overrides=given).status_code


def test_nothing_is_read_of_a_request_that_is_over_the_limit(live: Marketplace) -> None:
    """Bodies that are no JSON are counted too, before they are looked at."""
    for _ in range(30):
        assert live.http.post(CREATE, data=b"{", content_type="application/json").status_code == 400

    assert send_unread(live, CREATE) == 429
    assert send_unread(live, "/api/payments/refund") == 400, "a body that is read would not be noticed"


def test_nothing_is_read_of_a_request_whose_bearer_may_not_ask(market: Marketplace) -> None:
    """Without a token, with a wrong one, and with a player's where an admin is asked for."""
    sign_in(market)

    assert send_unread(market, CREATE) == 401
    assert send_unread(market, CREATE, Authorization="Bearer x.y.z") == 401
    assert send_unread(market, "/api/payments/refund", **token_of("player-1")) == 403


# Each line is one client: whoever has one of its addresses has them all, or they are the same machine.
CLIENTS = [
    ["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109", "2002:cb00:7109::1", "2002:cb00:7109:5::1"],
    ["203.0.113.10", "64:ff9b::203.0.113.10", "64:ff9b:1::203.0.113.10", "203.0.113.10:49152", "203.0.113.10:443"],
    ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "[2001:db8:0:1::3]:443", "[2001:db8:0:1::4]", "2001:db8:0:1::5%eth0"],
    # Teredo: the client's address is written in its last 32 bits, each bit turned over.
    ["192.0.2.45", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:5ef5:79fb:0:1:3fff:fdd2", "::ffff:192.0.2.45"],
    ["unknown", "", "not an address", "203.0.113.300", "x" * 5_000],
]
OTHERS = [
    "203.0.113.11",
    "::ffff:203.0.113.12",
    "2001:db8:0:2::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd3",
    "64:ff9b::1",
]


@pytest.mark.parametrize("addresses", CLIENTS, ids=lambda addresses: addresses[0])
def test_one_client_is_one_however_its_address_is_written(live: Marketplace, addresses: list[str]) -> None:
    """Thirty purchases spread over the forms; then every form is refused, and nobody else is."""
    for number in range(30):
        assert buy(live, addresses[number % len(addresses)]) == 200

    assert {buy(live, address) for address in addresses} == {429}
    others = [address for line in CLIENTS if line is not addresses for address in line[:1]]
    assert {buy(live, address) for address in [*others, *OTHERS]} == {200}


def test_development_allows_ten_times_as_much(market: Marketplace) -> None:
    """Nobody tries stolen cards on a sandbox."""
    market.settings = market.settings.__class__(**{**market.settings.__dict__, "ratelimit_enabled": True})
    market.http = market.another_backend().test_client()

    assert market.post(CREATE, market.order()).headers["RateLimit-Limit"] == "300"
