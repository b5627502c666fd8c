"""Refusals that the server makes before the app sees a request: of the same form as the app's, repeating nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from werkzeug.exceptions import BadRequest

from backend.http.errors import failure_of
from backend.http.extensions import API_POLICY
from tests.processes import GUNICORN, backend_process, free_port_pair
from tests.raw_http import answered
from tests.routes.test_raw_http import GET

MALFORMED = {
    "no HTTP": (b"<script>alert(1)</script>\r\n\r\n", 400),
    "a request line with a canary": (b"GET /<b>canary</b> canary HTTP/1.1\r\n\r\n", 400),
    "another version": (b"GET / HTTP/canary\r\n\r\n", 400),
    "a header without a colon": (GET + b"canary\r\n\r\n", 400),
    "a long address": (b"GET /canary" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a long header": (GET + b"X-Canary: " + b"a" * 9_000 + b"\r\n\r\n", 431),
    "an unknown encoding": (b"POST /test HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: canary\r\n\r\n", 400),
    "an unknown expectation": (GET + b"Expect: canary\r\n\r\n", 417),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The production server's port."""
    port, log = free_port_pair(), tmp_path_factory.mktemp("logs") / "log"
    with backend_process(GUNICORN, port, log, STRIPE_API_BASE="http://127.0.0.1:9", WEB_CONCURRENCY="1"):
        yield port


@pytest.mark.parametrize(("sent", "status"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_request_is_refused_like_any_other(server: int, sent: bytes, status: int) -> None:
    """JSON with the words and the headers of the app's own refusals, and not a word of what was sent."""
    head, _, body = answered(server, sent).partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in rest)

    assert first.startswith(f"HTTP/1.1 {status} ")
    assert set(json.loads(body)) == {"error", "message"}
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(body))
    assert headers["Connection"] == "close"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == API_POLICY
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert b"canary" not in head + body
    assert b"script" not in body


def test_the_words_are_those_of_the_app(server: int) -> None:
    """So that a front end has one kind of failure to read."""
    _, _, body = answered(server, MALFORMED["no HTTP"][0]).partition(b"\r\n\r\n")
    failure = failure_of(BadRequest())

    assert json.loads(body) == {"error": failure.error, "message": failure.message}
