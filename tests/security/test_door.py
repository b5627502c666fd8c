"""Attempts to come in by trying often, by another way, or by what lies about."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from flask.testing import FlaskClient

from backend.config.settings import load_settings
from backend.domain.access import OPEN_BLUEPRINTS
from backend.server import create_app
from tests.builders import PRODUCTION_ENVIRONMENT, Marketplace
from tests.conftest import NOW
from tests.operations import RULES
from tests.processes import GUNICORN, backend_process, free_port_pair
from tests.routes.conftest import Unreachable
from tests.security.tokens import ADMIN, COACH, SECRET, bearer, with_sign_in

ATTACKER, PERSON = {"REMOTE_ADDR": "203.0.113.9"}, {"REMOTE_ADDR": "198.51.100.7"}
ACCOUNT = "/api/connect/account/x"  # answered with a 404 to whom the route is for


def _production() -> FlaskClient:
    settings = load_settings({**PRODUCTION_ENVIRONMENT, "FORCE_HTTPS": "false"}, env_file=None)
    return create_app(with_sign_in(settings), http_client=Unreachable(), clock=lambda: NOW).test_client()


def test_who_guesses_tokens_is_stopped_and_nobody_else_is() -> None:
    """The limit is on where the guesses come from: whose name they carry goes on undisturbed."""
    client = _production()
    guesses = [bearer(COACH, key=f"a-guess-of-a-secret-of-32-letters-{number:04}") for number in range(101)]
    answers = [client.get(ACCOUNT, headers=guess, environ_overrides=ATTACKER).status_code for guess in guesses]

    assert answers == [401] * 100 + [429]
    assert client.get(ACCOUNT, headers=bearer(COACH), environ_overrides=PERSON).status_code == 404


def test_a_bad_token_is_refused_as_a_good_one_of_an_unknown_person_would_be() -> None:
    """Nobody learns from a refusal which part of a token was wrong, or whether there is such a person."""
    client = _production()
    now = int(time.time())
    tokens = [
        jwt.encode({**COACH, "exp": now - 3_600}, SECRET),
        jwt.encode({**COACH, "exp": now + 60}, "another-secret-of-forty-characters-or-so"),
        jwt.encode({"sub": "nobody-1", "exp": now + 60}, "another-secret-of-forty-characters-or-so"),
        "nonsense",
    ]

    answers = {client.get(ACCOUNT, headers={"Authorization": f"Bearer {one}"}).data for one in tokens}

    assert len(answers) == 1


def test_there_is_no_way_in_beside_those_of_the_table() -> None:
    """Every route of production either has a rule, or belongs to a part that is open for a named reason."""
    app = _production().application
    for rule in app.url_map.iter_rules():
        assert rule.endpoint in RULES or rule.endpoint.partition(".")[0] in OPEN_BLUEPRINTS - {
            "storefront",
            "money_pages",
        }, rule


@pytest.mark.parametrize("path", ["/api/payments/intent/pi_0000000000000000", ACCOUNT])
@pytest.mark.parametrize("where", ["cookie", "query", "basic", "header"])
def test_a_token_counts_in_its_own_header_alone(path: str, where: str) -> None:
    """Not in an address, which ends up in logs; not in a cookie, which a browser sends by itself."""
    client = _production()
    token = bearer(ADMIN)["Authorization"].partition(" ")[2]
    if where == "cookie":
        client.set_cookie("Authorization", f"Bearer {token}")
        client.set_cookie("access_token", token)
    headers = {"basic": {"Authorization": f"Basic {token}"}, "header": {"X-Access-Token": token, "X-User-Id": "ops-1"}}
    query = {"access_token": token, "token": token} if where == "query" else {}

    assert client.get(path, headers=headers.get(where, {}), query_string=query).status_code == 401


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "kid"])
def test_a_key_that_a_token_brings_along_is_not_looked_at(name: str) -> None:
    """Neither the key itself nor an address of one, and a name that is a path opens no file."""
    own = rsa.generate_private_key(65_537, 2_048)
    given = {
        "jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key())),
        "jku": "http://127.0.0.1:9/keys",
        "x5u": "http://127.0.0.1:9/certificate",
        "x5c": ["MIIB"],
        "kid": "../../../../dev/null",
    }[name]
    claims = {**ADMIN, "exp": int(time.time()) + 60}
    forged = [jwt.encode(claims, own, "RS256", {name: given}), jwt.encode(claims, "\0" * 32, "HS256", {name: given})]
    client = _production()

    for one in forged:
        assert client.get(ACCOUNT, headers={"Authorization": f"Bearer {one}"}).status_code == 401


@pytest.mark.parametrize("given", ["same twice", "two values", "in query and body"])
def test_a_parameter_counts_once_and_from_one_place(market: Marketplace, given: str) -> None:
    """A body's field is never taken from the address, and what is given twice is refused."""
    if given == "in query and body":
        body = market.order()
        del body["coachId"]
        answer = market.http.post("/api/payments/create-intent?coachId=coach-9", json=body)
    else:
        account = market.register()
        values = ("1", "1") if given == "same twice" else ("1", "2")
        answer = market.http.get(f"/api/connect/account/{account}/payouts?limit={values[0]}&limit={values[1]}")

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")


@pytest.mark.parametrize(
    "name", ["amount", "price", "feePercent", "coachAmount", "coachAccountId", "status", "metadata"]
)
def test_a_purchase_cannot_name_its_price_or_its_payee(market: Marketplace, name: str) -> None:
    """A field that the action does not have is refused, never taken along."""
    answer = market.http.post("/api/payments/create-intent", json={**market.order(), name: 1})

    assert answer.status_code == 400
    assert name in answer.json["details"]


def test_a_field_of_another_is_in_nobodys_answer(market: Marketplace) -> None:
    """A payment is shown without its client secret, its customer and its card, though Stripe's object has them all."""
    intent = market.buy(customerEmail="pat@example.com", customerName="Pat")
    market.pay(intent)

    read = market.http.get(f"/api/payments/intent/{intent['id']}").json["paymentIntent"]

    assert set(read) == {"id", "status", "amount", "currency", "metadata"}
    assert not re.search(r"secret|pat@|4242|\b(?:cus|pm|ch|card)_\w{8}", json.dumps(read))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The production server's address; nothing here asks Stripe."""
    port, log = free_port_pair(), tmp_path_factory.mktemp("logs") / "log"
    settings = {
        **PRODUCTION_ENVIRONMENT,
        "FORCE_HTTPS": "false",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "WEB_CONCURRENCY": "1",
    }
    with backend_process(GUNICORN, port, log, **{**settings, "APP_URL": "https://localhost"}):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/.svn/entries",
        "/static/",
        "/static/js/",
        "/static/js",
        "/static/../../../requirements.txt",
        "/static/%2e%2e/%2e%2e/config/catalogue.toml",
        "/static/..%2f..%2fserver.py",
        "/static//etc/passwd",
        "/static/js/..%5c..%5cpages.py",
        "/backend/server.py",
        "/templates/base.html",
        "/console",
        "/debug",
        "/server-status",
        "/metrics",
        "/",
        "/money",
        "/docs/",
    ],
)
def test_what_is_not_meant_to_be_served_is_not_there(server: str, path: str) -> None:
    """History, secrets, sources, lists of a folder, debuggers; metrics without their token; the storefront."""
    session = requests.Session()
    request = requests.Request("GET", server).prepare()
    request.url = server + path  # as it stands: nothing is tidied on the way
    answer = session.send(request, timeout=30, allow_redirects=False)

    assert answer.status_code == 404
    assert answer.json()["error"] == "Not found"


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND"])
@pytest.mark.parametrize("path", ["/health", "/api/payments/refund", "/static/pages.css"])
def test_a_request_is_not_sent_back_to_its_sender(server: str, path: str, method: str) -> None:
    """TRACE and its like, which would show a browser's script the headers that it may not read."""
    answer = requests.request(method, server + path, headers={"X-Canary": "canary"}, timeout=30)

    assert answer.status_code in (400, 405)
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    "path", ["/health", "/ready", "/test", "/nowhere", "/docs", "/openapi.json", "/payment-success"]
)
def test_no_answer_says_which_versions_run(server: str, path: str) -> None:
    """Of Python, of the server, of a library."""
    answer = requests.get(server + path, timeout=30)

    told = f"{dict(answer.headers)}" + answer.text
    for version in re.findall(r"==(\S+)", (Path(__file__).parents[2] / "requirements.txt").read_text()):
        # 3.1 and the like are anybody's.
        assert version.count(".") < 2 or version == "0.1.0" or version not in told, version
    assert not re.search(r"(?i)gunicorn/|python/|werkzeug|flask/|nginx/", told)
    assert "X-Powered-By" not in answer.headers


def test_a_debugger_is_not_there_though_it_is_asked_for(tmp_path: Path) -> None:
    """The environment of Flask's own debugger changes nothing."""
    port = free_port_pair()
    settings = {**PRODUCTION_ENVIRONMENT, "FORCE_HTTPS": "false", "STRIPE_API_BASE": "http://127.0.0.1:9"}
    wanted = {"FLASK_DEBUG": "1", "WEB_CONCURRENCY": "1", "APP_URL": "https://localhost"}
    with backend_process(GUNICORN, port, tmp_path / "log", **{**settings, **wanted}):
        console = requests.get(f"http://127.0.0.1:{port}/console", timeout=30)
        failed = requests.get(f"http://127.0.0.1:{port}/api/payments/intent/pi_0000000000000000", timeout=60)

    assert console.status_code == 404
    assert failed.status_code == 503
    assert "Traceback" not in failed.text
