"""Admission: a bounded number of requests in flight, and a bounded number of bytes of their bodies.

A request spends its time waiting for Stripe, which costs memory and no processor: thousands may wait. What finds no room
is told to come back (503 with ``Retry-After``), and Stripe delivers a refused webhook again. The processor, which is what
is scarce, is looked after in ``shedding.py``; Stripe's own limits in ``stripe_client/rate.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from flask import Flask, g, request
from gevent import monkey
from werkzeug.exceptions import RequestTimeout

from backend.config.settings import Settings
from backend.domain.paths import UNDER_WEBHOOKS
from backend.http.errors import Overloaded
from backend.http.requests import raw_body
from backend.http.shedding import MAKE_REFUSAL, NEEDS_NO_PLACE, Gate, Lateness, Shedder
from backend.observability.metrics import IN_FLIGHT, REFUSED
from backend.stripe_client.client import REQUEST_BUDGET_SECONDS, WEBHOOK_BUDGET_SECONDS, stripe_budget
from backend.stripe_client.rate import REQUESTS, WEBHOOKS, stripe_activation

# A body is at most a megabyte. Who takes longer to send it holds a connection, and never a place.
BODY_SECONDS = 10
# Every request may hold so much of its body: more than a purchase has, or nearly any event.
BODY_SHARE = 16 * 1024
# What larger bodies hold beyond that, all of one worker together.
BODY_ROOM = 16 * 1024 * 1024
_CHUNK = 8 * 1024


class Places:
    """Room for a bounded number of requests in flight."""

    def __init__(self, many: int) -> None:
        self._many = many
        self._taken = 0
        self._lock = threading.Lock()

    def full(self) -> bool:
        """True if every place is taken."""
        return self._taken >= self._many

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place, as long as this lasts. Raises ``Overloaded``."""
        self._count(1)
        IN_FLIGHT.inc()
        try:
            yield
        finally:
            IN_FLIGHT.dec()
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            if change > 0 and self.full():
                REFUSED.inc()
                raise Overloaded
            self._taken += change


class Room:
    """A bounded number of bytes for what large bodies hold in memory."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, many: int) -> None:
        """Take bytes; a negative number gives them back. Raises ``Overloaded``."""
        with self._lock:
            if many > self._left:
                REFUSED.inc()
                raise Overloaded
            self._left -= many


class MeasuredBody:
    """The body of one request as it comes in; what it holds beyond its share is taken from the room."""

    def __init__(self, stream: Any, room: Room) -> None:
        self._stream = stream
        self._room = room
        self.held = 0
        self._taken = 0

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, or the next few. Raises ``Overloaded`` when a large body finds no room."""
        data: bytes = self._stream.read(min(size, _CHUNK) if size >= 0 else _CHUNK)
        self.held += len(data)
        more = max(0, self.held - BODY_SHARE) - self._taken
        if more > 0:
            self._room.take(more)
            self._taken += more
        return data

    def release(self) -> None:
        """Give the room back."""
        self._room.take(-self._taken)
        self._taken = 0


def attach_admission(app: Flask, settings: Settings) -> None:
    """Let each worker process have ``settings.max_in_flight`` requests in flight, and no more than it has time for."""
    places, room = Places(settings.max_in_flight), Room(BODY_ROOM)
    shedder = Shedder(Lateness())
    app.wsgi_app = Gate(app.wsgi_app, settings, shedder, places.full)  # type: ignore[method-assign, assignment]

    def admit() -> None:
        if MAKE_REFUSAL in request.environ:
            raise Overloaded
        if request.path.startswith(NEEDS_NO_PLACE):
            # A probe that was refused for Stripe's limits would take a machine away that works.
            g.stack.enter_context(stripe_activation(REQUESTS, "probe", may_wait=False))
            return
        body = request.environ["wsgi.input"] = MeasuredBody(request.environ["wsgi.input"], room)
        g.stack.callback(body.release)
        with _deadline(BODY_SECONDS):
            raw_body()
        g.stack.enter_context(places.one())
        webhook = request.path.startswith(UNDER_WEBHOOKS)
        g.stack.enter_context(stripe_activation(WEBHOOKS if webhook else REQUESTS, request.endpoint or ""))
        g.budget = g.stack.enter_context(stripe_budget(WEBHOOK_BUDGET_SECONDS if webhook else REQUEST_BUDGET_SECONDS))

    app.before_request(admit)


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Give up a read that takes longer: in the production server, whose greenlets can be interrupted."""
    if not monkey.is_module_patched("socket"):
        yield
        return
    with gevent.Timeout(seconds, RequestTimeout()):
        yield
