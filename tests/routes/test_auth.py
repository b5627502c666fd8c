"""Access: every role at every route, on one's own and on another's; and tokens that are not what they seem."""

from __future__ import annotations

from dataclasses import replace

import jwt
import pytest

from backend.domain.access import OPEN_BLUEPRINTS
from tests.operations import RULES
from tests.routes.sign_in import ADMIN, BEARERS, PLAYER, SECRET, Town, bearer, raw_token, token

# What each bearer gets, in the order above, where tokens are required.
_PLAYERS = (401, 200, 404, 403, 403, 200)
_COACHES = (401, 403, 403, 200, 404, 200)
_ADMINS = (401, 403, 403, 403, 403, 200)
EXPECTED = {
    "payments.create_intent": (401, 200, 403, 403, 403, 200),
    "payments.create_destination_charge": (401, 200, 403, 403, 403, 200),
    "payments.list_packages": (401, 200, 200, 200, 200, 200),
    "payments.confirm": _PLAYERS,
    "payments.read_intent": _PLAYERS,
    "payments.refund": _ADMINS,
    # Nothing of the town's payment is kept: who may ask is told so.
    "payments.deliver": (401, 403, 403, 409, 404, 409),
    "payments.accept": (401, 409, 404, 403, 403, 409),
    "connect.create_account": (401, 403, 403, 200, 403, 200),
    "connect.start_onboarding": (401, 403, 403, 200, 403, 200),
    "connect.create_onboarding_link": _COACHES,
    "connect.read_onboarding_link": _COACHES,
    "connect.read_status": _COACHES,
    "connect.list_transfers": _COACHES,
    "connect.read_account": _COACHES,
    "connect.update_account": _COACHES,
    "connect.create_login_link": _COACHES,
    "connect.read_balance": _COACHES,
    "connect.list_payouts": _COACHES,
    "connect.transfer": _ADMINS,
}
# Without a token where it is optional: a purchase is made; a payment that names a player is not shown.
WITHOUT = {
    "payments.create_intent": 200,
    "payments.create_destination_charge": 200,
    "payments.list_packages": 200,
    "payments.confirm": 404,
    "payments.accept": 403,
    "connect.read_status": 200,
}


def test_every_route_has_a_rule_and_a_row_here(town: Town) -> None:
    """A new route is closed until somebody has thought about it."""
    routes = {rule.endpoint for rule in town.market.app.url_map.iter_rules()}
    guarded = {name for name in routes if name.partition(".")[0] not in OPEN_BLUEPRINTS}

    assert guarded == set(RULES) == set(EXPECTED)


@pytest.mark.parametrize("who", BEARERS)
@pytest.mark.parametrize("endpoint", EXPECTED)
@pytest.mark.parametrize("mode", ["required", "optional"])
def test_the_matrix(town: Town, mode: str, endpoint: str, who: str) -> None:
    """Role by route by object."""
    expected = EXPECTED[endpoint][list(BEARERS).index(who)]
    if mode == "optional" and who == "nobody":
        expected = WITHOUT.get(endpoint, 401)

    answer = town.call(town.backend(mode), endpoint, bearer(BEARERS[who]))

    assert answer.status_code == expected, answer.json
    if expected == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json["error"] == "Unauthorized"
    if expected == 403:
        assert answer.json["error"] == "Forbidden"


def test_off_asks_nobody(town: Town) -> None:
    """And a token that is sent all the same is of no interest."""
    client = town.backend("off")

    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        assert town.call(client, "connect.read_account", headers).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/test", "/payment-success", "/coach/earnings"])
def test_what_tells_nothing_needs_no_token(town: Town, path: str) -> None:
    """Probes and return pages."""
    assert town.backend().get(path).status_code == 200


def test_webhooks_are_believed_for_their_signature(town: Town) -> None:
    """And not for a token."""
    answer = town.backend().post("/api/webhooks/stripe", data=b"{}", headers=bearer(BEARERS["admin"]))

    assert answer.json["error"] == "Missing signature"


def test_a_preflight_needs_no_token(town: Town) -> None:
    """A browser sends none with it."""
    origin = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}

    assert town.backend().options("/api/payments/refund", headers=origin).status_code == 200


def test_an_address_that_does_not_exist_is_a_404_to_everybody(town: Town) -> None:
    """A 401 would say that there is something."""
    assert town.backend().get("/api/nothing").status_code == 404
    assert town.backend().delete("/api/payments/refund").status_code == 405


def test_a_route_that_nobody_has_thought_about_is_closed(town: Town) -> None:
    """Even to an admin: it is as if it were not there."""
    auth = replace(town.market.settings.auth, mode="required", jwt_secret=SECRET)
    app = town.market.another_backend(replace(town.market.settings, auth=auth))
    app.add_url_rule("/api/new", "new", lambda: "open")

    assert app.test_client().get("/api/new", headers=bearer(BEARERS["admin"])).status_code == 404


def test_a_purchase_is_the_bearers(town: Town) -> None:
    """Though the front end did not say whose."""
    order = town.market.order()
    made = town.backend().post("/api/payments/create-intent", json=order, headers=bearer(BEARERS["player"])).json
    read = town.market.http.get(f"/api/payments/intent/{made['paymentIntent']['id']}").json

    assert read["paymentIntent"]["metadata"]["playerId"] == PLAYER


def test_a_purchase_that_names_nobody_is_confirmed_without_a_token_where_it_is_optional(town: Town) -> None:
    """As front ends do that know no tokens yet; a signed-in player does not see it."""
    payment = town.market.paid()
    body = {"paymentIntentId": payment, "sessionData": town.market.order()}
    client = town.backend("optional")

    assert client.post("/api/payments/confirm", json=body).status_code == 200
    assert client.post("/api/payments/confirm", json=body, headers=bearer(BEARERS["player"])).status_code == 404


FORGED = {
    "expired": f"Bearer {jwt.encode({**ADMIN, 'exp': 1}, SECRET)}",
    "no expiry": f"Bearer {jwt.encode(ADMIN, SECRET)}",
    "not yet": f"Bearer {token({**ADMIN, 'nbf': 9_999_999_999})}",
    "another's secret": f"Bearer {token(ADMIN, key='another-secret-of-forty-characters-or-so')}",
    "no signature": f"Bearer {raw_token({'alg': 'none', 'typ': 'JWT'}, ADMIN, None)}",
    "another algorithm": f"Bearer {token(ADMIN, key=SECRET * 2, algorithm='HS512')}",
    "nobody": f"Bearer {token({'role': 'admin'})}",
    "an empty name": f"Bearer {token({'sub': '', 'role': 'admin'})}",
    "a number as name": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjF9.x",
    "nonsense": "Bearer nonsense",
    "nothing": "Bearer ",
    "another scheme": "Basic b3BzOm9wcw==",
    "far too long": f"Bearer {token({**ADMIN, 'pad': 'x' * 9_000})}",
}


@pytest.mark.parametrize("mode", ["required", "optional"])
@pytest.mark.parametrize("header", FORGED.values(), ids=FORGED)
def test_a_token_that_is_not_valid_is_a_401(town: Town, mode: str, header: str) -> None:
    """Also where none would have been needed: a token that is sent is enforced."""
    answer = town.call(town.backend(mode), "payments.create_intent", {"Authorization": header})

    assert (answer.status_code, answer.json["error"]) == (401, "Unauthorized")


def test_a_token_is_read_from_its_header_and_from_nowhere_else(town: Town) -> None:
    """An address, a form or a cookie that carries one signs nobody in: addresses are logged."""
    client = town.backend()
    path = f"/api/connect/account/{town.account}"
    client.set_cookie("Authorization", f"Bearer {token(ADMIN)}")

    for query in ({"access_token": token(ADMIN)}, {"token": token(ADMIN)}, {"Authorization": f"Bearer {token(ADMIN)}"}):
        assert client.get(path, query_string=query).status_code == 401
    assert client.get(path, headers={"X-Authorization": f"Bearer {token(ADMIN)}"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        [f"Bearer {token(ADMIN)}", f"Bearer {token(ADMIN)}"],
        [f"Bearer {token(ADMIN)}", "Basic b3BzOm9wcw=="],
        ["Basic b3BzOm9wcw==", f"Bearer {token(ADMIN)}"],
        [f"Bearer {token(ADMIN)},"],
        [f"Bearer {token(ADMIN)}, {token(ADMIN)}"],
        [f"Bearer, {token(ADMIN)}"],
        [f"Bearer {token(ADMIN)} x"],
        [f"Bearer {token(ADMIN)}="],
        [f"Bearer {token(ADMIN)}%20"],
        [f'Bearer "{token(ADMIN)}"'],
        [token(ADMIN)],
    ],
    ids=[
        "twice",
        "and another scheme",
        "after another scheme",
        "a comma",
        "two in one",
        "a comma after the scheme",
        "a word after it",
        "padding",
        "encoded space",
        "quoted",
        "no scheme",
    ],
)
def test_a_header_that_two_could_read_in_two_ways_signs_nobody_in(town: Town, headers: list[str]) -> None:
    """Servers join what is given twice with a comma, and lenient readers of base64 skip what is no part of it."""
    answer = town.backend().get(
        f"/api/connect/account/{town.account}", headers=[("Authorization", value) for value in headers]
    )

    assert answer.status_code == 401


def test_a_refused_token_leaves_nothing_behind(town: Town) -> None:
    """Whoever asks next is nobody again."""
    client = town.backend()
    path = f"/api/connect/account/{town.account}"

    assert client.get(path, headers=bearer(ADMIN)).status_code == 200
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer x.y.z"}).status_code == 401
