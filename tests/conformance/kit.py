"""The conformance kit: sends what the screens send to any backend, and looks at what they rely on.

The requests and the shapes of their answers are data (``requests.json``). In a shape a word names a type, ``=text`` is
that text, ``^pattern`` begins so, ``type?`` may be null, a list holds the shape of its members, and an object may have more
keys than are named. ``{name}`` stands for what an earlier answer gave, or for what the kit chose.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("requests.json").read_text())["cases"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_KINDS: dict[str, Any] = {
    "any": lambda value: True,
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "boolean": lambda value: type(value) is bool,
    "object": lambda value: isinstance(value, dict),
    "time": lambda value: isinstance(value, str) and bool(_TIME.fullmatch(value)),
    "url": lambda value: isinstance(value, str) and value.startswith(("http://", "https://")),
}
_SECONDS = 60


def differences(shape: Any, value: Any, where: str = "answer") -> Iterator[str]:
    """The differences of a value from a shape, a sentence for each place."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{where} is {_short(value)}, not an object"
            return
        for key, inner in shape.items():
            if key not in value:
                yield f"{where}.{key} is missing"
            else:
                yield from differences(inner, value[key], f"{where}.{key}")
    elif isinstance(shape, list):
        if not isinstance(value, list) or (value and not shape):
            yield f"{where} is {_short(value)}, not {'a list' if shape else 'an empty list'}"
            return
        for number, member in enumerate(value):
            yield from differences(shape[0], member, f"{where}[{number}]")
    elif not _fits(shape, value):
        yield f"{where} is {_short(value)}, not {shape!r}"


def _fits(shape: Any, value: Any) -> bool:
    if not isinstance(shape, str):
        return type(shape) is type(value) and bool(shape == value)
    if shape.startswith("="):
        return bool(value == shape[1:])
    if shape.startswith("^"):
        return isinstance(value, str) and value.startswith(shape[1:])
    if shape.endswith("?"):
        return value is None or bool(_KINDS[shape[:-1]](value))
    return bool(_KINDS[shape](value))


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


@dataclass
class Outcome:
    """The outcome of one case. ``problems``: how the answer differs; ``skipped``: why it was not tried."""

    name: str
    problems: list[str] = field(default_factory=list)
    skipped: str = ""


class Stripe:
    """The other side: a sandbox can do all steps; Stripe's test mode lets a card be paid with, and no coach be onboarded."""

    def __init__(self, base: str, publishable_key: str) -> None:
        self._base = base.rstrip("/")
        self._key = publishable_key

    def do(self, step: str, known: dict[str, Any]) -> str:
        """Carry out a step; answers with why it could not be, or with nothing."""
        return {"pay": self._pay, "onboard": self._onboard}[step](known)

    def _pay(self, known: dict[str, Any]) -> str:
        body = {
            "client_secret": known.get("clientSecret", ""),
            "payment_method": "pm_card_bypassPending",
            "return_url": "https://example.com/",
        }
        url = f"{self._base}/v1/payment_intents/{known.get('paymentIntentId')}/confirm"
        return _failure(requests.post(url, data=body, auth=(self._key, ""), timeout=_SECONDS))

    def _onboard(self, known: dict[str, Any]) -> str:
        url = f"{self._base}/_sandbox/accounts/{known.get('accountId')}/onboard"
        return _failure(requests.post(url, json={}, timeout=_SECONDS))


def _failure(answer: requests.Response) -> str:
    return "" if answer.ok else f"Stripe answered {answer.status_code}"


def run(base: str, stripe: Stripe | None, headers: dict[str, str] | None = None) -> Iterator[Outcome]:
    """Try every case in order. ``stripe`` None: what needs money or an onboarded coach is left out."""
    known: dict[str, Any] = {"coachId": f"conformance-{secrets.token_hex(6)}"}
    known["email"] = f"{known['coachId']}@example.com"
    undone: dict[str, str] = {}
    for case in CASES:
        outcome = Outcome(case["name"])
        missing = [undone[step] for step in case.get("needs", "").split() if step in undone]
        if missing:
            outcome.skipped = missing[0]
        elif "step" in case:
            outcome.skipped = stripe.do(case["step"], known) if stripe is not None else "no Stripe was named"
            if outcome.skipped:
                undone[case["step"]] = f"{case['name']}: {outcome.skipped}"
        else:
            outcome.problems = _try(base.rstrip("/"), case, known, headers or {})
        yield outcome


def _try(base: str, case: dict[str, Any], known: dict[str, Any], more: dict[str, str]) -> list[str]:
    request = filled(case["request"], known)
    body = request["raw"] if "raw" in request else json.dumps(request["body"]) if "body" in request else None
    try:
        answer = requests.request(
            request["method"],
            base + request["path"],
            data=body,
            headers={**request.get("headers", {}), **more},
            timeout=_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        return [f"no answer: {type(error).__name__}"]
    problems = [] if answer.status_code == case["status"] else [f"status {answer.status_code}, not {case['status']}"]
    problems += differences(case.get("answer_headers", {}), dict(answer.headers), "headers")
    try:
        told = answer.json() if "answer" in case else {}
    except ValueError:
        return [*problems, "the answer is not JSON"]
    problems += differences(filled(case.get("answer", {}), known), told)
    if not problems:
        known |= {name: _at(told, path) for name, path in case.get("keep", {}).items()}
    return problems


def filled(value: Any, known: dict[str, Any]) -> Any:
    """The value with what is known in the place of ``{name}``; a text that is nothing else keeps the type."""
    if isinstance(value, dict):
        return {key: filled(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, known) for inner in value]
    if not isinstance(value, str):
        return value
    alone = re.fullmatch(r"\{(\w+)\}", value)
    if alone and alone[1] in known:
        return known[alone[1]]
    return re.sub(r"\{(\w+)\}", lambda match: str(known.get(match[1], match[0])), value)


def _at(told: Any, path: str) -> Any:
    for key in path.split("."):
        told = told[key]
    return told
