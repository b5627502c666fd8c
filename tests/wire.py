"""The official SDK's way to the sandbox without a socket: its HTTP client, calling the WSGI application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe
from requests.structures import CaseInsensitiveDict
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from backend.sandbox import Sandbox

Answer = tuple[bytes, int, Mapping[str, str]]


class InProcessStripe(stripe.HTTPClient):
    """Calls the sandbox in this thread, and fails as the SDK's own client does when the line goes dead."""

    name = "in-process"

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> Answer:
        """One call. A cut line is an APIConnectionError: retriable before the answer began, not after."""
        environ = _environ(method, url, headers or {}, post_data)
        try:
            chunks, status, answer_headers = run_wsgi_app(self._sandbox, environ)
        except ConnectionError as error:
            raise _line_dead(error, should_retry=True) from error
        try:
            body = b"".join(chunks)
        except ConnectionError as error:
            raise _line_dead(error, should_retry=False) from error
        return body, int(status.split()[0]), _case_insensitive(answer_headers)

    def close(self) -> None:
        """There is nothing to close."""

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0


def _line_dead(error: ConnectionError, should_retry: bool) -> stripe.APIConnectionError:
    message = f"(Network error: {error})"
    return stripe.APIConnectionError(message, should_retry=should_retry)


def _environ(method: str, url: str, headers: Mapping[str, str], post_data: Any) -> dict[str, Any]:
    path, _, query = url.partition("://")[2].partition("/")[2].partition("?")
    data = post_data.encode() if isinstance(post_data, str) else post_data
    builder = EnvironBuilder(
        path=f"/{path}", query_string=query, method=method.upper(), headers=Headers(dict(headers)), data=data or b""
    )
    try:
        return builder.get_environ()
    finally:
        builder.close()


def _case_insensitive(headers: Headers) -> Mapping[str, str]:
    return CaseInsensitiveDict(headers.items())
