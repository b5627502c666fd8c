"""Requests that no well-meaning client sends, byte by byte: the production server refuses them, and goes on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.processes import GUNICORN, backend_process, free_port_pair, sandbox_server
from tests.raw_http import answered, exchange

_PATIENCE_SECONDS = 30
POST = b"POST /api/payments/confirm HTTP/1.1\r\nHost: x\r\n"
JSON_POST = POST + b"Content-Type: application/json\r\n"
GET = b"GET /health HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The production server's port and log; nothing here asks Stripe."""
    port, log = free_port_pair(), tmp_path_factory.mktemp("logs") / "log"
    with backend_process(GUNICORN, port, log, STRIPE_API_BASE="http://127.0.0.1:9", WEB_CONCURRENCY="1"):
        yield port, log


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /test HTTP/1.1\r\n\r\n", 400),
        (POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}", 400),
        (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length : 2\r\n\r\n{}", 400),
        (b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (GET + b"".join(b"X-%d: 1\r\n" % number for number in range(100)) + b"\r\n", 431),
        (GET + b"X-Long: " + b"a" * 9_000 + b"\r\n\r\n", 431),
        (GET + b"Host: y\r\n\r\n", 400),
        (GET + b"X: a\r\n b\r\n\r\n", 400),
        (GET + b"X: a\x00b\r\n\r\n", 400),
        (GET + b"X: a\rb\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\nHost: x\n\n", 400),
        (b"GET /health\r\n\r\n", 400),
        (b"GET /health HTTP/0.9\r\nHost: x\r\n\r\n", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http://[::1/health HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (GET + b"Expect: a-miracle\r\n\r\n", 417),
        (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: 2, 2\r\n\r\n{}", 400),
        (POST + b"Content-Length: +2\r\n\r\n{}", 400),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + GET + b"\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
    ids=[
        "two lengths, one of them chunked",
        "two lengths",
        "an unknown encoding",
        "a negative length",
        "a space before the colon",
        "a long address",
        "many headers",
        "a long header",
        "two hosts",
        "a header over two lines",
        "NUL in a header",
        "a bare return in a header",
        "line feeds alone",
        "no version, as in HTTP/0.9",
        "version 0.9",
        "bytes in the address",
        "a star where no star may stand",
        "an address that cannot be read",
        "an expectation that is not known",
        "chunked twice",
        "chunks in HTTP/1.0",
        "a list of lengths",
        "a length with a sign",
        "another protocol's head",
        "another protocol",
        "TLS on a plain port",
    ],
)
def test_what_two_servers_could_read_in_two_ways_is_refused(server: tuple[int, Path], sent: bytes, status: int) -> None:
    """Once, with the connection closed: nothing that follows is read as a second request."""
    port, log = server

    answer = answered(port, sent)

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert requests.get(f"http://127.0.0.1:{port}/health", timeout=_PATIENCE_SECONDS).ok
    assert "Traceback" not in log.read_text()


def test_an_address_cannot_be_forged_by_an_underscore(server: tuple[int, Path]) -> None:
    """``X_Forwarded_For`` would be the same variable as ``X-Forwarded-For``: it is dropped."""
    port, _ = server

    assert answered(port, GET + b"X_Forwarded_For: 203.0.113.9\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200 "
    )


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"GET /health HTTP/1.0\r\n\r\n", [200]),
        (b"GET /health HTTP/1.1\r\n\r\n", [400]),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", [404]),
        (b"GET http://evil.example/health HTTP/1.1\r\nHost: x\r\n\r\n", [200]),
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", [404]),
        (b"TRACE /health HTTP/1.1\r\nHost: x\r\n\r\n", [405]),
        (GET + b"X: \xff\xe9\r\n\r\n", [200]),
        (GET + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", [200]),
        (JSON_POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", [400]),
        (JSON_POST + b"Content-Length: 90\r\n\r\n{}", [400]),
        (GET + b"\r\n" + GET + b"Content-Length: 5\r\n\r\nhello" + GET + b"\r\n", [200, 200, 200]),
        (GET + b"\r\nJUNK\r\n\r\n", [200, 400]),
        (GET[:-5], []),
        (b"", []),
    ],
    ids=[
        "HTTP/1.0 without a host",
        "HTTP/1.1 without a host",
        "a star",
        "an absolute address",
        "an authority",
        "TRACE",
        "bytes in a header",
        "an upgrade",
        "an expectation",
        "a body that ends too soon",
        "three requests in one line, one with a body that nobody reads",
        "a request and no request",
        "half a head",
        "nothing",
    ],
)
def test_each_whole_request_has_one_answer(server: tuple[int, Path], sent: bytes, statuses: list[int]) -> None:
    """And what is not whole has none, or a refusal; nothing is logged as a mistake of ours."""
    port, log = server

    found = exchange(port, sent)

    assert ([answer.status for answer in found.answers], found.rest, found.ended) == (statuses, b"", True)
    assert "Traceback" not in log.read_text()


def test_a_body_that_ends_too_soon_is_not_acted_on(server: tuple[int, Path]) -> None:
    """Though what came of it is a whole document: the rest might have said otherwise."""
    port, _ = server

    answer = exchange(port, JSON_POST + b"Content-Length: 90\r\n\r\n{}").answers[0]

    assert answer.json()["details"] == "The request is not well-formed."


def test_who_leaves_while_stripe_is_asked_is_missed_by_nobody(tmp_path: Path) -> None:
    """The purchase is made, or not; the next request is answered, and the log has no traceback."""
    order = b'{"coachId": "c", "coachName": "n", "sport": "golf", "packageType": "package", "packageId": 1}'
    head = JSON_POST.replace(b"confirm", b"create-intent") + b"Content-Length: %d\r\n\r\n" % len(order)
    port, log = free_port_pair(), tmp_path / "log"
    with sandbox_server() as sandbox, backend_process(GUNICORN, port, log, STRIPE_API_BASE=sandbox.base_url):
        held = sandbox.faults.add(match={"path": "/v1/payment_intents"}, stage="before", effect={"delay": 30}, times=1)
        with socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS) as line:
            line.sendall(head + order)
            while not held.trigger.fired:
                threading.Event().wait(0.01)
        sandbox.faults.clear()  # and so Stripe answers
        while not sandbox.requests[-1].status:
            threading.Event().wait(0.01)

        assert exchange(port, head + order, ["POST"]).answers[0].status == 200
    assert "Traceback" not in log.read_text()


CHUNKED = (
    POST.replace(b"confirm", b"refund") + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    b"Connection: close\r\n\r\n"
)


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n{}\r\n0\r\n\r\n",
        b"\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}XX0\r\n\r\n",
        b"2;\x00=1\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
        b"2\r\n{}\r\n0\r\nno colon\r\n\r\n",
        b"2\r\n{}\r\n0\r\nX: a\x00b\r\n\r\n",
        b"2\r\n{}\r\n0\r\nX: 1\nY: 2\r\n\r\n",
    ],
    ids=["size", "negative", "no size", "no end", "extension", "trailer", "no colon", "nul", "bare line feed"],
)
def test_malformed_chunks_and_trailers_are_a_400(server: tuple[int, Path], body: bytes) -> None:
    """It is no fault of ours, and no traceback in the log."""
    port, log = server

    answer = answered(port, CHUNKED + body)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in log.read_text()
