"""Refuse early and cheaply what this process has no time or room for, outside Flask, with an answer that lies ready.

What ends a server under load is work that begins ever later. So a gate looks how late this process is, and how long the
request has lain in the kernel. A burst is worked off; once work begins more than a second late, or what begins has waited
for four, all that comes late is refused, until the process is in time again. What has begun is finished. Webhooks are
refused last, probes never.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import gevent
import structlog
from gevent import monkey

from backend.config.settings import Settings
from backend.domain.paths import API, FILES, UNDER_WEBHOOKS
from backend.http.middleware import Environ, WSGIApp, request_id_of
from backend.observability.metrics import REFUSED

log = structlog.get_logger(__name__)

# How late work may begin before any is refused: five hundred purchases at once are less.
LATE_SECONDS = 1.0
# The same from the first refusal until a second after the last: what is served under overload is served fast.
TIGHT_SECONDS = 0.05
_TIGHT_FOR_SECONDS = 1.0
# A wait counts a quarter of it: a thousand who ask at once wait for a second or two and lose nothing by it, and while a
# machine stands still requests wait, and no work is late.
_WAIT_COUNTS = 0.25
# Linux: IPPROTO_TCP and TCP_INFO, and where in that stands tcpi_last_data_recv, the milliseconds since bytes came in last.
_TCP, _TCP_INFO, _LAST_DATA_RECEIVED = 6, 11, 52
# Webhooks move money, and are few: they are still let in when nothing else is.
_WEBHOOKS_MAY_BE_LATER = 4

# Who looks after this process asks here, and would take it away if it did not answer.
PROBES = frozenset(["/health", "/ready", "/metrics"])
# What asks nobody takes no place from those who wait for Stripe. It takes processor time, so it is refused when that is short.
NEEDS_NO_PLACE = (*sorted(PROBES), FILES, "/docs", "/openapi.json", "/test")
# Tells Flask to make the refusal that is then kept.
MAKE_REFUSAL = "payments.make_refusal"

_Key = tuple[str | bool, str, str]
_Refusal = tuple[str, list[tuple[str, str]], list[bytes]]


class Lateness:
    """The lateness of work, in seconds of processor: what this process did since its event loop last looked for new work.

    Requests that came in since then wait in line behind each other, so it grows from the first of them to the last. Of the
    processor, so that a machine that stood still for a moment refuses nobody. A server of threads has no such line, and
    counts as in time.
    """

    def __init__(self) -> None:
        self._looked = time.process_time()
        self._watcher = None
        if monkey.is_module_patched("socket"):
            self._watcher = gevent.get_hub().loop.check(ref=False)
            self._watcher.start(self._look)

    def _look(self) -> None:
        self._looked = time.process_time()

    def __call__(self) -> float:
        """The lateness of what begins now."""
        return time.process_time() - self._looked if self._watcher is not None else 0.0


def waited(head: Environ) -> float:
    """The seconds for which the last bytes of a request have lain in the kernel, before and after its connection was
    accepted; 0 where nobody can tell.
    """
    line = head.get("gunicorn.socket")
    if line is None or sys.platform != "linux":
        return 0.0
    try:
        known = line.getsockopt(_TCP, _TCP_INFO, _LAST_DATA_RECEIVED + 4)
        return float(struct.unpack_from("I", known, _LAST_DATA_RECEIVED)[0]) / 1_000
    except (OSError, struct.error):
        return 0.0  # no TCP


class Shedder:
    """Decides what is refused, by lateness alone. ``lateness`` and ``now`` give seconds."""

    def __init__(self, lateness: Callable[[], float], now: Callable[[], float] = time.monotonic) -> None:
        self._lateness = lateness
        self._now = now
        self._tight_until = 0.0

    def refuses(self, webhook: bool, waited_seconds: float = 0.0) -> bool:
        """True if the process is too late to take a request that has waited so long."""
        late = max(self._lateness(), waited_seconds * _WAIT_COUNTS)
        if late <= TIGHT_SECONDS:
            return False
        now = self._now()
        tight = now < self._tight_until
        limit = TIGHT_SECONDS if tight else LATE_SECONDS
        if late <= limit * (_WEBHOOKS_MAY_BE_LATER if webhook else 1):
            return False
        if not tight:
            log.warning("overloaded", late_milliseconds=round(late * 1000))
        self._tight_until = now + _TIGHT_FOR_SECONDS
        return True


class Gate:
    """The WSGI application that stands before Flask. ``is_full``: True when there is room for no further request."""

    def __init__(self, wsgi: WSGIApp, settings: Settings, shedder: Shedder, is_full: Callable[[], bool]) -> None:
        self._wsgi = wsgi
        self._shedder = shedder
        self._is_full = is_full
        self._any_origin = not settings.is_production
        self._origins = frozenset(settings.allowed_origins)
        self._refusals: dict[_Key, _Refusal] = {}

    def __call__(self, head: Environ, start_response: Any) -> Iterable[bytes]:
        """Pass the request on, or refuse it."""
        path = head.get("PATH_INFO", "")
        # A browser that cannot ask whether it may ask never learns why it was refused.
        if head["REQUEST_METHOD"] == "OPTIONS" or path in PROBES:
            return self._wsgi(head, start_response)
        has_place = path.startswith(NEEDS_NO_PLACE) or not self._is_full()
        if has_place and not self._shedder.refuses(path.startswith(UNDER_WEBHOOKS), waited(head)):
            return self._wsgi(head, start_response)
        REFUSED.inc()
        return self._refuse(head, start_response)

    def _refuse(self, head: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer as Flask would. It makes the first refusal of a kind, which is kept: no header can be forgotten."""
        origin = head.get("HTTP_ORIGIN")
        who = origin if origin in self._origins else bool(origin) and self._any_origin
        path = head.get("PATH_INFO", "")
        # The kinds whose headers differ.
        kind = next((known for known in (API, FILES) if path.startswith(known)), "")
        key = (who or False, head["wsgi.url_scheme"], kind)
        refusal = self._refusals.get(key)
        if refusal is None:
            refusal = self._made(head, known_origin=bool(who))
            if refusal[0].startswith("503"):
                self._refusals[key] = refusal
        status, headers, body = refusal
        start_response(status, [*headers, ("X-Request-Id", request_id_of(head.get("HTTP_X_REQUEST_ID", "")))])
        return body

    def _made(self, head: Environ, known_origin: bool) -> _Refusal:
        given = {**head, MAKE_REFUSAL: True}
        if not known_origin:
            given.pop("HTTP_ORIGIN", None)
        made: list[Any] = []
        response = self._wsgi(given, lambda status, headers, _exc=None: made.extend((status, headers)))
        try:
            body = list(response)
        finally:
            if hasattr(response, "close"):
                response.close()
        return made[0], [header for header in made[1] if header[0] != "X-Request-Id"], body
