"""Idempotency keys as Stripe keeps them: the first result whose execution began is the result, for a day.

That includes declines, refusals met while executing, and 500s. It does not include refusals met before execution, so
such a call may be repeated with the same key and better parameters.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..state.clock import Clock
from . import errors
from .http import Answer, Incoming
from .packing import Packed, Packer

KEPT_SECONDS = 24 * 3600
# Under /v2 a key lives for thirty days and keeps what was done; what failed is done again (facts 5.7).
KEPT_SECONDS_V2 = 30 * KEPT_SECONDS
Place = tuple[str, str]


@dataclass(slots=True)
class Stored:
    """The result of the first use of a key."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: Packed
    request_id: str
    at: int


class Slot:
    """One use of a key: either something to replay, or a place to keep the result."""

    def __init__(self, stored: Stored | None) -> None:
        self.answer: Answer | None = None
        self.replay = _replay(stored) if stored else None


class IdempotencyKeys:
    """The keys of every account. Has its own lock, so that a second use meets the first one in flight."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Each in the order in which they are forgotten.
        self._stored: dict[bool, OrderedDict[Place, Stored]] = {False: OrderedDict(), True: OrderedDict()}
        self._in_flight: set[Place] = set()
        self._packer = Packer()

    @contextmanager
    def hold(self, account: str, incoming: Incoming) -> Iterator[Slot]:
        """Use the call's key. Set `slot.answer` and it is kept, if its execution had begun."""
        key = incoming.idempotency_key
        # A DELETE may send a key and has it echoed, but it means nothing there.
        if not key or incoming.method not in ({"POST", "DELETE"} if incoming.is_v2 else {"POST"}):
            yield Slot(None)
            return
        place, fingerprint = (account, key), fingerprint_of(incoming)
        stored = self._begin(place, key, fingerprint, incoming.is_v2)
        slot = Slot(stored)
        if stored:
            yield slot
            return
        try:
            yield slot
        finally:
            self._end(place, slot, fingerprint, incoming)

    def clear(self) -> None:
        """Forget every result."""
        with self._lock:
            for kept in self._stored.values():
                kept.clear()

    def _begin(self, place: Place, key: str, fingerprint: bytes, is_v2: bool) -> Stored | None:
        with self._lock:
            self._forget_old()
            if place in self._in_flight:
                raise errors.key_in_use(key)
            stored = self._stored[is_v2].get(place)
            if stored is None:
                self._in_flight.add(place)
            elif stored.fingerprint != fingerprint:
                raise errors.key_mismatch(key)
            return stored

    def _end(self, place: Place, slot: Slot, fingerprint: bytes, incoming: Incoming) -> None:
        with self._lock:
            self._in_flight.discard(place)
            answer = slot.answer
            if answer is not None and answer.executed and not (incoming.is_v2 and answer.status >= 400):
                self._stored[incoming.is_v2][place] = self._kept(answer, fingerprint, incoming.request_id)

    def _kept(self, answer: Answer, fingerprint: bytes, request_id: str) -> Stored:
        body = self._packer.pack("answers", answer.body)
        return Stored(fingerprint, answer.status, answer.headers, body, request_id, self._clock.now())

    def _forget_old(self) -> None:
        for kept, seconds in ((self._stored[False], KEPT_SECONDS), (self._stored[True], KEPT_SECONDS_V2)):
            while kept and next(iter(kept.values())).at <= self._clock.now() - seconds:
                kept.popitem(last=False)


def fingerprint_of(incoming: Incoming) -> bytes:
    """Equal for calls of the same endpoint with the same parameters, metadata and expansions included."""
    text = json.dumps([incoming.method, incoming.path, incoming.params], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def _replay(stored: Stored) -> Answer:
    again = {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
    return Answer(stored.status, stored.body.text(), stored.headers | again)
