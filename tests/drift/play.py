"""Playing a scenario: its calls one after another, each built from the answers to those before."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

import requests
from werkzeug.test import Client

from backend.sandbox import Clock, Sandbox
from backend.sandbox.wire.http import API_VERSION

STRIPE = "https://api.stripe.com"
PATIENCE_SECONDS = 30
# `{0.id}` is the id of the first answer; `{run}` a word that no other run has.
_PLACE = re.compile(r"\{(run|\d+(?:\.\w+)+)\}")
Form = Mapping[str, str]
NOTHING: Form = MappingProxyType({})
Shown = dict[str, Any]


class Call(NamedTuple):
    """One call. `key`: `secret`, `publishable`, `wrong` or `none`."""

    method: str
    path: str
    form: Form = NOTHING
    key: str = "secret"
    version: str = API_VERSION
    headers: Form = NOTHING


class Scenario(NamedTuple):
    """Calls, and what is to be seen in the last answer: `status`, or the path of a value in its body.

    `fact` says where this is known from. `open`: no source says so; the sandbox's answer is our best reading.
    """

    name: str
    fact: str
    calls: tuple[Call, ...]
    shows: Shown
    open: bool = False


# Sends one call and answers its status and body: method, path with query, form body, headers.
Send = Callable[[str, str, str, dict[str, str]], tuple[int, Any]]


def play(scenario: Scenario, send: Send, keys: Mapping[str, str | None], run: str) -> Shown | None:
    """Play the scenario, and return what it shows; None if it needs a key that is not given."""
    answers: list[Any] = []
    status = 0
    for call in scenario.calls:
        if call.key not in keys:
            return None
        form = {_filled(name, answers, run): _filled(value, answers, run) for name, value in call.form.items()}
        path, encoded = _filled(call.path, answers, run), urlencode(form)
        headers = {"Stripe-Version": call.version, **{n: _filled(v, answers, run) for n, v in call.headers.items()}}
        if keys[call.key]:
            headers["Authorization"] = f"Bearer {keys[call.key]}"
        query = f"?{encoded}" if encoded and call.method != "POST" else ""
        status, body = send(call.method, path + query, "" if query else encoded, headers)
        answers.append(body)
    return {path: status if path == "status" else _at(answers[-1], path) for path in scenario.shows}


def _filled(text: str, answers: list[Any], run: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] == "run":
            return run
        number, _, path = found[1].partition(".")
        return str(_at(answers[int(number)], path))

    return _PLACE.sub(value, text)


def _at(body: Any, path: str) -> Any:
    """The value at a dotted path; None where there is none. A number is a place in a list."""
    for step in path.split("."):
        if isinstance(body, list):
            body = body[int(step)] if int(step) < len(body) else None
        else:
            body = body.get(step) if isinstance(body, dict) else None
    return body


def on_sandbox(**switches: Any) -> Send:
    """A fresh sandbox in this process, with a frozen clock."""
    sandbox = Sandbox(clock=Clock(frozen_at=1_800_000_000))
    sandbox.world.switches.choose(switches)
    client = Client(sandbox)

    def send(method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, Any]:
        kind = "application/x-www-form-urlencoded" if body else None
        answer = client.open(path, method=method, data=body, headers=headers, content_type=kind)
        return answer.status_code, answer.json

    return send


def on_stripe() -> Send:
    """Stripe itself."""
    session = requests.Session()

    def send(method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, Any]:
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        answer = session.request(
            method, STRIPE + path, data=body or None, headers=headers | kind, timeout=PATIENCE_SECONDS
        )
        return answer.status_code, answer.json()

    return send
