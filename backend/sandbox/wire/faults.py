"""Failures on request: before the work, after it, or of the line itself.

Before: nothing has happened. After: the work is committed, and remembered under its idempotency key, but the answer is
lost. That distinction is the whole difficulty of calling a payments API.
"""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from .errors import SUPPORT, invalid
from .given import Kinds, checked
from .http import TRUNCATE, Answer, Incoming
from .triggers import Trigger

LOCK_TIMEOUT = (
    "This object cannot be accessed right now because another API request or Stripe process is currently accessing it. "
    "If you see this error intermittently, retry the request. If you see this error frequently and are making multiple "
    "concurrent requests to a single object, make your requests serially or at a lower rate."
)
RATE_LIMIT = (
    "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits."
)
CONFLICT = (
    "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, "
    "and the other request is still going through). Please try again later."
)
SERVER_ERROR = f"An unknown error occurred. If this persists, we can help at {SUPPORT}"
NO_PERMISSION = (
    "The provided key 'rk_test_****' does not have the required permissions for this endpoint. Having more permissions "
    "would allow this request to continue."
)
PRESETS: dict[str, dict[str, Any]] = {
    "rate_limit": {
        "status": 429,
        "code": "rate_limit",
        "message": RATE_LIMIT,
        "headers": {"Stripe-Rate-Limited-Reason": "global-rate"},
    },
    "lock_timeout": {
        "status": 429,
        "code": "lock_timeout",
        "message": LOCK_TIMEOUT,
        "headers": {"Stripe-Should-Retry": "true"},
    },
    "conflict": {"status": 409, "code": "idempotency_key_in_use", "message": CONFLICT},
    "no_permission": {"status": 403, "message": NO_PERMISSION},
    "server_error": {"status": 500, "cache": True},
}
LINE = ("close", "truncate", "garbage", "html_502", "empty_200")
ABOUT = {
    "close": "the line goes dead without a word",
    "truncate": "half of the answer arrives",
    "garbage": "the answer is no JSON",
    "html_502": "a proxy answers 502 with a page",
    "empty_200": "the answer is 200 and empty",
    "rate_limit": "429 rate_limit, which the SDK does not retry",
    "lock_timeout": "429 lock_timeout, which the SDK retries",
    "conflict": "409 idempotency_key_in_use, which the SDK retries",
    "no_permission": "403 without a code: a restricted key may not do this",
    "server_error": "500, pinned under the idempotency key",
    '{"status", body?, headers?, cache?, late?}': "any answer; `cache` pins it under the key, `late` seconds later the "
    "work is done after all",
    '{"delay": seconds}': "the answer takes so long",
}
BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class ConnectionCut(ConnectionError):
    """The line goes dead: a server closes the socket without a word, an in-process client raises as if it had."""


MATCH: dict[str, Kinds] = {"method": str, "path": str, "nth": int}


@dataclass(slots=True)
class Fault:
    """One rule: which calls, at which stage, what happens."""

    id: str
    method: str | None
    path: str | None
    stage: str
    effect: dict[str, Any]
    trigger: Trigger
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def inside(self) -> bool:
        """True if it strikes during execution, between the idempotency key being taken and its result being kept."""
        return bool(self.effect.get("cache") or (self.stage == "before" and "delay" in self.effect))

    def matches(self, incoming: Incoming) -> bool:
        """True if the call is one of those meant."""
        if self.method not in {None, incoming.method}:
            return False
        return self.path is None or incoming.path.startswith(self.path) or bool(re.fullmatch(self.path, incoming.path))

    def strike(self, committed: Answer | None) -> Answer | None:
        """The answer instead of the true one; None after a mere delay. May raise ConnectionCut."""
        if "delay" in self.effect:
            # Not a sleep: clearing the faults lets everyone go on at once.
            self.gate.wait(self.effect["delay"])
            return committed
        line = self.effect.get("line")
        if line == "close":
            raise ConnectionCut("the sandbox was told to cut this connection")
        return _BROKEN[line](committed) if line else self._status()

    def _status(self) -> Answer:
        status, body = self.effect["status"], self.effect.get("body")
        if body is None:
            kind = "api_error" if status >= 500 else "invalid_request_error"
            error = {"message": self.effect.get("message", SERVER_ERROR), "type": kind}
            body = {"error": error | ({"code": self.effect["code"]} if "code" in self.effect else {})}
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return Answer(status, raw, dict(self.effect.get("headers", {})), executed=bool(self.effect.get("cache")))

    def to_json(self) -> dict[str, Any]:
        """The rule as it was given, with how often it has fired."""
        match = {"method": self.method, "path": self.path}
        return {
            "id": self.id,
            "match": match,
            "stage": self.stage,
            "effect": self.effect,
            "fired": self.trigger.fired,
        }


class Faults:
    """The rules in force, first match first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._count = count(1)

    def add(self, given: dict[str, Any] | None = None, **fields: Any) -> Fault:
        """`match={method, path, nth}` (path: a prefix or a regular expression), `stage="before" | "after"`, `effect`,
        and when: `times`, `p`, `seed`. As one dict, or as keywords.

        Effects: `"close" | "truncate" | "garbage" | "html_502" | "empty_200"`, `{"delay": seconds}`, a preset
        (`"rate_limit" | "lock_timeout" | "conflict" | "no_permission" | "server_error"`), or
        `{"status", body?, headers?, cache?, late?}`: with `cache` the answer is pinned under the idempotency key; with
        `late` the work is done that many seconds afterwards.
        """
        spec = {**(given or {}), **fields}
        match, stage = checked(spec.get("match", {}), MATCH, "match."), spec.get("stage", "before")
        if stage not in {"before", "after"}:
            raise invalid("stage must be 'before' or 'after'.", param="stage")
        effect = _effect(spec.get("effect"))
        _check_path(match.get("path"))
        fault = Fault(
            f"fault_{next(self._count)}",
            match.get("method"),
            match.get("path"),
            stage,
            effect,
            Trigger.of(spec),
        )
        with self._lock:
            self._faults.append(fault)
        return fault

    def dump(self) -> list[Any]:
        """The rules, to be saved."""
        with self._lock:
            return [[one.id, one.method, one.path, one.stage, one.effect, one.trigger.dump()] for one in self._faults]

    def load(self, saved: list[Any]) -> None:
        """Take these rules instead."""
        with self._lock:
            self._faults = [
                Fault(name, method, path, stage, effect, Trigger.load(trigger))
                for name, method, path, stage, effect, trigger in saved
            ]
            self._count = count(1 + max((int(one.id.rpartition("_")[2]) for one in self._faults), default=0))

    def clear(self) -> None:
        """Everything works again; calls that are being delayed go on."""
        with self._lock:
            for fault in self._faults:
                fault.gate.set()
            self._faults.clear()

    def take(self, incoming: Incoming, inside: bool, stage: str) -> Fault | None:
        """The fault that strikes this call at this point, if any."""
        with self._lock:
            for fault in self._faults:
                here = fault.inside == inside and fault.stage == stage
                if here and fault.matches(incoming) and fault.trigger.fires():
                    return fault
        return None

    def to_json(self) -> list[dict[str, Any]]:
        """All rules."""
        with self._lock:
            return [fault.to_json() for fault in self._faults]


def _effect(given: Any) -> dict[str, Any]:
    if isinstance(given, str) and given in PRESETS:
        return dict(PRESETS[given])
    if isinstance(given, str) and given in LINE:
        return {"line": given}
    if isinstance(given, dict) and isinstance(given.get("delay"), int | float):
        return {"delay": given["delay"]}
    if isinstance(given, dict) and isinstance(given.get("status"), int):
        return dict(given)
    names = ", ".join((*PRESETS, *LINE))
    raise invalid(f"effect must be one of {names}, {{'status': …}} or {{'delay': seconds}}.", param="effect")


def _check_path(path: str | None) -> None:
    try:
        re.compile(path or "")
    except re.error as error:
        raise invalid(f"match.path is neither a prefix nor a regular expression: {error}", param="match") from error


def _whole(committed: Answer | None) -> Answer:
    return committed or Answer(200, b'{\n  "id": "unknown"\n}', executed=False)


def _truncated(committed: Answer | None) -> Answer:
    """Half of the body under the Content-Length of all of it; the line goes dead in between."""
    whole = _whole(committed)
    return Answer(whole.status, whole.body, whole.headers | {TRUNCATE: "1"}, executed=False)


def _garbage(committed: Answer | None) -> Answer:
    return Answer(200, b"\x00{]not json" + _whole(committed).body[:20], executed=False)


def _html_502(committed: Answer | None) -> Answer:
    return Answer(502, BAD_GATEWAY, {"Content-Type": "text/html"}, executed=False)


def _empty_200(committed: Answer | None) -> Answer:
    return Answer(200, b"", executed=False)


_BROKEN: dict[str, Callable[[Answer | None], Answer]] = {
    "truncate": _truncated,
    "garbage": _garbage,
    "html_502": _html_502,
    "empty_200": _empty_200,
}
