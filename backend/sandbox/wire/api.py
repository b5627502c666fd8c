"""One API call from the wire to its answer: key, faults, account, idempotency, parameters, execution under the lock."""

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule

from ..sdk_calls import sdk_call
from ..state.world import Cause, World
from . import errors
from .expand import check_expand, expanded
from .faults import Fault, Faults
from .http import Answer, Incoming, failure, success
from .idempotency import IdempotencyKeys, Slot
from .params import ParamError, check
from .routing import Call, Route

LIVE = ("sk_live_", "pk_live_", "rk_live_")
# What Stripe.js adds to a payment method: how the page came to it.
STRIPE_JS = frozenset({"guid", "muid", "sid", "payment_user_agent", "referrer", "time_on_page", "pasted_fields"})
# Operations on the calling account itself, which may be any that the key has access to.
ACCOUNT_PATH = "/v1/accounts/<id>"


class Keys:
    """The two keys that this sandbox knows."""

    def __init__(self, secret: str, publishable: str) -> None:
        for key in (secret, publishable):
            if key.startswith(LIVE):
                raise ValueError(
                    "The sandbox never accepts live keys. Use a key that starts with sk_test_ or pk_test_."
                )
        self._secret = secret
        self._publishable = publishable

    def is_publishable(self, given: str | None) -> bool:
        """True if it is the publishable key, False if the secret one; 401 for any other."""
        if not given:
            raise errors.no_key()
        if given.startswith(LIVE):
            raise errors.unauthorized(
                "This is a local sandbox of Stripe, and it refuses live keys (sk_live_, pk_live_, rk_live_). Take the "
                "live key out of this environment."
            )
        if given not in {self._secret, self._publishable}:
            raise errors.unauthorized(f"Invalid API Key provided: {redacted(given)}")
        return given == self._publishable


class Api:
    """Answers calls under /v1 and /v2."""

    def __init__(self, world: World, keys: Keys, faults: Faults, routes: Iterable[Route]) -> None:
        self._world = world
        self._keys = keys
        self._faults = faults
        self._routes = _map(routes)
        self.idempotency = IdempotencyKeys(world.clock)
        world.timeline.tasks["call.complete"] = self._complete

    def answer(self, incoming: Incoming) -> Answer:
        """The answer to one call. Raises ConnectionCut when a fault says so."""
        try:
            publishable = self._keys.is_publishable(incoming.api_key)
            fault = self._faults.take(incoming, inside=False, stage="before")
            struck = fault.strike(None) if fault else None
            answer = struck or self._route(incoming, publishable)
        except errors.StripeError as error:
            answer = failure(error, incoming, self._world.clock.now())
        fault = self._faults.take(incoming, inside=False, stage="after")
        return (fault.strike(answer) if fault else None) or answer

    def _route(self, incoming: Incoming, publishable: bool) -> Answer:
        route, ids = self._match(incoming)
        if publishable and not route.publishable:
            raise errors.secret_key_required(self._world.behaviours["publishable_key_status"])
        call = self._call(incoming, route, ids, publishable)
        scope = call.account if self._world.behaviours["key_scope"] == "account" else self._world.platform
        with self.idempotency.hold(scope, incoming) as slot:
            if slot.replay is None:
                slot.answer = self._execute(incoming, route, call, slot)
            answer = slot.replay or slot.answer
        assert answer is not None
        return answer

    def _call(self, incoming: Incoming, route: Route, ids: dict[str, str], publishable: bool) -> Call:
        account = self._account(incoming, route, ids)
        impersonating = incoming.stripe_account is not None
        return Call(self._world, account, incoming.path, ids, publishable=publishable, impersonating=impersonating)

    def _match(self, incoming: Incoming) -> tuple[Route, dict[str, str]]:
        try:
            route, ids = self._routes.match(incoming.path, incoming.method)
        except HTTPException as error:
            raise _not_served(incoming) from error
        if not isinstance(route, Route):
            raise _not_served(incoming)
        return route, dict(ids)

    def _account(self, incoming: Incoming, route: Route, ids: dict[str, str]) -> str:
        """The account acted on. What is not there and what is not ours look the same (docs/stripe.md 4.6)."""
        with self._world.lock:
            acting = incoming.stripe_account or self._world.platform
            named = [acting, ids["id"]] if route.path.startswith(ACCOUNT_PATH) else [acting]
            for account in named:
                row = self._world.store.anywhere(account)
                if account != self._world.platform and (row is None or row.kind != "accounts"):
                    raise errors.account_invalid(account)
            return acting

    def _execute(self, incoming: Incoming, route: Route, call: Call, slot: Slot) -> Answer:
        fault = self._faults.take(incoming, inside=True, stage="before")
        struck = fault.strike(None) if fault else None
        if struck is not None:
            self._roll_forward(fault, incoming)
            return struck
        with self._world.lock:
            # Under one lock with the work: who looks at the state from outside sees both, or neither.
            answer = slot.answer = self._commit(incoming, route, call)
        fault = self._faults.take(incoming, inside=True, stage="after") if answer.executed else None
        return (fault.strike(answer) if fault else None) or answer

    def _commit(self, incoming: Incoming, route: Route, call: Call) -> Answer:
        with self._world.lock:
            self._world.timeline.run_due()
            try:
                return success(self._perform(incoming, route, call), incoming.method)
            except errors.StripeError as error:
                return failure(error, incoming, self._world.clock.now())

    def _perform(self, incoming: Incoming, route: Route, call: Call) -> dict[str, Any]:
        call.params = _checked(route, incoming.params, call.publishable)
        paths = call.params.pop("expand", None) or []
        call.refuse(route.refuses)
        check_expand(paths, route.returns, route.shape)
        if route.shape == "search":
            call.params["expand"] = paths
        self._world.cause = Cause(incoming.request_id, incoming.idempotency_key)
        try:
            body = route.handler(call)
        finally:
            self._world.cause = Cause()
        return expanded(self._world, body, [path for path in paths if path != "total_count"])

    def _roll_forward(self, fault: Fault | None, incoming: Incoming) -> None:
        """Stripe may complete the work behind a 500 later (`late`, in seconds), with its webhooks."""
        late = fault.effect.get("late") if fault else None
        if late is None:
            return
        again = replace(incoming, params=dict(incoming.params))
        with self._world.lock:
            self._world.timeline.at(self._world.now() + late, "call.complete", again)

    def _complete(self, incoming: Incoming) -> None:
        """Do the work behind a 500, later; nothing comes of it where the account is gone by then."""
        with contextlib.suppress(errors.StripeError):
            route, ids = self._match(incoming)
            publishable = self._keys.is_publishable(incoming.api_key)
            self._commit(incoming, route, self._call(incoming, route, ids, publishable))


def _not_served(incoming: Incoming) -> errors.StripeError:
    """The error for what is not served: named if Stripe serves it, else unknown, as it is to Stripe."""
    known = sdk_call(incoming.method, incoming.path)
    if known is None:
        return errors.unknown_url(incoming.method, incoming.path)
    return errors.unsupported_call(incoming.method, incoming.path, known.operation)


def _checked(route: Route, given: dict[str, Any], publishable: bool) -> dict[str, Any]:
    try:
        return _checked_card(route, given) if publishable else check(route.operation, given)
    except ParamError as error:
        raise errors.invalid(error.message, error.param, error.code) from error


def _checked_card(route: Route, given: dict[str, Any]) -> dict[str, Any]:
    """Stripe.js sends a card inside `payment_method_data`, which the SDK's types, made for servers, do not know.

    What it sends there is what creates a PaymentMethod.
    """
    data = given.get("payment_method_data")
    if not isinstance(data, dict) or "card" not in data:
        return check(route.operation, given, route.browser)
    rest = {name: value for name, value in given.items() if name != "payment_method_data"}
    params = check(route.operation, rest, route.browser)
    card = {name: value for name, value in data.items() if name not in STRIPE_JS}
    params["payment_method_data"] = check("payment_methods.create", card)
    return params


def _map(routes: Iterable[Route]) -> MapAdapter:
    # Search comes before look-up by id: werkzeug weighs a fixed word above a variable.
    rules = [Rule(route.path, methods=[route.method], endpoint=route) for route in routes]
    return Map(rules, strict_slashes=False, merge_slashes=False).bind("sandbox")


def redacted(key: str) -> str:
    """`sk_test_***` and the last four characters, as Stripe shows a wrong key."""
    prefix = "_".join(key.split("_")[:2])[:12]
    return f"{prefix}_{'*' * 8}{key[-4:] if len(key) > 16 else ''}"
