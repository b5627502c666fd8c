"""The Stripe client of one deployment. It carries the facts of the deployment to whatever is given the client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import stripe

from backend.domain.namespace import UNNAMED, Namespace
from backend.stripe_client.forms import encode_form

# What the SDK takes out of the parameters of a raw request: how to send it, and not what.
_OPTIONS = frozenset(
    ["api_key", "stripe_version", "stripe_account", "stripe_context", "content_type", "headers", "max_network_retries"]
)
_OPTIONS |= {"base", "usage"}


class Answer(stripe.StripeResponseBase):
    """The answer to a raw request. ``data``: the object in it."""

    def __init__(self, status: int, headers: Mapping[str, str], data: dict[str, Any]) -> None:
        super().__init__(status, headers)
        self.data = data


class PlatformClient(stripe.StripeClient):
    """A ``StripeClient`` that knows whose it is, and whose raw requests take a third of the processor.

    The SDK writes four texts for a log at each call, quotes each character of a form, and reads what stays the same:
    the environment, the Python version. Here that is left out; docs/performance.md has the figures. The line with its
    retries, the headers and every error are the SDK's own, and so is each call of a kind that is not known here.

    ``accounts_v2``: False where no account was made by Stripe's v2 API.
    """

    def __init__(self, api_key: str, *, namespace: Namespace, accounts_v2: bool = True, **options: Any) -> None:
        super().__init__(api_key, **options)
        self.namespace = namespace
        self.accounts_v2 = accounts_v2
        self._line: stripe.HTTPClient | None = options.get("http_client")
        self._base: str = (options.get("base_addresses") or {}).get("api", stripe.DEFAULT_API_BASE)
        self._retries: int | None = options.get("max_network_retries")
        described: Any = {"api_key": api_key, "stripe_version": stripe.api_version}
        self._headers = {
            method: self._requestor.request_headers(cast(Any, method), "V1", described) for method in ("get", "post")
        }

    def raw_request(self, method_: str, url_: str, **params: Any) -> Any:
        """Make a call. ``idempotency_key``: needed to write. Raises what the SDK raises."""
        asked = dict(params)
        key = asked.pop("idempotency_key", None)
        form = encode_form(asked) if self._is_plain(method_, url_, asked, key) else None
        if form is None or self._line is None:
            return super().raw_request(method_, url_, **params)
        headers = self._headers[method_]
        if key is not None:
            headers = {**headers, "Idempotency-Key": key}
        reads = method_ == "get"
        url = f"{self._base}{url_}?{form}" if reads and form else f"{self._base}{url_}"
        body, status, answered = self._line.request_with_retries(
            method_, url, headers, None if reads else form, max_network_retries=self._retries, _usage=["raw_request"]
        )
        document = _document(body) if 200 <= status < 300 else None
        if document is None:
            return self._requestor._interpret_response(body, status, answered, "V1")
        return Answer(status, answered, document)

    def _is_plain(self, method: str, url: str, asked: dict[str, Any], key: str | None) -> bool:
        """True for a call that needs nothing of the SDK but its line, its headers and its errors."""
        known = method == "get" or (method == "post" and key is not None)
        return known and url.startswith("/v1/") and "?" not in url and _OPTIONS.isdisjoint(asked)


def _document(body: str | bytes) -> dict[str, Any] | None:
    """The object in an answer, or None where there is none."""
    try:
        document = json.loads(body if isinstance(body, str) else body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def namespace_of(client: stripe.StripeClient) -> Namespace:
    """The namespace of the deployment that a client belongs to; without a name for a plain client."""
    return client.namespace if isinstance(client, PlatformClient) else UNNAMED


def may_have_v2(client: stripe.StripeClient) -> bool:
    """True unless the operator said that every account is a v1 account."""
    return client.accounts_v2 if isinstance(client, PlatformClient) else True
