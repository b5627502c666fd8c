"""Connections to the sandbox stay open for the next request, and end when they should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from werkzeug import Response

from backend.sandbox import Sandbox
from backend.sandbox.server import make_server
from tests.processes import sandbox_server

KEY = {"Authorization": "Bearer sk_test_sandbox"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on a socket."""
    with sandbox_server() as one:
        yield one


@pytest.fixture
def line(sandbox: Sandbox) -> Iterator[HTTPConnection]:
    """One connection to it, which is never opened again by itself."""
    connection = HTTPConnection("127.0.0.1", int(sandbox.base_url.rpartition(":")[2]), timeout=30)
    connection.connect()
    connection.auto_open = 0
    yield connection
    connection.close()


def _ask(line: HTTPConnection, method: str, path: str, body: str = "", **headers: str) -> tuple[int, bytes]:
    line.request(method, path, body or None, {**KEY, **headers})
    answer = line.getresponse()
    return answer.status, answer.read()


def _is_over(line: HTTPConnection) -> bool:
    """True if the other side ended the connection, once it has said all."""
    return line.sock is None or line.sock.recv(1) == b""


def test_a_connection_serves_one_request_after_another(line: HTTPConnection) -> None:
    """Also after a refusal, an answer without a body, and a body that nobody asked for."""
    asked = [
        _ask(line, "POST", "/v1/customers", "name=Pat"),
        _ask(line, "GET", "/v1/customers/cus_nobody"),
        _ask(line, "HEAD", "/v1/balance"),
        _ask(line, "OPTIONS", "/v1/balance"),
        _ask(line, "GET", "/v1/balance", "limit=1"),
        _ask(line, "GET", "/v1/customers"),
    ]

    assert [status for status, _ in asked][:2] == [200, 404]
    assert asked[2][1] == asked[3][1] == b""
    assert asked[-1][0] == 200
    assert b'"Pat"' in asked[-1][1]


def test_a_connection_ends_when_its_client_wants_it_to(line: HTTPConnection) -> None:
    """The answer says so too."""
    line.request("GET", "/v1/balance", headers={**KEY, "Connection": "close"})
    answer = line.getresponse()

    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    answer.read()
    assert _is_over(line)


def test_a_client_of_http_1_0_reads_to_the_end(sandbox: Sandbox) -> None:
    """It cannot know of a next answer."""
    port = int(sandbox.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 30) as raw:
        raw.sendall(b"GET /v1/balance HTTP/1.0\r\nAuthorization: Bearer sk_test_sandbox\r\n\r\n")
        received = b"".join(iter(lambda: raw.recv(65_536), b""))

    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"}")


@pytest.mark.parametrize("effect", ["close", "truncate"])
def test_a_fault_of_the_line_ends_it(sandbox: Sandbox, line: HTTPConnection, effect: str) -> None:
    """No later answer may be taken for the rest of this one."""
    sandbox.faults.add(match={"path": "/v1/balance"}, stage="after", effect=effect, times=1)
    line.request("GET", "/v1/balance", headers=KEY)
    assert line.sock is not None
    received = b"".join(iter(lambda: line.sock.recv(65_536), b""))

    assert (b"200" in received) is (effect == "truncate")


def test_a_sandbox_that_is_closed_leaves_nobody_waiting() -> None:
    """Connections that clients hold open end with it."""
    with sandbox_server() as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        assert _ask(connection, "GET", "/v1/balance")[0] == 200

    assert _is_over(connection)
    connection.close()


def _broken(environ: Any, start_response: Any) -> Any:
    raise RuntimeError("a bug")


def test_a_bug_of_the_application_is_answered_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """With a 500, after which the connection ends."""
    server = make_server("127.0.0.1", 0, _broken, lambda error: Response(str(error), error.status))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    status, _ = _ask(connection, "GET", "/v1/balance")
    is_over = _is_over(connection)
    server.shutdown()
    server.server_close()

    assert (status, is_over) == (500, True)
    assert "a bug" in capsys.readouterr().err
