"""Event objects and the webhook endpoints that want them."""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Any

from ..wire.http import API_VERSION, to_json
from .core import Core
from .deliveries import Deliveries, Endpoint
from .event_types import EVENT_TYPES, V2_EVENT_TYPES
from .store import Row

KEPT_SECONDS = 30 * 86_400


class Events:
    """Records what happened in which account and queues it for the endpoints of that scope."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._permanent: list[Endpoint] = []
        self._kept: deque[Row] = deque()
        self.endpoints: dict[str, Endpoint] = {}
        self.deliveries = Deliveries(core, self.endpoints, self.keep)

    def reset(self) -> None:
        """Forget events, deliveries and endpoints, but keep those that were not made over the API."""
        self.deliveries.clear()
        self.endpoints.clear()
        self._kept.clear()
        for endpoint in self._permanent:
            self._install(endpoint)

    def add_endpoint(self, endpoint: Endpoint, permanent: bool = False) -> Row:
        """Start delivering to an endpoint. A permanent one survives a reset."""
        if permanent:
            self._permanent.append(endpoint)
        return self._install(endpoint)

    def dump(self) -> dict[str, Any]:
        """Endpoints, deliveries and their rules, to be saved."""
        named = {one.endpoint.id: one.endpoint for one in self.deliveries.all()} | self.endpoints
        return {
            "named": [endpoint.values() for endpoint in named.values()],
            "endpoints": list(self.endpoints),
            "permanent": [endpoint.id for endpoint in self._permanent],
            "kept": list(self._kept),
            "deliveries": self.deliveries.dump(),
            "rules": self.deliveries.rules.dump(),
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on from what was saved."""
        named = {values[0]: Endpoint(*values) for values in saved["named"]}
        self.endpoints.clear()
        self.endpoints.update((one, named[one]) for one in saved["endpoints"])
        self._permanent = [named[one] for one in saved["permanent"]]
        self._kept = deque(saved["kept"])
        self.deliveries.load(saved["deliveries"], named)
        self.deliveries.rules.load(saved["rules"])

    def permanent(self, url: str, connect: bool) -> Endpoint | None:
        """The endpoint of this address and scope that was not made over the API."""
        return next((one for one in self._permanent if (one.url, one.connect) == (url, connect)), None)

    def remove_endpoint(self, endpoint: Endpoint) -> None:
        """Stop delivering, retries included."""
        self.endpoints.pop(endpoint.id, None)
        self._permanent = [other for other in self._permanent if other.id != endpoint.id]

    def emit(self, kind: str, account: str, row: Row, previous: dict[str, Any] | None) -> Row:
        """One event, a snapshot of `row` as it is now."""
        data: dict[str, Any] = {"object": row}
        if previous is not None:
            data["previous_attributes"] = previous
        return self.record(kind, account, data)

    def record(self, kind: str, account: str, data: dict[str, Any]) -> Row:
        """Keep an event and queue its deliveries."""
        if kind not in EVENT_TYPES:
            raise LookupError(f"{kind} is no event that this sandbox says it sends")
        core, connect = self._core, account != self._core.platform
        # Only events of connected accounts say whose they are; those of the platform have no such key.
        owner = {"account": account} if connect else {}
        fields: dict[str, Any] = {
            "id": core.ids.new("evt"),
            "object": "event",
            **owner,
            "api_version": API_VERSION,
            "context": None,
            "created": core.now(),
            "data": None,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": core.cause.request_id, "idempotency_key": core.cause.idempotency_key},
            "type": kind,
        }
        # The snapshot is kept as packed text: little memory, and nothing can change it by accident.
        event = Row("events", account, fields, data=core.packer.pack(kind, to_json(data)))
        # Nothing is heard of an account that is no longer the platform's.
        gone = connect and core.store.anywhere(account) is None
        if not gone and not self.deliveries.rules.suppresses(kind):
            self.keep(event)
            self.deliveries.queue(event, self._wanting(kind, connect))
        return event

    def record_v2(
        self,
        kind: str,
        related: dict[str, Any] | None,
        scopes: Collection[str] = (),
        only: Iterable[Endpoint] | None = None,
        **data: Any,
    ) -> Row:
        """Keep an event that only v2 has, and queue it for the destinations of these scopes, or for `only` these."""
        if kind not in V2_EVENT_TYPES:
            raise LookupError(f"{kind} is no event that this sandbox says it sends")
        core = self._core
        fields = {
            "id": core.ids.new("evt"),
            "type": kind,
            "created": core.now(),
            "data": data,
            "related_object": related,
            "request": {"id": core.cause.request_id, "idempotency_key": core.cause.idempotency_key},
        }
        event = Row("v2_events", core.platform, fields)
        if not self.deliveries.rules.suppresses(kind):
            self.keep(event)
            wanting = (one for one in self.endpoints.values() if one.wants_v2(kind, scopes))
            self.deliveries.queue(event, wanting if only is None else only)
        return event

    def keep(self, event: Row) -> None:
        """Put an event on the list, for thirty days."""
        self.forget_old()
        self._core.store.add(event)
        self._kept.append(event)

    def forget_old(self) -> None:
        """Stripe keeps events for thirty days (docs/stripe.md 6.3)."""
        oldest = self._core.now() - KEPT_SECONDS
        while self._kept and self._kept[0]["created"] < oldest:
            event = self._kept.popleft()
            self._core.store.remove(event)
            self.deliveries.forget(event)

    def _wanting(self, kind: str, connect: bool) -> list[Endpoint]:
        return [endpoint for endpoint in self.endpoints.values() if endpoint.wants(kind, connect)]

    def _install(self, endpoint: Endpoint) -> Row:
        self.endpoints[endpoint.id] = endpoint
        return self._core.add(endpoint.kind, self._core.platform, endpoint.fields())
