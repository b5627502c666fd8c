"""Kept-alive connections to one server: the HTTP under the Stripe SDK, for any number of threads or greenlets.

``http.client`` opens a connection (DNS, TLS, a proxy's tunnel), ``httptools`` reads the answers: the parser of uvicorn,
written in C. docs/performance.md has the figures that chose them.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import weakref
from base64 import b64encode
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote

import gevent
import httptools
from gevent import monkey

_CHUNK = 65_536
# What lies between may forget an idle connection and tell nobody: then a call on it waits in vain.
_IDLE_SECONDS = 50.0


class AnswerCut(OSError):
    """The line ended amid the answer: the work may be done."""


class AnswerHeaders(dict[str, str]):
    """The headers of an answer, whose names are compared without case."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or the default."""
        return super().get(name.lower(), default)


class _Answer:
    """Collects one answer from its parser."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers = AnswerHeaders()
        self.body: list[bytes] = []
        self.complete = False
        self.keeps_line = False

    def on_message_begin(self) -> None:
        # Behind a whole answer there is nothing on a line that asked once: whose would it be?
        self.keeps_line = False

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        known = self.headers.get(key)
        self.headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, part: bytes) -> None:
        if not self.complete:
            self.body.append(part)

    def on_message_complete(self) -> None:
        if self.complete:
            return
        if 100 <= self.status < 200:
            self.status, self.headers = 0, AnswerHeaders()
            return
        self.complete, self.keeps_line = True, self.parser.should_keep_alive()

    def feed(self, part: bytes) -> None:
        """Take bytes from the line; none is its end. Raises ``AnswerCut``, or ``ConnectionError`` before an answer."""
        if not part:
            if not self.status:
                raise ConnectionError("the line ended before an answer")
            if "content-length" in self.headers or "transfer-encoding" in self.headers:
                raise AnswerCut("the line ended amid the answer")
            self.complete = True  # an answer without a length ends with its line
            return
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserError as error:
            self.keeps_line = False
            if not self.complete:
                raise ConnectionError(f"not an HTTP answer: {error}") from error


@dataclass(frozen=True)
class Proxy:
    """The way out of a closed network: ``http://user:password@host:port``."""

    host: str
    port: int
    headers: Mapping[str, str]

    @classmethod
    def of(cls, url: SplitResult) -> Proxy:
        """The proxy at an address. Raises ``ValueError`` for one that does not speak plain HTTP."""
        if url.scheme != "http" or not url.hostname:
            raise ValueError("must be an address that begins with http://")
        headers = {}
        if url.username is not None:
            known = f"{unquote(url.username)}:{unquote(url.password or '')}"
            headers["Proxy-Authorization"] = "Basic " + b64encode(known.encode()).decode()
        return cls(url.hostname, url.port or 80, headers)


class Connections:
    """Connections to the server at ``base``, ``https`` verified by ``tls``; at most ``idle`` of them wait for the next call.

    A call never waits for a connection: where none is idle, it opens one.
    """

    def __init__(self, base: SplitResult, tls: ssl.SSLContext | None, idle: int, proxy: Proxy | None = None) -> None:
        self._secure = base.scheme == "https"
        self._host = base.hostname or ""
        self._port = base.port or (443 if self._secure else 80)
        self._tls = tls
        self._proxy = proxy
        self._idle: deque[tuple[float, socket.socket]] = deque()
        self._most_idle = idle
        weakref.finalize(self, _close_all, self._idle)
        through_proxy = proxy is not None and not self._secure
        self._target = f"{base.scheme}://{base.netloc}" if through_proxy else ""
        own = {"Host": base.netloc.rpartition("@")[2], **(proxy.headers if proxy is not None and through_proxy else {})}
        self._own_headers = [f"{name}: {value}" for name, value in own.items()]

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> tuple[int, AnswerHeaders, bytes]:
        """Send one request and read its answer: status, headers, body.

        Everything together takes ``seconds`` at most. Raises ``OSError``: ``ssl.SSLError``, ``TimeoutError``,
        ``AnswerCut``, ``ConnectionError``, ``socket.gaierror``.
        """
        deadline = time.monotonic() + seconds
        request = self._head(method, path, headers, body) + body
        line = self._idle_line() or self._open(seconds)
        answer = _Answer()
        try:
            line.settimeout(_left(deadline))
            line.sendall(request)
            while not answer.complete:
                line.settimeout(_left(deadline))
                answer.feed(line.recv(_CHUNK))
        except BaseException as error:
            line.close()
            if answer.status and isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise AnswerCut(f"the line ended amid the answer: {error}") from error
            raise
        self._give_back(line, answer)
        return answer.status, answer.headers, b"".join(answer.body)

    def close(self) -> None:
        """Close what is idle."""
        _close_all(self._idle)

    def _head(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {self._target}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if any(not (line.isascii() and line.isprintable()) for line in lines):
            raise ValueError("a header or the path holds what cannot be sent")
        if body or method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([lines[0], *self._own_headers, *lines[1:], "", ""]).encode()

    def _idle_line(self) -> socket.socket | None:
        """The connection that was used last, as the likeliest to live."""
        while True:
            try:
                since, line = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - since < _IDLE_SECONDS and _is_quiet(line):
                return line
            line.close()

    def _give_back(self, line: socket.socket, answer: _Answer) -> None:
        if not answer.keeps_line or len(self._idle) >= self._most_idle:
            line.close()
            return
        now = time.monotonic()
        self._idle.append((now, line))
        # The oldest ones are left over from a burst.
        try:
            since, oldest = self._idle.popleft()
        except IndexError:
            return
        if now - since < _IDLE_SECONDS:
            self._idle.appendleft((since, oldest))
        else:
            oldest.close()

    def _open(self, seconds: float) -> socket.socket:
        host, port = (self._proxy.host, self._proxy.port) if self._proxy else (self._host, self._port)
        if not self._secure:
            opening = http.client.HTTPConnection(host, port, timeout=seconds)
        else:
            opening = http.client.HTTPSConnection(host, port, timeout=seconds, context=self._tls)
            if self._proxy is not None:
                opening.set_tunnel(self._host, self._port, dict(self._proxy.headers))
        try:
            with _bounded(seconds):
                opening.connect()
        except BaseException:
            opening.close()
            raise
        line: socket.socket = opening.sock
        return line


def _close_all(idle: deque[tuple[float, socket.socket]]) -> None:
    while idle:
        idle.pop()[1].close()


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Bound looking up a name and trying each of its addresses: in the production server, which can interrupt greenlets."""
    if not monkey.is_module_patched("socket"):
        yield
        return
    with gevent.Timeout(seconds, TimeoutError("no connection was made in time")):
        yield


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this call is used up")
    return left


def _is_quiet(line: socket.socket) -> bool:
    """True while the other side has neither closed the line nor said anything unasked."""
    line.settimeout(0)
    try:
        line.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False
