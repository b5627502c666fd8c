"""Who may do what: every role at every route, on one's own and on another's; and tokens that are not what they seem."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from werkzeug import Request, Response
from werkzeug.serving import make_server

from backend.config.tokens import Tokens
from backend.domain.access import OPEN_BLUEPRINTS, POLICY, NotSignedIn
from tests.builders import Marketplace
from tests.conftest import NOW

SECRET = "a-secret-of-thirty-two-characters"
PLAYER, OTHER_PLAYER, COACH, OTHER_COACH = "player-1", "player-2", "coach-1", "coach-2"
BEARERS: dict[str, dict[str, Any] | None] = {
    "nobody": None,
    "player": {"sub": PLAYER, "role": "player"},
    "other player": {"sub": OTHER_PLAYER, "role": "player"},
    "coach": {"sub": COACH, "role": "coach"},
    "other coach": {"sub": OTHER_COACH, "role": "coach"},
    "admin": {"sub": "ops", "role": "admin"},
}
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
    "connect.read_status": 200,
}


def token(claims: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **headers: str) -> str:
    """A token that lives for a minute."""
    return jwt.encode({"exp": int(time.time()) + 60, **claims}, key, algorithm, headers=headers or None)


def bearer(claims: dict[str, Any] | None, **options: Any) -> dict[str, str]:
    """The header."""
    return {} if claims is None else {"Authorization": f"Bearer {token(claims, **options)}"}


class Town:
    """A marketplace with a paid, settled purchase of `player-1` from `coach-1`; and a way to call every route on it."""

    def __init__(self) -> None:
        self.market = Marketplace(now=NOW)
        self.account = self.market.register()
        self.market.onboard(self.account)
        self.payment = self.market.paid(playerId=PLAYER)
        self.market.deliver()

    def backend(self, mode: Any = "required", **changes: Any) -> FlaskClient:
        """A backend that asks who calls."""
        auth = replace(self.market.settings.auth, mode=mode, **{"jwt_secret": SECRET, **changes})
        client: FlaskClient = self.market.another_backend(replace(self.market.settings, auth=auth)).test_client()
        return client

    def call(self, client: FlaskClient, endpoint: str, headers: dict[str, str]) -> Any:
        """The route of an endpoint, on what belongs to `player-1` or `coach-1`."""
        method, path, body = self._calls()[endpoint]
        return client.open(path, method=method, json=body, headers=headers)

    def _amount(self) -> int:
        """An amount that was not refunded yet: the same one again would be taken for a repeat."""
        return 1 + sum(refund.amount >= 0 for refund in self.market.refunds(self.payment))

    def _calls(self) -> dict[str, tuple[str, str, Any]]:
        order = self.market.order()
        account, of_coach = f"/api/connect/account/{self.account}", f"/api/connect/coach/{COACH}"
        buy = {**order, "playerId": PLAYER}
        coach = {"coachId": COACH, "coachName": "Dana", "email": "coach-1@example.com", "sport": "badminton"}
        claim = {"paymentIntentId": self.payment, "coachAccountId": self.account, "amount": 4725}
        confirm = {"paymentIntentId": self.payment, "sessionData": order}
        return {
            "payments.create_intent": ("POST", "/api/payments/create-intent", buy),
            "payments.create_destination_charge": ("POST", "/api/payments/create-destination-charge", buy),
            "payments.list_packages": ("GET", "/api/payments/packages", None),
            "payments.confirm": ("POST", "/api/payments/confirm", confirm),
            "payments.read_intent": ("GET", f"/api/payments/intent/{self.payment}", None),
            "payments.refund": (
                "POST",
                "/api/payments/refund",
                {"paymentIntentId": self.payment, "amount": self._amount()},
            ),
            "connect.create_account": ("POST", "/api/connect/create-account", coach),
            "connect.start_onboarding": ("POST", "/api/connect/start-onboarding", coach),
            "connect.create_onboarding_link": ("POST", f"{account}/onboarding-link", {}),
            "connect.read_onboarding_link": ("GET", f"{of_coach}/onboarding-link", None),
            "connect.read_status": ("GET", f"{of_coach}/status", None),
            "connect.list_transfers": ("GET", f"{of_coach}/transfers", None),
            "connect.read_account": ("GET", account, None),
            "connect.update_account": ("PUT", account, {"business_profile": {"name": "Dana"}}),
            "connect.create_login_link": ("POST", f"{account}/login-link", None),
            "connect.read_balance": ("GET", f"{account}/balance", None),
            "connect.list_payouts": ("GET", f"{account}/payouts", None),
            "connect.transfer": ("POST", "/api/connect/transfer", claim),
        }


@pytest.fixture(scope="module")
def town() -> Town:
    """Looked at by many; what is changed in it is changed for nobody's test."""
    return Town()


def test_every_route_has_a_rule_and_a_row_here(town: Town) -> None:
    """A new route is closed until somebody has thought about it."""
    routes = {rule.endpoint for rule in town.market.app.url_map.iter_rules()}
    guarded = {name for name in routes if name.partition(".")[0] not in OPEN_BLUEPRINTS}

    assert guarded == set(POLICY) == set(EXPECTED)


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


def _unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, ""])


_ADMIN = {"sub": "ops", "role": "admin"}
FORGED = {
    "expired": f"Bearer {jwt.encode({**_ADMIN, 'exp': 1}, SECRET)}",
    "no expiry": f"Bearer {jwt.encode(_ADMIN, SECRET)}",
    "not yet": f"Bearer {token({**_ADMIN, 'nbf': 9_999_999_999})}",
    "another's secret": f"Bearer {token(_ADMIN, key='another-secret-of-forty-characters-or-so')}",
    "no signature": f"Bearer {_unsigned({**_ADMIN, 'exp': 9_999_999_999})}",
    "another algorithm": f"Bearer {token(_ADMIN, key=SECRET * 2, algorithm='HS512')}",
    "nobody": f"Bearer {token({'role': 'admin'})}",
    "an empty name": f"Bearer {token({'sub': '', 'role': 'admin'})}",
    "a number as name": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjF9.x",
    "nonsense": "Bearer nonsense",
    "nothing": "Bearer ",
    "another scheme": "Basic b3BzOm9wcw==",
    "far too long": f"Bearer {token({**_ADMIN, 'pad': 'x' * 9_000})}",
}


@pytest.mark.parametrize("mode", ["required", "optional"])
@pytest.mark.parametrize("header", FORGED.values(), ids=FORGED)
def test_a_token_that_is_not_valid_is_a_401(town: Town, mode: str, header: str) -> None:
    """Also where none would have been needed: a token that is sent is enforced."""
    answer = town.call(town.backend(mode), "payments.create_intent", {"Authorization": header})

    assert (answer.status_code, answer.json["error"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": "shop", "iss": "https://id.example/"}, 200),
        ({"aud": ["other", "shop"], "iss": "https://id.example/"}, 200),
        ({"aud": "other", "iss": "https://id.example/"}, 401),
        ({"iss": "https://id.example/"}, 401),
        ({"aud": "shop", "iss": "https://evil.example/"}, 401),
        ({"aud": "shop"}, 401),
    ],
)
def test_a_token_for_or_from_somebody_else_is_not_valid(town: Town, claims: dict[str, Any], status: int) -> None:
    """Where audience and issuer are configured."""
    client = town.backend(audience="shop", issuer="https://id.example/")

    assert town.call(client, "payments.refund", bearer({**_ADMIN, **claims})).status_code == status


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("role", {"role": "admin"}),
        ("role", {"role": ["player", "admin"]}),
        ("app_metadata.role", {"app_metadata": {"role": "admin"}}),
        ("https://shop.example/role", {"https://shop.example/role": ["admin"]}),
    ],
)
def test_the_role_is_where_it_is_configured_to_be(town: Town, path: str, claims: dict[str, Any]) -> None:
    """As Supabase, Auth0 and Firebase have it."""
    client = town.backend(role_claim=path)

    assert town.call(client, "connect.read_account", bearer({"sub": "ops", **claims})).status_code == 200


@pytest.mark.parametrize("role", [None, "authenticated", "ADMIN", 7, [], {"admin": True}, ["root"]])
def test_who_has_no_role_that_is_known_is_a_player(town: Town, role: Any) -> None:
    """The least of the three."""
    headers = bearer({"sub": PLAYER, "role": role})

    assert town.call(town.backend(), "payments.read_intent", headers).status_code == 200
    assert town.call(town.backend(), "connect.read_account", headers).status_code == 403


class KeyServer:
    """Publishes public keys, as a sign-in service does. Counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = 0

    def publish(self, kid: str, private: Any, algorithm: str) -> None:
        """This key, and no other from now on."""
        kind = jwt.get_algorithm_by_name(algorithm)
        public = json.loads(kind.to_jwk(private.public_key()))
        self.keys = {"keys": [{**public, "kid": kid, "alg": algorithm, "use": "sig"}]}

    def __call__(self, environ: Any, start_response: Any) -> Any:
        Request(environ)
        self.asked += 1
        return Response(json.dumps(self.keys), mimetype="application/json")(environ, start_response)


@pytest.fixture
def key_server() -> Iterator[tuple[KeyServer, str]]:
    """And its address."""
    published = KeyServer()
    server = make_server("127.0.0.1", 0, published, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield published, f"http://127.0.0.1:{server.server_port}/keys"
    server.shutdown()
    thread.join()
    server.server_close()


RSA, EC = rsa.generate_private_key(65_537, 2048), ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (EC, "ES256")], ids=["RS256", "ES256"])
def test_published_keys_are_fetched_once(
    town: Town, key_server: tuple[KeyServer, str], key: Any, algorithm: str
) -> None:
    """And not again for every token that names a key which nobody knows."""
    published, address = key_server
    published.publish("known", key, algorithm)
    client = town.backend(jwt_secret="", jwks_url=address)

    for kid, status in (("known", 200), ("known", 200), ("unknown", 401), ("unknown", 401), ("known", 200)):
        headers = bearer(_ADMIN, key=key, algorithm=algorithm, kid=kid)
        assert town.call(client, "connect.read_account", headers).status_code == status
    assert published.asked == 1


def test_keys_may_be_rotated(town: Town, key_server: tuple[KeyServer, str]) -> None:
    """A key that is not known yet is asked for, once enough time has gone by; the old one is not believed any more."""
    published, address = key_server
    auth = replace(town.market.settings.auth, mode="required", jwks_url=address)
    tokens = Tokens(auth, ask_again_seconds=0)
    headers = [bearer(_ADMIN, key=RSA, algorithm="RS256", kid=kid)["Authorization"] for kid in ("first", "second")]
    published.publish("first", RSA, "RS256")
    assert tokens.caller(headers[0]).may_everything

    published.publish("second", RSA, "RS256")
    assert tokens.caller(headers[1]).may_everything
    with pytest.raises(NotSignedIn):
        tokens.caller(headers[0])


def test_a_public_key_is_no_secret_to_sign_with(town: Town, key_server: tuple[KeyServer, str]) -> None:
    """The oldest trick: HS256, with the published key as its secret."""
    published, address = key_server
    published.publish("k", RSA, "RS256")
    client = town.backend(jwt_secret="", jwks_url=address)
    # By hand: the library refuses to make such a token.
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT", "kid": "k"}, {**_ADMIN, "exp": 9_999_999_999})
    )
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = base64.urlsafe_b64encode(hmac.digest(pem, head + b"." + body, "sha256")).rstrip(b"=")
    forged = {"Authorization": f"Bearer {b'.'.join([head, body, signature]).decode()}"}

    assert town.call(client, "connect.read_account", forged).status_code == 401


def test_keys_that_cannot_be_fetched_are_a_503_and_no_way_in(town: Town) -> None:
    """To be tried again; what needs no token works on."""
    client = town.backend("optional", jwt_secret="", jwks_url="http://127.0.0.1:1/keys")
    answer = town.call(client, "connect.read_account", bearer(_ADMIN, key=RSA, algorithm="RS256", kid="k"))

    assert (answer.status_code, answer.json["error"]) == (503, "Sign-in unavailable")
    assert answer.headers["Retry-After"]
    assert town.call(client, "payments.create_intent", {}).status_code == 200
