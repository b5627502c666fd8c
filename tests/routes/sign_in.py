"""Whoever signs users in, and a town to sign in to: tokens, a server of public keys, every route on one's own things."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask.testing import FlaskClient
from werkzeug import Request, Response

from backend.config.settings import load_settings
from backend.http.tokens import Tokens
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.processes import served

RSA, EC = rsa.generate_private_key(65_537, 2048), ec.generate_private_key(ec.SECP256R1())
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
ADMIN = {"sub": "ops", "role": "admin"}


def token(claims: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **headers: Any) -> str:
    """A token that lives for a day: some are made when the tests are collected."""
    return jwt.encode({"exp": int(time.time()) + 86_400, **claims}, key, algorithm, headers=headers or None)


def bearer(claims: dict[str, Any] | None, **options: Any) -> dict[str, str]:
    """The header."""
    return {} if claims is None else {"Authorization": f"Bearer {token(claims, **options)}"}


def raw_token(header: Any, claims: Any, key: bytes | None = SECRET.encode()) -> str:
    """A token put together by hand, as no library would; HS256 with ``key``, or without a signature.

    Header and claims are objects that are written as JSON, or text that stands as it is. An expiry is added.
    """
    if isinstance(claims, dict):
        claims = {"exp": int(time.time()) + 86_400, **claims}
    signed = ".".join(_part(part if isinstance(part, str) else json.dumps(part)) for part in (header, claims))
    signature = b"" if key is None else hmac.digest(key, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


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
            "payments.deliver": ("POST", "/api/payments/delivered", {"paymentIntentId": self.payment}),
            "payments.accept": ("POST", "/api/payments/accept", {"paymentIntentId": self.payment}),
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


def public_key(kid: str, private: Any, algorithm: str) -> dict[str, Any]:
    """The public half of a key as it is published."""
    public: dict[str, Any] = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(private.public_key()))
    return {**public, "kid": kid, "alg": algorithm, "use": "sig"}


class KeyServer:
    """Publishes public keys, as a sign-in service does. Counts how often it is asked."""

    def __init__(self) -> None:
        self.answer: Callable[[], Response] = lambda: Response("{}", mimetype="application/json")
        self.asked = 0
        self.address = ""

    def publish(self, kid: str, private: Any, algorithm: str) -> None:
        """Publish one key, and no other from now on."""
        self.say({"keys": [public_key(kid, private, algorithm)]})

    def say(self, document: Any, status: int = 200, **headers: str) -> None:
        """Answer with this from now on: JSON, or text as it stands."""
        body = document if isinstance(document, str | bytes) else json.dumps(document)
        self.answer = lambda: Response(body, status, headers, mimetype="application/json")

    def __call__(self, environ: Any, start_response: Any) -> Any:
        Request(environ)
        self.asked += 1
        return self.answer()(environ, start_response)


@contextmanager
def key_server_at_work() -> Iterator[KeyServer]:
    """A server of keys on a socket, until the end of the block."""
    published = KeyServer()
    with served(published) as port:
        published.address = f"http://127.0.0.1:{port}/keys"
        yield published


class Clock:
    """Seconds that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def believing(town: Town, issuer: KeyServer) -> FlaskClient:
    """A backend that believes this issuer."""
    return town.backend(jwt_secret="", jwks_url=issuer.address)


def status_of(town: Town, client: FlaskClient, **options: Any) -> int:
    """The status of the answer to an admin's token."""
    answer = town.call(client, "connect.read_account", bearer(ADMIN, **{"key": RSA, "algorithm": "RS256", **options}))
    if answer.status_code == 503:
        assert answer.json["error"] == "Sign-in unavailable"
        assert int(answer.headers["Retry-After"]) > 0
    return int(answer.status_code)


def tokens_of(issuer: KeyServer, clock: Clock | None = None) -> Tokens:
    """The reader of this issuer's tokens, on a clock that a test moves."""
    auth = replace(load_settings({}, env_file=None).auth, mode="required", jwks_url=issuer.address)
    return Tokens(auth, clock or Clock())


def rs256_header(kid: str, key: Any = RSA) -> str:
    """The header that an admin sends, signed by this key."""
    return bearer(ADMIN, key=key, algorithm="RS256", kid=kid)["Authorization"]
