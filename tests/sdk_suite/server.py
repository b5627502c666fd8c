"""A sandbox for the suite: each call meets the fixtures as if it were the first, and how it is answered is written down."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from werkzeug import Request
from werkzeug.test import run_wsgi_app

from backend.sandbox import Clock, Sandbox
from backend.sandbox.server import make_server

# Cards in the suite expire in 2024.
NOW = 1_700_000_000
UNSUPPORTED = "sandbox_unsupported"


class Answered(NamedTuple):
    """One call and its answer. `code` and `message` of a refusal; null for success."""

    method: str
    path: str
    status: int
    code: str | None
    message: str | None

    @property
    def outcome(self) -> str:
        """`answered`, `unsupported` (by the sandbox, which says so), or `refused` (as Stripe would)."""
        if self.status == 200:
            return "answered"
        return "unsupported" if self.code == UNSUPPORTED else "refused"


class SuiteServer:
    """Serves the sandbox, and keeps what it answered."""

    def __init__(self) -> None:
        self.answered: list[Answered] = []
        self._lock = threading.Lock()
        self.sandbox = Sandbox(clock=Clock(frozen_at=NOW), with_fixtures=True)
        self._touched = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        with self._lock:
            if self._touched:
                self.sandbox.reset()
            self._touched = request.method != "GET"
            body, status, headers = run_wsgi_app(self.sandbox, environ)
            whole = b"".join(body)
            if request.path.startswith(("/v1/", "/v2/")):
                self._note(request, int(status.split()[0]), whole)
        start_response(status, list(headers))
        return [whole]

    def _note(self, request: Request, status: int, body: bytes) -> None:
        error = json.loads(body).get("error", {}) if status != 200 else {}
        self.answered.append(Answered(request.method, request.path, status, error.get("code"), error.get("message")))


@contextmanager
def serving() -> Iterator[tuple[SuiteServer, int]]:
    """The server and its port, while it listens."""
    app = SuiteServer()
    server = make_server("127.0.0.1", 0, app, app.sandbox.refuse)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield app, server.server_port
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()
