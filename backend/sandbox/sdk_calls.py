"""Every call that the SDK has. It is generated from Stripe's specification, so that is what Stripe serves."""

import functools
import inspect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import stripe

# A method of a service, up to the HTTP method and the path that it asks for. Their async twins ask in other words.
REQUEST = re.compile(
    r'^    def (\w+)\((?:(?!^    (?:async )?def ).)*?self\._request(?:_stream)?\(\s*"(\w+)",\s*"(/v[12]/[^"]+)"',
    re.M | re.S,
)


class SdkCall(NamedTuple):
    """`client.v1.<operation>(…)`, or `client.<operation>(…)` under v2, and the request that it makes.

    A path has `{names}` where ids go.
    """

    operation: str
    method: str
    path: str

    @property
    def resource(self) -> str:
        """The first word of the operation: `transfers` of `transfers.reversals.create`."""
        return self.operation.partition(".")[0]

    def asks(self, method: str, path: str) -> bool:
        """True if a request is this call."""
        pattern = "[^/]+".join(map(re.escape, re.split(r"\{\w+\}", self.path)))
        return method == self.method and re.fullmatch(pattern, path) is not None


@functools.cache
def sdk_calls() -> tuple[SdkCall, ...]:
    """All of them, by operation. Reading the SDK's sources takes a moment, so it is done when first asked for."""
    client = stripe.StripeClient("sk_test_never_sent")
    return tuple(sorted((*_calls(client.v1, ""), *_calls(client.v2, "v2."))))


def sdk_call(method: str, path: str) -> SdkCall | None:
    """The call that makes a request, if the SDK has one; of two, the one with more words of its own in the path."""
    found = [call for call in sdk_calls() if call.asks(method, path.rstrip("/"))]
    return min(found, key=lambda call: call.path.count("{"), default=None)


def _calls(service: Any, prefix: str) -> Iterator[SdkCall]:
    for name, method, path in REQUEST.findall(inspect.getsource(type(service))):
        yield SdkCall(prefix + name, method.upper(), path)
    for name in inspect.get_annotations(type(service)):
        yield from _calls(getattr(service, name), f"{prefix}{name}.")
