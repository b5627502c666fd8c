"""Webhook deliveries: signed, recorded, and tried again until they are answered with 2xx."""

import heapq
import json
import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import requests

from ..wire.http import to_json
from .core import Core
from .delivery_rules import DeliveryRules
from .signing import signature_header
from .store import Row
from .thin_events import notification

# Waits before each further try, in seconds. Stripe says "up to three days with exponential backoff", not how.
LIVE_RETRIES = (30, 120, 600, 1800, 7200, 21_600, 43_200, 43_200, 43_200, 43_200, 43_200)
SECRET_OVERLAP_MAX = 24 * 3600

Post = Callable[[str, bytes, dict[str, str]], int]
Order = Literal["fifo", "lifo", "shuffle"]


@dataclass(slots=True)
class Endpoint:
    """A webhook endpoint. `secrets` maps each secret to the instant until which it still signs (None: no end)."""

    id: str
    url: str
    created: int
    secrets: dict[str, int | None]
    connect: bool = False
    enabled_events: tuple[str, ...] = ("*",)
    status: str = "enabled"
    # A destination made under /v2: thin events instead of snapshots, the scopes that it hears of, and where it is kept.
    thin: bool = False
    scopes: tuple[str, ...] = ()
    kind: str = "webhook_endpoints"
    extra: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """The webhook_endpoint object, without its secret."""
        fields: dict[str, Any] = {
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": None,
            "application": None,
            "created": self.created,
            "description": None,
            "enabled_events": list(self.enabled_events),
            "livemode": False,
            "metadata": {},
            "status": self.status,
            "url": self.url,
        }
        return fields | self.extra

    def values(self) -> tuple[Any, ...]:
        """The fields, in their order."""
        shown = (self.id, self.url, self.created, self.secrets, self.connect, self.enabled_events)
        return (*shown, self.status, self.thin, self.scopes, self.kind, self.extra)

    def carry(self, thin: bool) -> None:
        """Send thin events, or snapshots, of the one scope that it has."""
        self.thin, self.scopes = thin, (("@accounts" if self.connect else "@self"),) if thin else ()

    def wants(self, kind: str, connect: bool) -> bool:
        """True if an event of this type and scope is sent here."""
        scope = "@accounts" if connect else "@self"
        in_scope = scope in self.scopes if self.scopes else self.connect == connect
        return in_scope and self._listens_to(f"v1.{kind}" if self.thin else kind)

    def wants_v2(self, kind: str, scopes: Collection[str]) -> bool:
        """True if an event that only v2 has is sent here."""
        return self.thin and bool(set(scopes) & set(self.scopes)) and self._listens_to(kind)

    def _listens_to(self, kind: str) -> bool:
        return self.status == "enabled" and bool({kind, "*"} & set(self.enabled_events))

    def active_secrets(self, now: int) -> list[str]:
        """The newest first; a rolled one signs along until it ends."""
        return [secret for secret, until in reversed(self.secrets.items()) if until is None or until > now]

    def roll(self, secret: str, now: int, keep_seconds: int) -> None:
        """A new secret; the old ones sign along for `keep_seconds`, a day at most."""
        end = now + min(keep_seconds, SECRET_OVERLAP_MAX)
        self.secrets = {old: end if until is None else until for old, until in self.secrets.items()}
        self.secrets[secret] = None


@dataclass(slots=True)
class Delivery:
    """One event for one endpoint, over all its tries."""

    event: Row
    endpoint: Endpoint
    due: int
    status: str = "pending"
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The record of it."""
        return {
            "event": self.event["id"],
            "type": self.event["type"],
            "account": self.event.get("account"),
            "endpoint": self.endpoint.id,
            "url": self.endpoint.url,
            "connect": self.endpoint.connect,
            "status": self.status,
            "tries": len(self.attempts),
            "attempts": list(self.attempts),
            "next_try": self.due if self.status == "pending" else None,
        }


class Deliveries:
    """The queue, by due time, and the record of everything sent."""

    def __init__(self, core: Core, endpoints: dict[str, Endpoint], keep: Callable[[Row], None]) -> None:
        """`endpoints`: those that there are, by id. `keep` puts an event on the list."""
        self._core = core
        self._endpoints = endpoints
        self._keep = keep
        self._count = count()
        self._queue: list[tuple[int, int, Delivery]] = []
        self._by_event: dict[str, list[Delivery]] = {}
        self.rules = DeliveryRules()
        self.post: Post = self._post_with_requests
        self.on_queued: Callable[[], None] = _nothing

    def queue(self, event: Row, endpoints: Iterable[Endpoint]) -> None:
        """Send an event to the endpoints, as the delivery rules allow."""
        for endpoint in endpoints:
            self._queue_for(endpoint, event)
        self._count_pending(event)
        self.on_queued()

    def _queue_for(self, endpoint: Endpoint, event: Row) -> None:
        now, kind = self._core.now(), event["type"]
        delays = self.rules.delays(kind)
        if not delays:
            # Lost on the way for good: it stays on the list of what was not delivered.
            self._by_event.setdefault(event["id"], []).append(Delivery(event, endpoint, now, "dropped"))
        for delay in delays:
            self._push(Delivery(event, endpoint, now + delay))
        if self.rules.twins(kind):
            fields = dict(event) | {"id": self._core.ids.new("evt")}
            twin = Row("events", event.account, fields, **event.hidden)
            self._keep(twin)
            self._push(Delivery(twin, endpoint, now))
            self._count_pending(twin)

    def dump(self) -> list[Any]:
        """``[event, endpoint's id, due, status, attempts]`` of each delivery, to be saved."""
        return [[one.event, one.endpoint.id, one.due, one.status, one.attempts] for one in self.all()]

    def load(self, saved: list[Any], endpoints: dict[str, Endpoint]) -> None:
        """Go on from what was saved. A try that was being made then is made again: its answer is not known."""
        self._queue.clear()
        self._by_event.clear()
        for event, endpoint, due, status, attempts in saved:
            delivery = Delivery(event, endpoints[endpoint], due, status, attempts)
            self._by_event.setdefault(event["id"], []).append(delivery)
            if status == "pending":
                self._enqueue(delivery)

    def of_event(self, event_id: str) -> list[Delivery]:
        """The deliveries of one event, oldest first."""
        return list(self._by_event.get(event_id, ()))

    def all(self) -> list[Delivery]:
        """Every delivery, by event."""
        return [delivery for deliveries in self._by_event.values() for delivery in deliveries]

    def next_due(self) -> int | None:
        """The time at which the next try is due."""
        return self._queue[0][0] if self._queue else None

    def resend(self, event: Row) -> None:
        """Send an event again to every endpoint of its scope, as a person would from the Dashboard."""
        connect = "account" in event
        endpoints = self._endpoints.values()
        for endpoint in [endpoint for endpoint in endpoints if endpoint.wants(event["type"], connect)]:
            self._push(Delivery(event, endpoint, self._core.now()))
        self._count_pending(event)

    def take_due(self, order: Order) -> list[Delivery]:
        """Remove what is due from the queue, in the order wanted. Hold the world's lock."""
        due: list[Delivery] = []
        while self._queue and self._queue[0][0] <= self._core.clock.now():
            due.append(heapq.heappop(self._queue)[2])
        if order == "lifo":
            due.reverse()
        elif order == "shuffle":
            random.Random(self._core.ids.random.random()).shuffle(due)
        return due

    def send(self, delivery: Delivery) -> Delivery:
        """Try once. Call without the world's lock: the receiver is likely to call the API before it answers."""
        with self._core.lock:
            endpoint = self._endpoints.get(delivery.endpoint.id)
            if delivery.status == "canceled" or endpoint is None or endpoint.status != "enabled":
                delivery.status = "canceled"
                return delivery
            body, headers = self._letter(delivery)
        status, problem = self._try_post(delivery.endpoint.url, body, headers)
        with self._core.lock:
            self._record(delivery, status, problem)
        return delivery

    def forget(self, event: Row) -> None:
        """Drop the record of an event's deliveries; what is still due is given up."""
        for delivery in self._by_event.pop(event["id"], ()):
            delivery.status = "canceled" if delivery.status == "pending" else delivery.status

    def clear(self) -> None:
        """Forget queue and record."""
        self._queue.clear()
        self._by_event.clear()
        self.rules.clear()

    def _letter(self, delivery: Delivery) -> tuple[bytes, dict[str, str]]:
        body, now = to_json(_content(delivery)), self._core.clock.now()
        # A retry is signed anew (docs/stripe.md 7.1), with the receiver's time, which moving the clock does not move.
        signed_at = self._core.clock.receivers_now()
        signature = signature_header(body, delivery.endpoint.active_secrets(now), signed_at)
        return body, {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature,
        }

    def _try_post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str | None]:
        try:
            return self.post(url, body, headers), None
        except OSError as error:  # requests' exceptions are OSErrors too
            return None, type(error).__name__

    def _post_with_requests(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Over the network, as the standalone sandbox does. Raises an OSError if nobody answers."""
        seconds = self._core.switches["webhook_timeout_seconds"]
        return requests.post(url, body, headers=headers, timeout=seconds, allow_redirects=False).status_code

    def _record(self, delivery: Delivery, status: int | None, problem: str | None) -> None:
        attempt = {"at": self._core.clock.now(), "status": status, "problem": problem}
        delivery.attempts.append(attempt)
        # A redirect is a failure: Stripe does not follow it.
        if status is not None and 200 <= status < 300:
            delivery.status = "delivered"
        elif len(delivery.attempts) > len(LIVE_RETRIES):
            delivery.status = "failed"
        else:
            delivery.due = self._core.clock.now() + LIVE_RETRIES[len(delivery.attempts) - 1]
            self._enqueue(delivery)
        self._count_pending(delivery.event)

    def _push(self, delivery: Delivery) -> None:
        self._by_event.setdefault(delivery.event["id"], []).append(delivery)
        self._enqueue(delivery)

    def _enqueue(self, delivery: Delivery) -> None:
        heapq.heappush(self._queue, (delivery.due, next(self._count), delivery))
        self.on_queued()

    def _count_pending(self, event: Row) -> None:
        deliveries = self._by_event.get(event["id"], ())
        arrived = {delivery.endpoint.id for delivery in deliveries if delivery.status == "delivered"}
        event["pending_webhooks"] = len({delivery.endpoint.id for delivery in deliveries} - arrived)
        event.hidden["undelivered"] = event["pending_webhooks"] > 0
        self._core.store.changed(event)


def event_object(event: Row) -> dict[str, Any]:
    """The event with the snapshot of what it is about, which is kept as packed text."""
    return {**event, "data": json.loads(event.hidden["data"].text())}


def _content(delivery: Delivery) -> dict[str, Any]:
    thin = delivery.endpoint.thin or delivery.event.kind == "v2_events"
    return notification(delivery.event) if thin else event_object(delivery.event)


def _nothing() -> None:
    """Nobody waits for deliveries unless the background thread does."""
