"""CORS, rate limits and security headers, each policy with its reason.

The extension objects are made anew for each app: all three keep the settings of the app they saw last, so
one shared object would give two apps in a process the limits and headers of the second.
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any

from flask import Flask, Response, current_app, request
from flask_cors import CORS
from flask_limiter import Limiter
from flask_talisman import Talisman
from limits.errors import ConfigurationError

from backend.config.reading import SettingsError
from backend.config.settings import Settings
from backend.middleware import WEBHOOK_PATH

# What an answer of the API may do in a browser: nothing. Pages set a policy of their own. Without base-uri and
# form-action, which do not fall back on default-src, markup that slipped into an answer could still send a form.
API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_LIMITER = "payments_limiter"
_REDIS_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
_PURCHASES = ("payments.create_intent", "payments.confirm")
_ONE_YEAR = 31_536_000
_SENT_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"]
_READ_HEADERS = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "X-Request-Id"]


def attach_extensions(app: Flask, settings: Settings) -> None:
    """Attach all three."""
    _attach_cors(app, settings)
    _attach_limiter(app, settings)
    _attach_talisman(app, settings)


def limit_purchases(app: Flask) -> None:
    """Give buying and confirming a limit of their own for each client, once the app has its routes.

    Who tries stolen cards does it with many small purchases: https://docs.stripe.com/disputes/prevention/card-testing
    """
    limit = app.extensions[_LIMITER].limit(app.config["SETTINGS"].purchase_limit, key_func=client_address)
    for endpoint in _PURCHASES:
        app.view_functions[endpoint] = limit(app.view_functions[endpoint])


def limit_player(player_id: str | None) -> None:
    """Count one purchase or confirmation of a player's, wherever it comes from. Raises ``RateLimitExceeded``."""
    if player_id is None:
        return
    limit = current_app.config["SETTINGS"].player_limit
    with current_app.extensions[_LIMITER].limit(limit, key_func=lambda: f"player:{player_id}"):
        return


def client_address() -> str:
    """Who is asking. An IPv6 customer is given a whole /64, so that is one client."""
    address = request.remote_addr or "unknown"
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return address if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))


def _attach_cors(app: Flask, settings: Settings) -> None:
    # "Any origin" together with credentials would let every site act as the signed-in user: any origin is
    # for development, where there are no credentials; production names its origins.
    production = settings.is_production
    CORS(
        app,
        origins=list(settings.allowed_origins) if production else "*",
        supports_credentials=production,
        send_wildcard=not production,
        # Without an Origin nobody asks, and flask-cors would answer with the whole list.
        always_send=False,
        allow_headers=_SENT_HEADERS,
        expose_headers=_READ_HEADERS,
        methods=["GET", "POST", "PUT", "OPTIONS"],
        max_age=600,
    )


def _attach_limiter(app: Flask, settings: Settings) -> None:
    # A limiter that cannot count must not stop the money: without its storage each worker counts by itself, says so once,
    # and tries the storage again at growing intervals. A storage that is silent costs a request a moment at most.
    limiter = Limiter(
        client_address,
        application_limits=[settings.rate_limit],
        storage_uri=settings.ratelimit_storage_uri,
        enabled=settings.ratelimit_enabled,
        storage_options=_REDIS_OPTIONS if settings.ratelimit_storage_uri.startswith("redis") else {},
        swallow_errors=True,
        in_memory_fallback_enabled=True,
        headers_enabled=False,
    )
    try:
        limiter.init_app(app)
    except ConfigurationError as error:
        raise SettingsError(
            "RATELIMIT_STORAGE_URI", "is no storage of the limits library, or needs its driver"
        ) from error
    limiter.request_filter(_is_unlimited)
    app.extensions[_LIMITER] = limiter

    @app.after_request
    def tell_limits(response: Response) -> Response:
        """The draft-standard headers, where ``Reset`` is seconds from now and not a time of day."""
        limit = limiter.current_limit
        if limit is not None:
            seconds = str(max(1, int(limit.reset_at - time.time())))
            response.headers["RateLimit-Limit"] = str(limit.limit.amount)
            response.headers["RateLimit-Remaining"] = str(max(0, limit.remaining))
            response.headers["RateLimit-Reset"] = seconds
            if response.status_code == 429:
                response.headers["Retry-After"] = seconds
        return response


def _is_unlimited() -> bool:
    """Stripe's webhooks and health probes are never refused, and a preflight is no request of the user's.

    The return pages ask Stripe on a stranger's word, as the API does.
    """
    limited = request.path.startswith(("/api/", "/payment-")) and not request.path.startswith(WEBHOOK_PATH)
    return not limited or request.method == "OPTIONS"


def _attach_talisman(app: Flask, settings: Settings) -> None:
    Talisman(
        app,
        # Its redirect to HTTPS would turn a POST into a GET; the middleware sends a 308 instead.
        force_https=False,
        # A browser that remembers it never comes back over HTTP: only where HTTP is not served either.
        strict_transport_security=settings.force_https,
        strict_transport_security_max_age=_ONE_YEAR,
        # One policy for the API, another for each page: Talisman knows only one.
        content_security_policy=False,
        frame_options="DENY",
        referrer_policy="no-referrer",
    )

    @app.after_request
    def set_policy(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", API_POLICY)
        # Another site may load the front-end services, and nothing else: no answer as a picture or a script of its own.
        shared = request.path.startswith("/static/")
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if shared else "same-origin"
        return response
