"""The control path: what a test or a curious person does to Stripe's world from outside. JSON in, JSON out."""

import functools
import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule

from ..resources import ROUTES
from ..saved.file import StateError
from ..state import money, snapshot
from ..wire.errors import StripeError, invalid, unknown_url
from ..wire.given import Given, checked, integer, json_of, object_of
from .acts import Acts
from .control_routes import CONTROL_ROUTES, ControlRoute
from .controlled import Controlled

MAX_JUMP = 10 * 366 * 86_400


class Control(Acts):
    """Answers calls under /_sandbox. No key is needed: the sandbox is nobody's bank."""

    def __init__(self, sandbox: Controlled) -> None:
        super().__init__(sandbox.world)
        self._sandbox = sandbox
        self._routes = _routes()

    def respond(self, request: Request) -> Response:
        """The answer to a control call; refusals have the shape of the API's."""
        path = request.path.removeprefix("/_sandbox/")
        body, status = self._answer(request.method, path, lambda: json_of(request))
        return Response(json.dumps(body, indent=2, ensure_ascii=False) + "\n", status, mimetype="application/json")

    def call(self, method: str, path: str, text: str = "") -> tuple[Any, int]:
        """The body and status of what a route answers to a JSON text; `path` without `/_sandbox/`."""
        return self._answer(method, path, lambda: object_of(text))

    def _answer(self, method: str, path: str, read: Callable[[], Given]) -> tuple[Any, int]:
        try:
            route, ids = self._match(method, path)
            handler: Callable[..., Any] = getattr(self, route.name)
            given = read()
            return handler(given if route.takes is None else checked(given, route.takes), **ids), 200
        except StripeError as error:
            return error.body(""), error.status

    def _match(self, method: str, path: str) -> tuple[ControlRoute, dict[str, Any]]:
        try:
            route, ids = self._routes.match(f"/_sandbox/{path}", method)
        except HTTPException as error:
            raise unknown_url(method, f"/_sandbox/{path}") from error
        assert isinstance(route, ControlRoute)
        return route, dict(ids)

    def overview(self, given: Given) -> Given:
        """The list of what is served: the API's routes, and the control routes."""
        api = [{"method": route.method, "path": route.path, "operation": route.operation} for route in ROUTES]
        control = [
            {"method": route.method, "path": f"/_sandbox/{route.path}", "about": route.about}
            for route in CONTROL_ROUTES
        ]
        return {"api": api, "control": control}

    def reset(self, given: Given) -> Given:
        """Start again."""
        self._sandbox.reset()
        return {"reset": True}

    def list_worlds(self, given: Given) -> Given:
        """Those beside the one that all other keys share."""
        return {"worlds": self._sandbox.worlds.names()}

    def make_world(self, given: Given) -> Given:
        """Made before its first call, so that its ids have a seed, or that its webhooks can be named."""
        name = str(given.get("name", ""))
        world = self._sandbox.worlds.make(name, given.get("seed"))
        return {"name": name, "secret_key": f"sk_test_sandbox_{name}", "publishable_key": world.keys.publishable}

    def drop_world(self, given: Given, name: str) -> Given:
        """Its keys open a new one."""
        self._sandbox.worlds.drop(name)
        return self.list_worlds(given)

    def revoke_key(self, given: Given) -> Given:
        """401 from now on."""
        if not given.get("revoke"):
            raise invalid("Give {'revoke': 'sk_test_…'}.", "revoke")
        self._sandbox.keys.revoke(given["revoke"])
        return given

    def clock(self, given: Given) -> Given:
        """The time."""
        return {"now": self._sandbox.clock.now(), "frozen": self._sandbox.clock.frozen}

    def move_clock(self, given: Given) -> Given:
        """Move it."""
        clock = self._sandbox.clock
        target = given.get("set", clock.now() + integer(given, "advance", 0))
        if not isinstance(target, int) or abs(target - clock.now()) > MAX_JUMP:
            raise invalid("Give {'advance': seconds} or {'set': unix}, integers, within ten years.")
        clock.set(target)
        return self.clock(given)

    def settle_in(self, given: Given) -> Given:
        """Charges in one currency arrive on the balance in another, as on an account that holds no such balance."""
        try:
            charged, settled = str(given["charges_in"]).lower(), str(given["settle_in"]).lower()
            rate = Decimal(str(given.get("rate", "1")))
        except (KeyError, InvalidOperation) as error:
            raise invalid("Give {'charges_in': 'eur', 'settle_in': 'usd', 'rate': '1.08'}.") from error
        if not {charged, settled} <= money.KNOWN or not rate.is_finite() or rate <= 0:
            raise invalid("Both currencies must be known and the rate above zero.")
        with self._world.lock:
            conversions = self._world.ledger.conversions
            conversions.pop(charged, None)
            if settled != charged:
                conversions[charged] = (settled, rate)
            return {name: {"settle_in": into, "rate": str(at)} for name, (into, at) in conversions.items()}

    def resend_event(self, given: Given, id: str) -> Given:
        """To every endpoint of its scope."""
        with self._world.lock:
            self._world.events.deliveries.resend(self._row("events", id))
        return self.event_deliveries(given, id)

    def event_deliveries(self, given: Given, id: str) -> Given:
        """Each with its tries."""
        with self._world.lock:
            found = self._world.events.deliveries.of_event(id)
            return {"deliveries": [delivery.to_json() for delivery in found]}

    def deliveries(self, given: Given) -> Given:
        """Each with its tries."""
        with self._world.lock:
            return {"deliveries": [delivery.to_json() for delivery in self._world.events.deliveries.all()]}

    def deliver(self, given: Given) -> Given:
        """Pump by hand, in any order."""
        order = given.get("order", "fifo")
        if order not in {"fifo", "lifo", "shuffle"}:
            raise invalid("order must be fifo, lifo or shuffle.", "order")
        return {"deliveries": [delivery.to_json() for delivery in self._sandbox.deliver_due(order)]}

    def delivery_rules(self, given: Given) -> Given:
        """With how often each has fired."""
        return {"delivery_rules": self._world.events.deliveries.rules.to_json()}

    def add_delivery_rule(self, given: Given) -> Given:
        """See delivery_rules.py."""
        with self._world.lock:
            self._world.events.deliveries.rules.add(given)
        return self.delivery_rules(given)

    def clear_delivery_rules(self, given: Given) -> Given:
        """A perfect network."""
        with self._world.lock:
            self._world.events.deliveries.rules.clear()
        return self.delivery_rules(given)

    def add_webhook(self, given: Given) -> Given:
        """As on the command line."""
        if not isinstance(given.get("url"), str):
            raise invalid("url must be an address.", "url")
        return self._sandbox.add_webhook(given["url"], given.get("secret"), bool(given.get("connect")))

    def roll_secret(self, given: Given, id: str) -> Given:
        """The old secret signs along for `keep_seconds`: a day if not said."""
        with self._world.lock:
            self._row("webhook_endpoints", id)
            secret = self._world.ids.new("whsec")
            keep = integer(given, "keep_seconds", 86_400)
            self._world.events.endpoints[id].roll(secret, self._world.now(), keep)
        return {"id": id, "secret": secret}

    def behaviour(self, given: Given) -> Given:
        """See switches.py. Nothing given, nothing changed."""
        with self._world.lock:
            self._world.switches.choose(given)
            return self._world.switches.to_json()

    def faults(self, given: Given) -> Given:
        """With how often each has fired."""
        return {"faults": self._sandbox.faults.to_json()}

    def add_fault(self, given: Given) -> Given:
        """See faults.py."""
        return self._sandbox.faults.add(given).to_json()

    def clear_faults(self, given: Given) -> Given:
        """Calls that are being delayed go on."""
        self._sandbox.faults.clear()
        return self.faults(given)

    def save(self, given: Given) -> Given:
        """True if there was anything to write."""
        if self._sandbox.keeper is None:
            raise invalid("There is no file to save to: start the sandbox with --state FILE.")
        try:
            return {"saved": self._sandbox.keeper.save()}
        except StateError as error:
            raise StripeError(str(error), status=500, kind="api_error") from error

    def requests(self, given: Given) -> Given:
        """Oldest first."""
        return {"requests": [logged.to_json() for logged in list(self._sandbox.requests)]}

    def clear_requests(self, given: Given) -> Given:
        """Forget them."""
        self._sandbox.requests.clear()
        return self.requests(given)

    def state(self, given: Given) -> Given:
        """Everything, as it is this instant."""
        with self._world.lock:
            self._world.timeline.run_due()
            return snapshot.state(self._world)


@functools.cache
def _routes() -> MapAdapter:
    """The routes by address: the same in every world, and so read once."""
    rules = [Rule(f"/_sandbox/{route.path}", methods=[route.method], endpoint=route) for route in CONTROL_ROUTES]
    return Map(rules, strict_slashes=False, merge_slashes=False).bind("sandbox")
