"""Idempotency keys as Stripe keeps them: the first result whose execution began is the result, for a day.

That includes declines, refusals met while executing, and 500s. It does not include refusals met before execution, so
such a call may be repeated with the same key and better parameters.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from . import errors
from .http import Answer, Incoming
from .packing import Packed, Packer

KEPT_SECONDS = 24 * 3600
# Under /v2 a key lives for thirty days and keeps what was done; what failed is done again.
KEPT_SECONDS_V2 = 30 * KEPT_SECONDS
# The account, the key, and whether the call is one under /v2.
Place = tuple[str, str, bool]


@dataclass(slots=True)
class Stored:
    """The result of the first use of a key."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: Packed
    request_id: str
    at: int

    def values(self) -> tuple[Any, ...]:
        """The fields, in their order."""
        return (self.fingerprint, self.status, self.headers, self.body, self.request_id, self.at)


class Slot:
    """One use of a key: either something to replay, or a place to keep the result."""

    def __init__(self, stored: Stored | None) -> None:
        self.answer: Answer | None = None
        self.replay = _replay(stored) if stored else None


class IdempotencyKeys:
    """The keys of every account. Has its own lock, so that a second use meets the first one in flight."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._lock = threading.Lock()
        # Those of /v1 and those of /v2, each in the order in which they are forgotten.
        self._stored: dict[bool, OrderedDict[Place, Stored]] = {False: OrderedDict(), True: OrderedDict()}
        self._in_flight: dict[Place, tuple[Slot, bytes, str]] = {}
        self._packer = Packer()

    @contextmanager
    def hold(self, account: str, incoming: Incoming) -> Iterator[Slot]:
        """Use the call's key. Set `slot.answer` and it is kept, if its execution had begun."""
        key = incoming.idempotency_key
        # Under /v1 a DELETE may send a key and has it echoed, but it means nothing there.
        if not key or incoming.method not in ({"POST", "DELETE"} if incoming.is_v2 else {"POST"}):
            yield Slot(None)
            return
        place, fingerprint = (account, key, incoming.is_v2), fingerprint_of(incoming)
        slot = self._begin(place, key, fingerprint, incoming.request_id)
        if slot.replay:
            yield slot
            return
        try:
            yield slot
        finally:
            self._end(place)

    def dump(self) -> dict[str, Any]:
        """Every result, oldest first, to be saved; also of calls whose work is done and whose answer is under way."""
        with self._lock:
            self._forget_old()
            held = self._in_flight.items()
            ended = {place: self._kept(*one) for place, one in held if _is_kept(place, one[0])}
            stored = {**self._stored[False], **self._stored[True], **ended}
            return {"stored": [[place, *one.values()] for place, one in stored.items()], "packer": self._packer.dump()}

    def load(self, saved: dict[str, Any]) -> None:
        """Take these results instead."""
        with self._lock:
            for kept in self._stored.values():
                kept.clear()
            for place, *one in saved["stored"]:
                self._stored[place[2]][place] = Stored(*one)
            self._packer.load(saved["packer"])

    def clear(self) -> None:
        """Forget every result."""
        with self._lock:
            for kept in self._stored.values():
                kept.clear()

    def _begin(self, place: Place, key: str, fingerprint: bytes, request_id: str) -> Slot:
        with self._lock:
            self._forget_old()
            if place in self._in_flight:
                raise errors.key_in_use(key)
            stored = self._stored[place[2]].get(place)
            slot = Slot(stored)
            if stored is None:
                self._in_flight[place] = (slot, fingerprint, request_id)
            elif stored.fingerprint != fingerprint:
                raise errors.key_mismatch(key)
            return slot

    def _end(self, place: Place) -> None:
        with self._lock:
            held = self._in_flight.pop(place)
            if _is_kept(place, held[0]):
                self._stored[place[2]][place] = self._kept(*held)

    def _kept(self, slot: Slot, fingerprint: bytes, request_id: str) -> Stored:
        answer = slot.answer
        assert answer is not None
        body = self._packer.pack("answers", answer.body)
        return Stored(fingerprint, answer.status, answer.headers, body, request_id, self._now())

    def _forget_old(self) -> None:
        for kept, seconds in ((self._stored[False], KEPT_SECONDS), (self._stored[True], KEPT_SECONDS_V2)):
            while kept and next(iter(kept.values())).at <= self._now() - seconds:
                kept.popitem(last=False)


def fingerprint_of(incoming: Incoming) -> bytes:
    """Equal for calls of the same endpoint with the same parameters, metadata and expansions included."""
    text = json.dumps([incoming.method, incoming.path, incoming.params], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def _is_kept(place: Place, slot: Slot) -> bool:
    """True if the result is kept: whatever was executed, and under /v2 only what was done."""
    return slot.answer is not None and slot.answer.executed and not (place[2] and slot.answer.status >= 400)


def _replay(stored: Stored) -> Answer:
    again = {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
    return Answer(stored.status, stored.body.text(), stored.headers | again)
