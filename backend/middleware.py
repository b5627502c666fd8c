"""What surrounds every request: its id, its size, its scheme, its time, and its line in the log."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import structlog
from flask import Flask, Response, g, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.config.settings import Settings
from backend.metrics import REQUEST_SECONDS, REQUESTS

log = structlog.get_logger(__name__)

BODY_LIMIT = 64 * 1024
WEBHOOK_BODY_LIMIT = 1024 * 1024
WEBHOOK_PATH = "/api/webhooks/"
# Probes and Stripe do not follow redirects, and have nothing that HTTPS would hide from their own network.
_NEVER_REDIRECTED = ("/health", "/ready", WEBHOOK_PATH)

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)

Environ = dict[str, Any]
WSGIApp = Callable[[Environ, Any], Iterable[bytes]]


def attach_middleware(app: Flask, settings: Settings) -> None:
    """Attach the hooks and the proxy middleware."""
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.wsgi_app = _believing(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign, assignment]
    app.before_request(_begin)
    if settings.force_https:
        app.before_request(_redirect_to_https)
    app.after_request(_finish)
    app.teardown_request(_close)


def _believing(wsgi: WSGIApp, proxies: int) -> WSGIApp:
    """Believe exactly as many proxies as there are; what a client claims beyond them is taken off.

    Talisman and others read X-Forwarded-Proto by themselves, so what ProxyFix has used up goes too.
    """
    if proxies:
        wsgi = _forgetting(wsgi)
        return ProxyFix(wsgi, x_for=proxies, x_proto=proxies, x_host=0, x_port=0, x_prefix=0)
    return _forgetting(wsgi)


def _forgetting(wsgi: WSGIApp) -> WSGIApp:
    def app(environ: Environ, start_response: Any) -> Iterable[bytes]:
        for name in [name for name in environ if name.startswith(("HTTP_X_FORWARDED_", "HTTP_FORWARDED"))]:
            del environ[name]
        return wsgi(environ, start_response)

    return app


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
    g.began = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)
    g.stack = ExitStack()
    if request.path.startswith(WEBHOOK_PATH):
        request.max_content_length = WEBHOOK_BODY_LIMIT
    # Flask checks when a body is read, and not every route reads one.
    if (request.content_length or 0) > (request.max_content_length or 0):
        raise RequestEntityTooLarge


def _redirect_to_https() -> Any:
    if request.is_secure or request.path.startswith(_NEVER_REDIRECTED):
        return None
    # 308, so that a POST stays one.
    return redirect(request.url.replace("http://", "https://", 1), code=308)


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if request.path.startswith("/api/"):
        # What is asked here is about one person's money, now: no cache keeps it.
        response.headers["Cache-Control"] = "no-store"
    seconds = time.monotonic() - g.began
    rule = request.url_rule
    route = rule.rule if rule is not None else "none"
    method = request.method if rule is not None else "any"
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)
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
    """Where a request came from that was not let in. Of all others the address is nobody's business."""
    forged = status == 400 and request.path.startswith(WEBHOOK_PATH)
    return {"address": request.remote_addr} if forged or status in (401, 403, 429) else {}


def _close(_exc: BaseException | None) -> None:
    stack: ExitStack | None = g.pop("stack", None)
    if stack is not None:
        stack.close()
