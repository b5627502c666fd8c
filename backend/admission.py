"""How much at once: a bounded number of requests in flight, a short wait, then 503 with ``Retry-After``.

A request spends its time waiting for Stripe. When Stripe is slow, requests that nobody waits for any more would
queue up behind each other until none is answered in time; so what finds no place is told at once to come back, and
what has one is finished. Stripe delivers a refused webhook again. Probes and files need no place.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
from flask import Flask, g, request
from gevent import monkey
from werkzeug.exceptions import RequestTimeout

from backend.config.settings import Settings
from backend.config.stripe import REQUEST_BUDGET_SECONDS, WEBHOOK_BUDGET_SECONDS, stripe_budget
from backend.metrics import IN_FLIGHT, REFUSED
from backend.middleware import WEBHOOK_PATH
from backend.routes.bodies import raw_body

# What a burst may wait for a place: longer, and a client has given up by the time it is served.
WAIT_SECONDS = 0.1
# A body is at most a megabyte. Who takes longer to send it holds a connection, and never a place.
BODY_SECONDS = 10
# What is answered without asking anybody.
_NEEDS_NO_PLACE = ("/health", "/metrics", "/static/", "/docs", "/openapi.json", "/test")


class Overloaded(Exception):
    """Every place is taken, and none was given back in time."""


def attach_admission(app: Flask, settings: Settings) -> None:
    """Let each worker process have ``settings.max_in_flight`` requests in flight."""
    places = threading.BoundedSemaphore(settings.max_in_flight)

    def admit() -> None:
        if request.path.startswith(_NEEDS_NO_PLACE):
            return
        with _deadline(BODY_SECONDS):
            raw_body()
        if not places.acquire(timeout=WAIT_SECONDS):
            REFUSED.inc()
            raise Overloaded
        g.stack.callback(places.release)
        IN_FLIGHT.inc()
        g.stack.callback(IN_FLIGHT.dec)
        seconds = WEBHOOK_BUDGET_SECONDS if request.path.startswith(WEBHOOK_PATH) else REQUEST_BUDGET_SECONDS
        g.budget = g.stack.enter_context(stripe_budget(seconds))

    app.before_request(admit)


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Give up a read that takes longer: in the production server, whose greenlets can be interrupted."""
    if not monkey.is_module_patched("socket"):
        yield
        return
    with gevent.Timeout(seconds, RequestTimeout()):
        yield
