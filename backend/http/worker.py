"""gunicorn's worker with greenlets, whose own refusals have the form of the app's.

What is no HTTP never reaches the app. gunicorn answers it with a page of HTML that repeats a part of what was sent.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import Any

from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn import util
from gunicorn.workers.ggevent import GeventWorker

_HEADERS = {
    "Connection": "close",
    "Content-Type": "application/json",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# As http/errors.py has them; the app is not loaded yet when this module is.
_REFUSED = {"error": "Validation error", "message": "The request is not well-formed."}
_BUG = {"error": "Internal server error", "message": "Something went wrong on our side. Please try again."}
# An encoding or a version of HTTP that gunicorn has not. It is the client who asks for it: as a 5xx it would call an operator,
# and have a proxy ask the next machine.
_NOT_SERVED = (501, 505)


class _Unsent:
    """Takes the place of the connection: keeps what gunicorn would send."""

    def __init__(self) -> None:
        self.said = b""

    def gettimeout(self) -> float:
        """Never to be waited for."""
        return 0.0

    def sendall(self, data: bytes) -> None:
        """Keep it."""
        self.said += data


class _Listener:
    """The address of a listener, which a connection asks for when it begins: the listener may be closed by then."""

    def __init__(self, address: Any) -> None:
        self._address = address

    def getsockname(self) -> Any:
        """The address."""
        return self._address


class PacedServer(StreamServer):  # type: ignore[misc]
    """Accepts the connections of one listener, a few at a time: between them, what has begun goes on."""

    max_accept = 8

    def close(self) -> None:
        """Close the listener, and let in first who waits at it: the kernel resets what is left there."""
        with suppress(OSError):
            while not self.closed and not self.full() and (waiting := self.do_read()):
                self.do_handle(*waiting)
        super().close()


class Worker(GeventWorker):  # type: ignore[misc]
    """Named in gunicorn.conf.py."""

    def run(self) -> None:
        """Keep the addresses of the listeners, and serve."""
        self.remember_listeners()
        super().run()

    def remember_listeners(self) -> None:
        """Keep the addresses of the listeners."""
        self._addresses = {listener: _Listener(listener.getsockname()) for listener in self.sockets}

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection, though its listener may have been closed since it was accepted.

        gunicorn would ask the closed one for its address (EBADF), and leave the client without an answer.
        """
        super().handle(self._addresses[listener], client, addr)

    def server_class(self, listener: Any, *, spawn: Pool, **options: Any) -> PacedServer:
        """Make the server of a listener; gunicorn asks for it, and would make one that leaves who waits to the kernel."""
        tls = {name: options[name] for name in ("ssl_context",) if name in options}
        return PacedServer(listener, partial(self.handle, listener), spawn=spawn, **tls)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Let gunicorn choose the status and write its log, and answer in our own words."""
        unsent = _Unsent()
        super().handle_error(req, unsent, addr, exc)
        line = unsent.said.partition(b"\r\n")[0]
        if line:
            status = int(line.split()[1])
            if status in _NOT_SERVED:
                status, line = 400, b"HTTP/1.1 400 Bad Request"
            # Who sends such things seldom waits for the answer.
            with suppress(OSError):
                util.write_nonblock(client, line + b"\r\n" + _refusal(status))


def _refusal(status: int) -> bytes:
    body = json.dumps(_BUG if status == 500 else _REFUSED).encode()
    headers = {**_HEADERS, "Content-Length": str(len(body))}
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n" + body
