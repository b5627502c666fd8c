"""One API call from the wire to its answer: key, faults, account, idempotency, parameters, execution under the lock."""

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule

from ..sdk_calls import sdk_call
from ..state.core import Cause
from ..state.world import World
from ..wire import errors, versions
from ..wire.faults import Fault, Faults
from ..wire.http import Answer, Incoming, failure, success
from ..wire.idempotency import IdempotencyKeys, Slot
from ..wire.keys import Keys
from ..wire.params import WITHOUT_PAYMENT_METHOD_TYPES, ParamError, check
from ..wire.rate_limits import RateLimits
from .expand import check_expand, expanded
from .routing import Call, Route

# What Stripe.js adds to a payment method: how the page came to it.
STRIPE_JS = frozenset({"guid", "muid", "sid", "payment_user_agent", "referrer", "time_on_page", "pasted_fields"})
# Operations on the calling account itself, which may be any that the key has access to.
ACCOUNT_PATH = "/v1/accounts/<id>"


class Api:
    """Answers calls under /v1 and /v2."""

    def __init__(self, world: World, keys: Keys, faults: Faults, routes: tuple[Route, ...]) -> None:
        self._world = world
        self._keys = keys
        self._faults = faults
        self._routes = _map(routes)
        self._rate_limits = RateLimits()
        self.idempotency = IdempotencyKeys(world.clock.now)
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
            raise errors.secret_key_required(self._world.switches["publishable_key_status"])
        call = self._call(incoming, route, ids, publishable)
        if self._world.switches["rate_limits"]:
            self._count(call.account, route, ids)
        scope = call.account if self._world.switches["key_scope"] == "account" else self._world.platform
        with self.idempotency.hold(scope, incoming) as slot:
            if slot.replay is None:
                slot.answer = self._execute(incoming, route, call, slot)
            answer = slot.replay or slot.answer
        assert answer is not None
        return answer

    def _count(self, account: str, route: Route, ids: dict[str, str]) -> None:
        with self._world.lock:
            self._rate_limits.count(self._world.clock.now(), account, route.operation, ids.get("id"))

    def _call(self, incoming: Incoming, route: Route, ids: dict[str, str], publishable: bool) -> Call:
        day = versions.date_of(incoming.version)
        return Call(
            self._world,
            self._account(incoming, route, ids),
            incoming.path,
            ids,
            publishable=publishable,
            impersonating=incoming.stripe_account is not None,
            version=day,
        )

    def _match(self, incoming: Incoming) -> tuple[Route, dict[str, str]]:
        try:
            route, ids = self._routes.match(incoming.path, incoming.method)
        except HTTPException as error:
            raise _not_served(incoming) from error
        if not isinstance(route, Route) or _is_a_word(incoming, ids):
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
        given = dict(incoming.params)
        call.method_types = _method_types(route, given, call.version)
        call.params = typed(route, given, call.publishable)
        paths = call.params.pop("expand", None) or []
        call.refuse(route.refuses)
        check_expand(paths, route.returns, route.shape, call.version)
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


def _is_a_word(incoming: Incoming, ids: Mapping[str, str]) -> bool:
    """True if what stands in an id's place is a word of another call's path: `search`, `upcoming`."""
    words = [given for given in ids.values() if given.isalpha() and given.islower()]
    return any(word in ids_of.path.split("/") for word in words if (ids_of := sdk_call(incoming.method, incoming.path)))


def _method_types(route: Route, given: dict[str, Any], date: str) -> list[str] | None:
    """The `payment_method_types` that an older version may still write, taken out of the parameters."""
    if route.operation not in WITHOUT_PAYMENT_METHOD_TYPES:
        return None
    types = versions.take_method_types(given, date)
    if types is not None and (not isinstance(types, list) or not all(isinstance(one, str) for one in types)):
        raise errors.invalid("Invalid array", "payment_method_types")
    return types or None


def _not_served(incoming: Incoming) -> errors.StripeError:
    """The error for what is not served: named if Stripe serves it, else unknown, as it is to Stripe."""
    known = sdk_call(incoming.method, incoming.path)
    if known is None:
        return errors.unknown_url(incoming.method, incoming.path)
    return errors.unsupported_call(incoming.method, incoming.path, known.operation)


def typed(route: Route, given: dict[str, Any], publishable: bool) -> dict[str, Any]:
    """The parameters of a call, checked, each of its own type. Raises Stripe's 400."""
    try:
        return _checked_card(route, given, route.browser if publishable else frozenset())
    except ParamError as error:
        raise errors.invalid(error.message, error.param, error.code) from error


def _checked_card(route: Route, given: dict[str, Any], extra: frozenset[str]) -> dict[str, Any]:
    """A card may come inside `payment_method_data`, by Stripe.js or as a token, which the SDK's types do not know.

    What it sends there is what creates a PaymentMethod.
    """
    data = given.get("payment_method_data")
    if not isinstance(data, dict) or "card" not in data:
        return check(route.operation, given, extra)
    rest = {name: value for name, value in given.items() if name != "payment_method_data"}
    params = check(route.operation, rest, extra)
    card = {name: value for name, value in data.items() if name not in STRIPE_JS}
    params["payment_method_data"] = check("payment_methods.create", card)
    return params


@functools.cache
def _map(routes: tuple[Route, ...]) -> MapAdapter:
    # Search comes before look-up by id: werkzeug weighs a fixed word above a variable.
    rules = [Rule(route.path, methods=[route.method], endpoint=route) for route in routes]
    return Map(rules, strict_slashes=False, merge_slashes=False).bind("sandbox")
