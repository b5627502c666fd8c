"""Refusals that a browser can read, and request ids that are one request's."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import Marketplace
from tests.money.workers import Meanwhile
from tests.routes.conftest import Backend, make_backend
from tests.routes.front_doors import answered
from tests.routes.sign_in import ADMIN, RSA, SECRET, bearer

APP = "https://app.example.com"


# What a browser may read.


class Visitor:
    """A backend in production with one front end, whose refusals can be asked for by status."""

    def __init__(self) -> None:
        self.market = Marketplace(now=1_793_631_600)
        self.market.go_live(AUTH_MODE="optional", AUTH_JWT_SECRET=SECRET, ALLOWED_ORIGINS=f"{APP},https://b.example")
        self.client: FlaskClient = self.market.http

    def get(self, path: str, **headers: str) -> TestResponse:
        """A request from the front end's page."""
        return self.client.get(path, headers={"Origin": APP, **headers})

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        """A request from the front end's page."""
        return self.client.post(path, json=body, headers={"Origin": APP, **headers})

    def without_keys(self) -> TestResponse:
        """A token that cannot be checked, because its issuer is down."""
        auth = replace(self.market.settings.auth, jwt_secret="", jwks_url="http://127.0.0.1:1/keys")
        client: FlaskClient = self.market.another_backend(replace(self.market.settings, auth=auth)).test_client()
        token = bearer(ADMIN, key=RSA, algorithm="RS256", kid="k")
        return client.get("/api/payments/intent/x", headers={"Origin": APP, **token})

    def over_the_limit(self) -> TestResponse:
        """One purchase too many."""
        for _ in range(30):
            self.post("/api/payments/create-intent", {})
        return self.post("/api/payments/create-intent", {})

    def with_every_place_taken(self) -> TestResponse:
        """A second request, while the only place is taken by a first one that asks Stripe."""
        app = self.market.another_backend(replace(self.market.settings, max_in_flight=1, ratelimit_enabled=False))
        answers: list[TestResponse] = []

        def second() -> None:
            order = self.market.order()
            thread = threading.Thread(
                target=lambda: answers.append(
                    app.test_client().post("/api/payments/create-intent", json=order, headers={"Origin": APP})
                )
            )
            thread.start()
            thread.join()

        with self.market.line.watched(Meanwhile(0, second)):
            app.test_client().post("/api/payments/create-intent", json=self.market.order())
        return answers[0]

    def broken(self) -> TestResponse:
        """A bug of ours."""
        app = self.market.another_backend()
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.view_functions["status.test"] = lambda: 1 / 0
        answer: TestResponse = app.test_client().get("/test", headers={"Origin": APP})
        return answer


PLAYER = bearer({"sub": "player-1"})


REFUSALS: dict[str, tuple[int, Any]] = {
    "not JSON": (400, lambda visitor: visitor.post("/api/payments/create-intent", [])),
    "a short key": (
        400,
        lambda visitor: visitor.post("/api/payments/create-intent", visitor.market.order(), **{"Idempotency-Key": "k"}),
    ),
    "no token": (401, lambda visitor: visitor.get("/api/payments/intent/x")),
    "a wrong token": (401, lambda visitor: visitor.post("/api/payments/confirm", {}, Authorization="Bearer x.y.z")),
    "another's route": (403, lambda visitor: visitor.post("/api/payments/refund", {}, **PLAYER)),
    "nothing there": (404, lambda visitor: visitor.get("/api/nothing")),
    "another method": (405, lambda visitor: visitor.get("/api/payments/refund")),
    "too large": (413, lambda visitor: visitor.post("/api/payments/create-intent", {"x": "y" * 70_000})),
    "over the limit": (429, Visitor.over_the_limit),
    "a bug": (500, Visitor.broken),
    "an issuer that is down": (503, Visitor.without_keys),
    "every place taken": (503, Visitor.with_every_place_taken),
}


@pytest.mark.parametrize(("status", "refusal"), REFUSALS.values(), ids=REFUSALS)
def test_a_browser_can_read_every_refusal(status: int, refusal: Any) -> None:
    """Without these headers a page is told of a network error, and tries again at once."""
    answer = refusal(Visitor())

    assert answer.status_code == status, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in answer.headers["Vary"]
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Retry-After", "RateLimit-Reset", "X-Request-Id"} <= set(exposed)
    assert answer.json["error"]
    assert answer.json["message"]
    if status in (429, 503):
        assert int(answer.headers["Retry-After"]) > 0


def test_another_pages_refusals_stay_unread() -> None:
    """Only origins that are named may read what an answer says."""
    answer = Visitor().client.get("/api/payments/intent/x", headers={"Origin": "https://evil.example"})

    assert answer.status_code == 401
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


# Headers that are given twice, or by strangers.


@pytest.mark.parametrize(
    "ids", [["a", "b"], ["a", "a"], ["a,b"], ["a b"], ["x" * 129], ["a\tb"], ["\u00e9"], [""], ["{}"], ["a;b"]]
)
def test_a_request_id_that_is_none_is_replaced(alone: FlaskClient, ids: list[str]) -> None:
    """One that was given twice is joined with a comma; nothing of it reaches the log or the answer."""
    answer = alone.get("/test", headers=[("X-Request-Id", text) for text in ids])

    assert len(answer.headers.getlist("X-Request-Id")) == 1
    assert set(answer.headers["X-Request-Id"]) <= set("0123456789abcdef")
    assert len(answer.headers["X-Request-Id"]) == 16


def test_a_request_id_is_of_one_request(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    """The next request on the same worker has another one, in its lines of the log too."""
    alone = backend()
    alone.get("/test", headers={"X-Request-Id": "chosen-by-a-client"})
    capsys.readouterr()

    answer = alone.get("/test")

    logged = capsys.readouterr()
    assert answer.headers["X-Request-Id"] != "chosen-by-a-client"
    assert "chosen-by-a-client" not in logged.err
    assert answer.headers["X-Request-Id"] in logged.err


def test_the_production_server_joins_what_is_given_twice(server: int) -> None:
    """So two tokens, two ids or two keys are one value with a comma, which none of them may hold."""
    sent = "GET /health HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\nX-Request-Id: b\r\nConnection: close\r\n\r\n"

    answer = answered(server, sent)

    assert answer.startswith("HTTP/1.1 200 ")
    assert len(answer.partition("X-Request-Id: ")[2].partition("\r\n")[0]) == 16


@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key", "X-Request-Id", "Origin", "Cookie", "Host"])
@pytest.mark.parametrize("size", [8_000, 60_000])
def test_a_long_header_is_no_bug(name: str, size: int) -> None:
    """Of any length that a server lets through: refused, or of no interest."""
    client = make_backend({"AUTH_MODE": "required", "AUTH_JWT_SECRET": SECRET}, ratelimit_enabled=False)

    answer = client.post("/api/payments/create-intent", json={}, headers={name: "x" * size})

    assert answer.status_code in (400, 401)
    assert len(str(answer.headers)) < 2_000


def test_a_log_holds_no_token(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither one in the header nor one that was put into the address by mistake."""
    alone = backend()
    token = bearer(ADMIN)["Authorization"]

    alone.get("/api/payments/intent/x?access_token=in-the-address", headers={"Authorization": token})

    logged = capsys.readouterr()
    assert "/api/payments/intent/x" in logged.err
    assert token.split()[1] not in logged.err
    assert "in-the-address" not in logged.err
