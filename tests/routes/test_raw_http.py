"""Requests that no well-meaning client sends, byte by byte: the production server refuses them, and goes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.processes import GUNICORN, backend_process, free_port_pair

_PATIENCE_SECONDS = 30
POST = b"POST /api/payments/confirm HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /health HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The production server's port and log; nothing here asks Stripe."""
    port, log = free_port_pair(), tmp_path_factory.mktemp("logs") / "log"
    with backend_process(GUNICORN, port, log, STRIPE_API_BASE="http://127.0.0.1:9", WEB_CONCURRENCY="1"):
        yield port, log


def answered(port: int, sent: bytes) -> bytes:
    """Everything the server answers until it closes."""
    with socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS) as line:
        line.sendall(sent)
        received = b""
        while chunk := line.recv(4096):
            received += chunk
        return received


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
