"""gunicorn's worker with greenlets, whose own refusals have the form of the app's.

What is no HTTP never reaches the app. gunicorn answers it with a page of HTML that repeats a part of what was sent.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

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


class Worker(GeventWorker):  # type: ignore[misc]
    """Named in gunicorn.conf.py."""

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
