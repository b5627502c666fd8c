"""The sandbox as one WSGI application: the API under /v1, the pages people see, and the control path."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug import Request, Response

from . import coverage, fixtures
from .calls.api import Api
from .control.guard import Guard
from .control.routes import Control
from .pages.dashboard import Dashboard
from .pages.html import static_file
from .pages.routes import Pages
from .resources import ROUTES
from .saved.keeper import SAVE_EVERY, Keeper
from .server import Server, make_server
from .state.background import Background
from .state.clock import Clock
from .state.deliveries import Delivery, Endpoint, Order, Post
from .state.tasks import tasks_of
from .state.world import World
from .wire import http
from .wire.errors import StripeError
from .wire.faults import ConnectionCut, Faults
from .wire.keys import Keys
from .wire.logged import LoggedCall
from .worlds import Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# The log keeps the newest calls; enough for any test, bounded for a sandbox that runs for weeks.
LOG_MAX = 50_000


class Sandbox:
    """A stateful stand-in for Stripe. Everything lives in memory, and in a file if `keep_state` names one. Nothing
    leaves the machine but webhooks.

    Call it as a WSGI application in-process, or `serve` it. With a frozen clock and no background thread, nothing happens
    but what a test makes happen: it moves `clock`, and pumps webhooks with `deliver_due`. With a `secret_key` only that one
    is taken, without one every test key is. `with_fixtures`: with objects of known ids, see fixtures.py.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        secret_key: str | None = None,
        publishable_key: str | None = None,
        base_url: str = "http://127.0.0.1:3002",
        post: Post | None = None,
        seed: int | str = 0,
        with_fixtures: bool = False,
    ) -> None:
        self.clock = clock or Clock()
        self.faults = Faults()
        self.requests: list[LoggedCall] = []
        self.keeper: Keeper | None = None
        self.guard = Guard()
        self.world = World(self.clock, base_url, seed)
        self._with_fixtures = with_fixtures
        self._lay_out()
        self.worlds: Worlds[Sandbox] = Worlds(self)
        self.move_to(base_url)
        if post is not None:
            self.world.events.deliveries.post = post
        self.keys = Keys(secret_key, publishable_key)
        self._api = Api(self.world, self.keys, self.faults, ROUTES)
        self._control = Control(self)
        self._dashboard = Dashboard(self.world, self._control, self.keys.publishable)
        self._pages = Pages(self.world)
        self._background = Background(self.world)
        # Who answers what; the first that fits.
        self._parts: tuple[tuple[str, Callable[[Request], Response]], ...] = (
            (r"/_sandbox/coverage(\.json)?\Z", lambda request: coverage.respond(request.path)),
            (r"/_sandbox/", self._control.respond),
            (r"/v[12]/", self._api_call),
            (r"/static/", static_file),
            (r"/(dashboard/.*)?\Z", self._dashboard.respond),
            (r"", self._pages.respond),
        )
        self.clock.subscribe(self.tick)

    @property
    def base_url(self) -> str:
        """The address at which it can be reached: what its links begin with."""
        return self.world.base_url

    def move_to(self, base_url: str) -> None:
        """Links made from now on begin with this address, and it answers under this name."""
        self.world.base_url = base_url.rstrip("/")
        self.guard.allow(urlsplit(base_url).hostname or "")
        for one in self.worlds.all():
            one.world.base_url = self.world.base_url

    def beside(self, name: str, seed: int | None = None) -> "Sandbox":
        """A sandbox of its own, at the same address and with the same receiver: a world for `worlds`."""
        keys = (f"sk_test_sandbox_{name}", f"pk_test_sandbox_{name}")
        of_ids = f"{self.world.seed}/{name}" if seed is None else seed
        one = Sandbox(
            self.clock.apart(), *keys, self.base_url, self.world.events.deliveries.post, of_ids, self._with_fixtures
        )
        # Its routes for worlds are those of the whole process.
        one.worlds = self.worlds
        order = self._background.order
        if order is not None:
            one.start_background(order)
        return one

    def close(self) -> None:
        """End what runs by itself, at once."""
        self.world.timeline.clear()
        self._background.leave()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request, as WSGI wants it."""
        response = self.respond(Request(environ))
        truncate = response.headers.pop(http.TRUNCATE, None)
        body = response(environ, start_response)
        return _half(body) if truncate else body

    def respond(self, request: Request) -> Response:
        """The answer to any request. Raises ConnectionCut when a fault cuts the line."""
        if request.method == "OPTIONS":
            return self.guard.preflight(request)
        refused = self.guard.refusal(request)
        try:
            answer = self.refuse(refused, request.method, request.path) if refused else self._of_world(request)
        except StripeError as error:
            answer = self.refuse(error, request.method, request.path)
        return self.guard.harden(request, answer)

    def _of_world(self, request: Request) -> Response:
        parts = self.worlds.of(request)._parts
        return next(part for paths, part in parts if re.match(paths, request.path))(request)

    def tick(self) -> None:
        """Let everything happen that is due by now."""
        with self.world.lock:
            self.world.timeline.run_due()
        self._background.wake()

    def reset(self) -> None:
        """An empty platform. Clock and webhook endpoints added from outside the API stay."""
        with self.world.lock:
            self.world.reset()
            self._lay_out()
        self._api.idempotency.clear()
        self.faults.clear()
        self.keys.clear()
        self.requests.clear()

    def _lay_out(self) -> None:
        """Make what is there from the start, and name what time brings by itself."""
        self.world.timeline.tasks.update(tasks_of(self.world))
        if self._with_fixtures:
            fixtures.make(self.world)

    def parts(self) -> dict[str, Any]:
        """Whatever has a state to be saved beside the objects."""
        return self.world.parts() | {
            "idempotency": self._api.idempotency,
            "faults": self.faults,
            "keys": self.keys,
        }

    def add_webhook(
        self,
        url: str,
        secret: str | None = None,
        connect: bool = False,
        enabled_events: Iterable[str] = ("*",),
        thin: bool = False,
    ) -> dict[str, Any]:
        """Deliver events to `url`: those of the platform, or with `connect` those of connected accounts.

        With `thin` they are thin events, as a destination made under /v2 gets them.
        """
        with self.world.lock:
            ids = self.world.ids
            secret = secret or ids.new("whsec")
            endpoint = Endpoint(ids.new("we"), url, self.clock.now(), {secret: None}, connect, tuple(enabled_events))
            endpoint.carry(thin)
            return {**self.world.events.add_endpoint(endpoint, permanent=True), "secret": secret}

    def ensure_webhook(self, url: str, secret: str, connect: bool = False, thin: bool = False) -> None:
        """Deliver events to `url`; the endpoint that a saved state has there goes on, with this secret and kind of event."""
        with self.world.lock:
            known = self.world.events.permanent(url, connect)
            if known is None:
                self.add_webhook(url, secret, connect, thin=thin)
            else:
                known.secrets = {secret: None}
                known.carry(thin)

    def keep_state(self, path: Path, every_seconds: float = SAVE_EVERY) -> Keeper:
        """Go on from the state in a file, and keep it there once the keeper is started. Raises StateError."""
        self.keeper = Keeper(self, path, every_seconds)
        self.keeper.load()
        return self.keeper

    def deliver_due(self, order: Order = "fifo") -> list[Delivery]:
        """Make every delivery that is due, and those that its receiver causes meanwhile. Returns them all."""
        made: list[Delivery] = []
        deliveries = self.world.events.deliveries
        while True:
            self.tick()
            with self.world.lock:
                due = deliveries.take_due(order)
            if not due:
                return made
            made += [deliveries.send(delivery) for delivery in due]

    def start_background(self, order: Order = "fifo") -> None:
        """Deliver at once, and let time do its work, in a thread; in the worlds apart too."""
        for one in (self, *self.worlds.all()):
            one._background.start(order)

    def stop_background(self) -> None:
        """Stop those threads, after the deliveries that they are making."""
        for one in (self, *self.worlds.all()):
            one._background.stop()

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        """A threaded server; call `serve_forever`, and `shutdown` from another thread. Port 0 takes a free one."""
        return make_server(host, port, self, self.refuse)

    def refuse(self, error: StripeError, method: str = "", path: str = "") -> Response:
        """The answer to what is no call of the API's: in the same shape, and no page may read it."""
        with self.world.lock:
            incoming = http.Incoming(method, path, self.world.ids.new("req"))
        response = http.respond(http.failure(error, incoming, self.clock.now()), incoming, self.clock.now())
        for name in http.CORS:
            response.headers.pop(name)
        return response

    def _api_call(self, request: Request) -> Response:
        with self.world.lock:
            incoming = http.Incoming(request.method, request.path, self.world.ids.new("req"))
        logged = self._log(incoming)
        try:
            http.read(request, incoming)
        except StripeError as error:
            answer = http.failure(error, incoming, self.clock.now())
        else:
            logged.idempotency_key, logged.params = incoming.idempotency_key, incoming.params
            logged.account = incoming.stripe_account
            answer = self._api.answer(incoming)
        logged.status = answer.status
        logged.replayed = "Idempotent-Replayed" in answer.headers
        response = http.respond(answer, incoming, self.clock.now())
        response.date = datetime.fromtimestamp(self.clock.now(), UTC)
        return response

    def _log(self, incoming: http.Incoming) -> LoggedCall:
        logged = LoggedCall(incoming.method, incoming.path, incoming.request_id)
        self.requests.append(logged)
        if len(self.requests) > LOG_MAX:
            del self.requests[: LOG_MAX // 2]
        return logged


def _half(body: Iterable[bytes]) -> Iterator[bytes]:
    whole = b"".join(body)
    yield whole[: len(whole) // 2]
    raise ConnectionCut("the sandbox was told to cut this answer short")
