"""The way in: no address is built from what a request says of itself, and every refusal can be read by a browser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import PRODUCTION_ENVIRONMENT, Marketplace
from tests.money.workers import Meanwhile
from tests.processes import GUNICORN, backend_process, free_port_pair
from tests.routes.conftest import Backend, make_backend
from tests.routes.sign_in import ADMIN, RSA, SECRET, bearer

OURS = "https://pay.example.com"
APP = "https://app.example.com"
HTTPS = {**PRODUCTION_ENVIRONMENT, "APP_URL": OURS, "FORCE_HTTPS": "true"}
HOSTS = [
    "evil.example",
    "evil.example:443",
    "pay.example.com.evil.example",
    "pay.example.com@evil.example",
    "evil.example/pay.example.com",
    "evil.example#",
    "evil.example?",
    "evil.example\\",
    "[::1]",
    "[evil",
    "",
    " ",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/test", "/api/payments/intent/x?y=1", "/payment-success?payment_intent=pi_1"])
def test_plain_http_is_sent_to_our_own_address(backend: Backend, host: str, path: str) -> None:
    """Whatever the Host header says: a cache or a mail would else carry a link of ours to a stranger's site."""
    answer = backend(HTTPS).get(path, headers={"Host": host})

    assert (answer.status_code, answer.headers["Location"]) == (308, OURS + path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//evil.example", "/evil.example"),
        ("//evil.example/%2e%2e", "/evil.example/.."),
        ("///evil.example", "/evil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/%5Cevil.example", "/%5Cevil.example"),
        ("/%2F%2Fevil.example", "/evil.example"),
        ("/x%0d%0aSet-Cookie:a=b", "/x%0D%0ASet-Cookie:a=b"),
        ("/x?y=%0d%0aSet-Cookie:a=b", "/x?y=%0d%0aSet-Cookie:a=b"),
        ("/@evil.example", "/@evil.example"),
        ("/x%3Fy%23z", "/x%3Fy%23z"),
        ("/\u00e9", "/%C3%A9"),
        ("/%ff", "/%EF%BF%BD"),
        ("/%25", "/%25"),
    ],
)
def test_no_path_leads_away_from_our_own_address(backend: Backend, path: str, location: str) -> None:
    """A path that could be read as a host stays a path of ours, and no line of a header ends."""
    target, _, query = path.partition("?")
    asked = {"PATH_INFO": unquote_to_bytes(target).decode("latin-1"), "QUERY_STRING": query}

    answer = backend(HTTPS).get("/", environ_overrides=asked)

    assert answer.status_code == 308
    assert answer.headers["Location"] == OURS + location
    assert "Set-Cookie" not in answer.headers


def test_an_address_with_a_path_keeps_it(backend: Backend) -> None:
    """A redirect keeps the path of APP_URL, which a proxy takes off."""
    client = backend({**HTTPS, "APP_URL": f"{OURS}/shop"})

    assert client.get("/test").headers["Location"] == f"{OURS}/shop/test"


def test_https_is_asked_for_where_the_address_is_a_developers(backend: Backend) -> None:
    """A redirect from HTTP to HTTP would never end."""
    client = backend({"FORCE_HTTPS": "true", "APP_URL": "http://localhost:3001"})

    assert client.get("/test").headers["Location"] == "https://localhost:3001/test"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the production server, which redirects; nothing here asks Stripe."""
    port, log = free_port_pair(), tmp_path_factory.mktemp("logs") / "log"
    address = {"APP_URL": OURS, "FORCE_HTTPS": "true", "STRIPE_API_BASE": "http://127.0.0.1:9"}
    with backend_process(GUNICORN, port, log, WEB_CONCURRENCY="1", **address):
        yield port


def answered(port: int, sent: str) -> str:
    """Everything that the server answers until it closes."""
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        line.sendall(sent.encode("latin-1"))
        received = b""
        while chunk := line.recv(4096):
            received += chunk
        return received.decode("latin-1")


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/test",
        "https://evil.example/test",
        "http://evil.example",
        "http://user@evil.example/test",
        "//evil.example/test",
        "/\\evil.example",
        "/test",
        "evil.example",
        "evil.example:443",
        "*",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "CONNECT"])
def test_a_whole_address_as_target_leads_nowhere_else(server: int, method: str, target: str) -> None:
    """As clients send it to a proxy; whoever it names, the answer names us or is a refusal."""
    sent = f"{method} {target} HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    answer = answered(server, sent)

    status, location = answer.split(" ", 2)[1], answer.partition("Location: ")[2].partition("\r\n")[0]
    assert status in ("308", "400", "404", "405")
    assert location.startswith(f"{OURS}/") if status == "308" else not location


def _addresses(market: Marketplace) -> list[tuple[str, str]]:
    """A call of every route, with and without a slash at the end."""
    calls = []
    for rule in market.app.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<path:{argument}>", "js/buy.js").replace(f"<{argument}>", "x")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            calls += [(method, path), (method, path.rstrip("/") if path.endswith("/") else f"{path}/")]
    return calls


def test_no_answer_names_the_host_that_a_request_names(market: Marketplace) -> None:
    """No route, no page, no error and no redirect of the router's."""
    calls = _addresses(market)
    assert len(calls) > 40

    for method, path in calls:
        answer = market.http.open(path, method=method, headers={"Host": "evil.example"}, buffered=True)
        assert "evil.example" not in answer.text + str(answer.headers), (method, path)
        assert answer.status_code not in (301, 302, 307, 308), (method, path)


# What a browser may read.


class Door:
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
    "not JSON": (400, lambda door: door.post("/api/payments/create-intent", [])),
    "a short key": (
        400,
        lambda door: door.post("/api/payments/create-intent", door.market.order(), **{"Idempotency-Key": "k"}),
    ),
    "no token": (401, lambda door: door.get("/api/payments/intent/x")),
    "a wrong token": (401, lambda door: door.post("/api/payments/confirm", {}, Authorization="Bearer x.y.z")),
    "another's route": (403, lambda door: door.post("/api/payments/refund", {}, **PLAYER)),
    "nothing there": (404, lambda door: door.get("/api/nothing")),
    "another method": (405, lambda door: door.get("/api/payments/refund")),
    "too large": (413, lambda door: door.post("/api/payments/create-intent", {"x": "y" * 70_000})),
    "over the limit": (429, Door.over_the_limit),
    "a bug": (500, Door.broken),
    "an issuer that is down": (503, Door.without_keys),
    "every place taken": (503, Door.with_every_place_taken),
}


@pytest.mark.parametrize(("status", "refusal"), REFUSALS.values(), ids=REFUSALS)
def test_a_browser_can_read_every_refusal(status: int, refusal: Any) -> None:
    """Without these headers a page is told of a network error, and tries again at once."""
    answer = refusal(Door())

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
    answer = Door().client.get("/api/payments/intent/x", headers={"Origin": "https://evil.example"})

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
