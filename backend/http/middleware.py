"""The handling of every request: its id, its size, its scheme, its time, and its line in the log."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, cast
from urllib.parse import quote

import structlog
from flask import Flask, Response, g, redirect, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.config.settings import Settings
from backend.domain import card_numbers
from backend.domain.paths import API, UNDER_WEBHOOKS
from backend.observability.metrics import REQUEST_SECONDS, REQUESTS, labelled

log = structlog.get_logger(__name__)

BODY_LIMIT = 64 * 1024
WEBHOOK_BODY_LIMIT = 1024 * 1024
# Probes and Stripe do not follow redirects, and have nothing that HTTPS would hide from their own network.
_NEVER_REDIRECTED = ("/health", "/ready", UNDER_WEBHOOKS)

# RFC 3986: what stands in a path and a query as it is. The path comes decoded, the query as it was sent.
_PATH, _QUERY = "/:@!$&'()*+,;=~", "/:@!$&'()*+,;=~?%"

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)

Environ = dict[str, Any]
WSGIApp = Callable[[Environ, Any], Iterable[bytes]]


def attach_middleware(app: Flask, settings: Settings) -> None:
    """Attach the hooks."""
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.before_request(_begin)
    if settings.force_https:
        app.before_request(_redirection(f"https://{settings.app_url.partition('://')[2]}"))
    app.after_request(_finish)
    app.teardown_request(_close)


def attach_proxies(app: Flask, settings: Settings) -> None:
    """Attach the proxy middleware, around all other WSGI middleware: they see what it believes."""
    app.wsgi_app = _trust_proxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign, assignment]


def _trust_proxies(wsgi: WSGIApp, proxies: int) -> WSGIApp:
    """Believe exactly as many proxies as there are; what a client claims beyond them is taken off.

    Talisman and others read X-Forwarded-Proto by themselves, so what ProxyFix has used up goes too.
    """
    if proxies:
        wsgi = _strip_forwarded(wsgi)
        return ProxyFix(wsgi, x_for=proxies, x_proto=proxies, x_host=0, x_port=0, x_prefix=0)
    return _strip_forwarded(wsgi)


def _strip_forwarded(wsgi: WSGIApp) -> WSGIApp:
    def app(environ: Environ, start_response: Any) -> Iterable[bytes]:
        for name in [name for name in environ if name.startswith(("HTTP_X_FORWARDED_", "HTTP_FORWARDED"))]:
            del environ[name]
        # A target such as http://host has no path; the router would add the slash by a redirect to the Host header.
        environ["PATH_INFO"] = environ.setdefault("PATH_INFO", "/") or "/"
        return wsgi(environ, start_response)

    return app


def request_id_of(given: str) -> str:
    """The caller's own id of a request if it is a sane one, else a new one."""
    sane = _SANE_ID.fullmatch(given) and not card_numbers.in_id(given)
    return given if sane else secrets.token_hex(8)


def _begin() -> None:
    g.request_id = request_id_of(request.headers.get("X-Request-Id", ""))
    g.began = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)
    g.stack = ExitStack()
    if request.path.startswith(UNDER_WEBHOOKS):
        request.max_content_length = WEBHOOK_BODY_LIMIT
    # Flask checks when a body is read, and not every route reads one.
    if (request.content_length or 0) > (request.max_content_length or 0):
        raise RequestEntityTooLarge
    # RFC 9112, 3.2: without one, two servers on the way may mean two different hosts.
    if "HTTP_HOST" not in request.environ and request.environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise BadRequest


def _redirection(address: str) -> Callable[[], Response | None]:
    """Send plain HTTP to our own ``address``, which is configured: what a request says of its host is the client's word."""

    def redirect_to_https() -> Response | None:
        if request.is_secure or request.path.startswith(_NEVER_REDIRECTED):
            return None
        query = quote(request.query_string, safe=_QUERY)
        target = address + quote(request.path, safe=_PATH) + (f"?{query}" if query else "")
        # 308, so that a POST stays one. A cache that kept it would answer so for whoever comes next, over HTTPS too.
        response = redirect(target, code=308)
        response.headers["Cache-Control"] = "no-store"
        return cast(Response, response)

    return redirect_to_https


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if request.path.startswith(API):
        # What is asked here is about one person's money, now: no cache keeps it.
        response.headers["Cache-Control"] = "no-store"
    seconds = time.monotonic() - g.began
    rule = request.url_rule
    route = rule.rule if rule is not None else "none"
    method = request.method if rule is not None else "any"
    labelled(REQUESTS, method, route, str(response.status_code)).inc()
    labelled(REQUEST_SECONDS, route).observe(seconds)
    if request.path not in ("/health", "/metrics"):
        log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            stripe_calls=g.budget.calls if "budget" in g else 0,
            milliseconds=round(seconds * 1000),
            **_address_of_a_suspect(response.status_code),
        )
    return response


def _address_of_a_suspect(status: int) -> dict[str, str | None]:
    """The address of a request that was not let in. Of all others the address is nobody's business."""
    forged = status == 400 and request.path.startswith(UNDER_WEBHOOKS)
    return {"address": request.remote_addr} if forged or status in (401, 403, 429) else {}


def _close(_exc: BaseException | None) -> None:
    stack: ExitStack | None = g.pop("stack", None)
    if stack is not None:
        stack.close()
