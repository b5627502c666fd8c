"""HTTP without a client library: bytes are sent as they stand, and the answers are read one after another."""

from __future__ import annotations

import io
import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import Any

PATIENCE_SECONDS = 30
# Close with a reset, so that thousands of connections leave no port waiting.
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Answer:
    """One answer, whole. ``complete``: False where the connection ended in the middle of it."""

    status: int
    headers: HTTPMessage
    body: bytes
    complete: bool = True

    @property
    def closes(self) -> bool:
        """True if nothing follows on this connection."""
        return self.headers.get("Connection", "").lower() == "close" or not self.complete

    @property
    def kind(self) -> str:
        """The content type, without its parameters."""
        return self.headers.get_content_type() if "Content-Type" in self.headers else ""

    def json(self) -> Any:
        """The body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass
class Exchange:
    """Everything that was answered to what was sent. ``ended``: the server closed the connection."""

    answers: list[Answer] = field(default_factory=list)
    ended: bool = False
    # What was answered and is no answer of HTTP.
    rest: bytes = b""


class _Shared(io.BufferedReader):
    """A reader that several answers share: the first must not close it."""

    def close(self) -> None:
        """Left to the socket."""


class _Line:
    """The face of a socket that the standard library's reader of answers asks for."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._file = _Shared(raw)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return self._file


def exchange(port: int, sent: bytes, methods: Sequence[str] | None = None) -> Exchange:
    """Send bytes and read the answers.

    ``methods``: of the requests that ``sent`` holds, one answer each. None: say that nothing follows, and read until the
    server closes. Raises ``TimeoutError`` when the server does neither.
    """
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        _send(line, sent, finished=methods is None)
        return _read(line, methods)


def hang_up(port: int, sent: bytes) -> None:
    """Send bytes, and be gone."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        _send(line, sent, finished=False)


def answered(port: int, sent: bytes) -> bytes:
    """Everything the server answers until it closes, as it stands."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as line:
        line.sendall(sent)
        received = b""
        while chunk := line.recv(65_536):
            received += chunk
        return received


def _send(line: socket.socket, sent: bytes, finished: bool) -> None:
    try:
        line.sendall(sent)
        if finished:
            line.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the line was closed before all was sent: the answer says why


def _read(line: socket.socket, methods: Sequence[str] | None) -> Exchange:
    found = Exchange()
    shared = _Line(socket.SocketIO(line, "r"))
    waiting = list(methods) if methods is not None else None
    while waiting is None or waiting:
        answer = _next(shared, waiting.pop(0) if waiting else "GET", found)
        if answer is None:
            return found
        found.answers.append(answer)
        if waiting is not None and answer.closes:
            return found
    return found


def _next(shared: _Line, method: str, found: Exchange) -> Answer | None:
    """The next answer; None at the end of the connection."""
    response = HTTPResponse(shared, method=method)  # type: ignore[arg-type]
    try:
        start = shared.makefile("rb").peek(1)
        if not start:
            found.ended = True
            return None
        response.begin()
    except ConnectionResetError:
        found.ended = True
        return None
    except HTTPException as error:
        found.rest = repr(error).encode()
        found.ended = True
        return None
    try:
        return Answer(response.status, response.headers, response.read())
    except (HTTPException, ConnectionResetError):
        return Answer(response.status, response.headers, b"", complete=False)
