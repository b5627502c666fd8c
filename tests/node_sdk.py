"""The official Node SDK with the face of Python's: the same tests run through both."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import stripe
from requests.structures import CaseInsensitiveDict
from stripe._stripe_response import StripeResponse

_FOLDER = Path(__file__).parent / "node"
# Node's name of a call's options, by Python's.
_OPTIONS = {
    "idempotency_key": "idempotencyKey",
    "max_network_retries": "maxNetworkRetries",
    "stripe_account": "stripeAccount",
}
_MISSING = "The Node SDK is not installed. It comes with: make test (Node 20 and npm are needed)"


class NodeProcess:
    """A Node process that makes calls, one at a time."""

    def __init__(self) -> None:
        node = shutil.which("node")
        assert node, _MISSING
        assert (_FOLDER / "node_modules/stripe").is_dir(), _MISSING
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [node, "bridge.mjs"], cwd=_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, **call: Any) -> dict[str, Any]:
        """Make a call, and return its result."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(call) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def stop(self) -> None:
        """End of input is the end."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


class NodeClient:
    """``stripe.StripeClient(key).v1`` over Node: ``v1.payment_intents.create(params, options)``."""

    def __init__(self, node: NodeProcess, key: str, host: str, port: int) -> None:
        self.v1: Any = _Service(node, {"key": key, "host": host, "port": port}, ())


class _Service:
    """A resource, a resource within it, or one of its methods; which one is known when it is called."""

    def __init__(self, node: NodeProcess, place: dict[str, Any], path: tuple[str, ...]) -> None:
        self._node = node
        self._place = place
        self._path = path

    def __getattr__(self, name: str) -> _Service:
        return _Service(self._node, self._place, (*self._path, name))

    def __call__(self, *given: Any) -> Any:
        resource, *inner, method = self._path
        call = {
            **self._place,
            "resource": _camel(resource),
            "method": _method(method, inner),
            "args": _arguments(given),
        }
        answer = self._node.call(**call, all=False)
        if "error" in answer:
            raise _error(answer["error"])
        return _result(answer, lambda: self._node.call(**call, all=True)["result"]["data"])


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def _method(method: str, inner: list[str]) -> str:
    """``transfers.reversals.create`` is ``transfers.createReversal`` in Node, and ``delete`` is ``del``."""
    name = "del" if method == "delete" else _camel(method)
    if not inner:
        return name
    plural = _camel(inner[0])
    thing = plural if method == "list" else plural.removesuffix("ies") + "y" if plural.endswith("ies") else plural[:-1]
    return name + thing[0].upper() + thing[1:]


def _arguments(given: tuple[Any, ...]) -> list[Any]:
    """Ids, parameters, options. Python leaves out what is None; Node would send it as empty."""
    ids = [item for item in given if isinstance(item, str)]
    hashes = [_without_none(item) for item in given if not isinstance(item, str)]
    if len(hashes) > 1:
        hashes[1] = {_OPTIONS[name]: value for name, value in hashes[1].items()}
    return ids + hashes


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value


class _Page(stripe.ListObject[Any]):
    """A list whose pages Node turns."""

    _all: Any

    def auto_paging_iter(self) -> Iterator[Any]:  # type: ignore[override]
        """Every object."""
        return (stripe.StripeObject.construct_from(item, None) for item in self._all())


def _result(answer: dict[str, Any], read_all: Any) -> Any:
    values = answer["result"]
    is_list = values.get("object") == "list"
    made = (_Page if is_list else stripe.StripeObject).construct_from(values, None)
    if is_list:
        object.__setattr__(made, "_all", read_all)
    body = json.dumps(values)
    object.__setattr__(made, "_last_response", StripeResponse(body, 200, CaseInsensitiveDict(answer["headers"])))
    return made


def _error(told: dict[str, Any]) -> stripe.StripeError:
    """The error of the class that Node named; the two SDKs name them alike, but for the prefix."""
    name = told["type"].removeprefix("Stripe")
    kind: Any = getattr(stripe, {"ConnectionError": "APIConnectionError"}.get(name, name))
    raw = told["raw"]
    detail = {
        "http_status": told["status"],
        "json_body": {"error": raw},
        "headers": CaseInsensitiveDict(told["headers"]),
        "code": raw.get("code"),
    }
    if kind in (stripe.CardError, stripe.InvalidRequestError):
        return kind(told["message"], raw.get("param"), **detail)  # type: ignore[no-any-return]
    return kind(told["message"], **detail)  # type: ignore[no-any-return]
