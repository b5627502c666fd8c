"""A sign-in service that is down, slow or silent: nobody is held up by it, and known keys go on being believed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug import Response

from backend.http.signing_keys import KEPT_SECONDS, KeysUnavailable, SigningKeys
from backend.http.tokens import Tokens
from tests.processes import GUNICORN, backend_process, free_port_pair
from tests.routes.sign_in import (
    ADMIN,
    RSA,
    Clock,
    KeyServer,
    Town,
    bearer,
    believing,
    public_key,
    rs256_header,
    status_of,
    tokens_of,
)

RSA_KEY = public_key("k", RSA, "RS256")
IDENTITY = {"aud": "shop", "iss": "https://id.example/"}
FAILURES: dict[str, tuple[Any, int]] = {
    "an error": ({"keys": [RSA_KEY]}, 500),
    "a page": ("<!doctype html><title>Welcome</title>", 200),
    "an empty list": ({"keys": []}, 200),
    "keys of other forms": ({"keys": [None, 7, {"kid": "k"}]}, 200),
}


def test_keys_that_cannot_be_fetched_are_a_503_and_no_way_in(town: Town) -> None:
    """To be tried again; what needs no token works on."""
    client = town.backend("optional", jwt_secret="", jwks_url="http://127.0.0.1:1/keys")

    assert status_of(town, client, kid="k") == 503
    assert town.call(client, "payments.create_intent", {}).status_code == 200


def test_an_outage_ends_by_itself(issuer: KeyServer) -> None:
    """Asked again ten seconds after a failure, and not before."""
    clock = Clock()
    tokens = tokens_of(issuer, clock)
    issuer.say("", 500)
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            tokens.caller(rs256_header("k"))
    issuer.publish("k", RSA, "RS256")
    clock.seconds += 9
    with pytest.raises(KeysUnavailable):
        tokens.caller(rs256_header("k"))
    assert issuer.asked == 1

    clock.seconds += 2
    assert tokens.caller(rs256_header("k")).may_everything
    assert issuer.asked == 2


@pytest.mark.parametrize("failure", FAILURES)
def test_known_keys_are_used_through_an_outage_of_a_day(issuer: KeyServer, failure: str) -> None:
    """And not for longer: a key that its issuer took back would be believed for ever."""
    clock = Clock()
    tokens = tokens_of(issuer, clock)
    issuer.publish("k", RSA, "RS256")
    tokens.caller(rs256_header("k"))
    issuer.say(*FAILURES[failure])

    clock.seconds += KEPT_SECONDS - 1
    assert tokens.caller(rs256_header("k")).may_everything
    with pytest.raises(KeysUnavailable):  # it may be a new one, which cannot be seen now
        tokens.caller(rs256_header("new"))
    clock.seconds += 2
    with pytest.raises(KeysUnavailable):
        tokens.caller(rs256_header("k"))
    assert KEPT_SECONDS == 24 * 3600


class Gate:
    """An answer that is held until a test opens it."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self.opened = threading.Event()
        self.reached = threading.Event()

    def __call__(self) -> Response:
        self.reached.set()
        self.opened.wait(30)
        return Response(json.dumps(self._document), mimetype="application/json")


def test_one_asks_and_the_others_are_not_held(town: Town, issuer: KeyServer) -> None:
    """Twenty at once, of a silent issuer: one question, and twenty quick answers; when it speaks, they are let in."""
    gate = Gate({"keys": [RSA_KEY]})
    issuer.answer = gate
    app = believing(town, issuer).application
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(status_of(town, app.test_client(), kid="k"))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [503] * 20
    assert issuer.asked == 1
    assert time.monotonic() - began < 10, "each waited for the others"
    gate.opened.set()
    assert status_of(town, app.test_client(), kid="k") == 200
    assert issuer.asked == 1


def known_then_silent(issuer: KeyServer, seconds: int) -> tuple[Tokens, Gate]:
    """A reader that knows the issuer's key, so many seconds later; the issuer answers no more until the gate is opened."""
    clock = Clock()
    tokens = tokens_of(issuer, clock)
    issuer.publish("k", RSA, "RS256")
    tokens.caller(rs256_header("k"))
    gate = Gate({"keys": [RSA_KEY]})
    issuer.answer = gate
    clock.seconds += seconds
    return tokens, gate


def test_a_silent_issuer_holds_nobody_whose_key_is_known(issuer: KeyServer) -> None:
    """The keys are read again beside the requests."""
    tokens, gate = known_then_silent(issuer, 400)

    began = time.monotonic()
    for _ in range(5):
        assert tokens.caller(rs256_header("k")).may_everything
    waited = time.monotonic() - began
    assert gate.reached.wait(30)
    gate.opened.set()

    assert waited < 0.5
    assert issuer.asked == 2


def test_a_stranger_who_names_unknown_keys_holds_nobody(issuer: KeyServer) -> None:
    """While the issuer is asked about the stranger's key, known ones are believed."""
    tokens, gate = known_then_silent(issuer, 31)

    def ask_in_vain() -> None:
        with pytest.raises(KeysUnavailable):
            tokens.caller(rs256_header("unknown"))

    stranger = threading.Thread(target=ask_in_vain)
    stranger.start()
    assert gate.reached.wait(30)
    began = time.monotonic()
    assert tokens.caller(rs256_header("k")).may_everything
    waited = time.monotonic() - began
    stranger.join()
    gate.opened.set()

    assert waited < 0.5


def test_an_answer_that_never_ends_is_given_up(issuer: KeyServer) -> None:
    """A byte now and then keeps a line open for ever; the whole answer has a time."""

    def drip() -> Response:
        def bytes_now_and_then() -> Iterator[bytes]:
            while True:
                yield b" "
                time.sleep(0.05)

        return Response(bytes_now_and_then(), mimetype="application/json")

    issuer.answer = drip
    clock = Clock()
    keys = SigningKeys(issuer.address, clock, fetch_seconds=0.3)
    with pytest.raises(KeysUnavailable):
        keys.find("k", "RS256")

    issuer.publish("k", RSA, "RS256")
    clock.seconds += 11
    assert keys.find("k", "RS256")


def test_the_production_server_serves_others_while_an_issuer_is_silent(issuer: KeyServer, tmp_path: Path) -> None:
    """On one worker of two places: twenty tokens that wait for keys hold up nobody; then the keys are known."""
    gate = Gate({"keys": [RSA_KEY]})
    issuer.answer = gate
    port = free_port_pair()
    signing = {"AUTH_MODE": "optional", "AUTH_JWKS_URL": issuer.address, "AUTH_AUDIENCE": "shop"}
    environ = {**signing, "AUTH_ISSUER": IDENTITY["iss"], "WEB_CONCURRENCY": "1", "MAX_IN_FLIGHT": "2"}
    headers = bearer({**ADMIN, **IDENTITY}, key=RSA, algorithm="RS256", kid="k")

    def read(sent: dict[str, str] | None) -> int:
        url = f"http://127.0.0.1:{port}/api/payments/intent/x"
        return requests.get(url, headers=sent, timeout=30).status_code

    server = backend_process(GUNICORN, port, tmp_path / "log", STRIPE_API_BASE="http://127.0.0.1:9", **environ)
    with server, ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(read, headers) for _ in range(20)]
        assert gate.reached.wait(30)
        assert [read(None) for _ in range(5)] == [401] * 5
        assert [answer.result() for answer in waiting] == [503] * 20
        assert issuer.asked == 1
        gate.opened.set()
        assert read(headers) == 404
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_question_that_is_lost_is_asked_again(issuer: KeyServer) -> None:
    """Headers that drip keep a reading under way for hours: after a minute another one begins beside it."""
    clock = Clock()
    tokens = tokens_of(issuer, clock)
    gate = Gate({"keys": []})
    issuer.answer = gate
    with pytest.raises(KeysUnavailable):
        tokens.caller(rs256_header("k"))

    issuer.publish("k", RSA, "RS256")
    clock.seconds += 59
    with pytest.raises(KeysUnavailable):
        tokens.caller(rs256_header("k"))
    clock.seconds += 2
    assert tokens.caller(rs256_header("k")).may_everything
    gate.opened.set()
    assert issuer.asked == 2
