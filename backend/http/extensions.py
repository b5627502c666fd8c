"""CORS, rate limits and security headers, each policy with its reason.

The extension objects are made anew for each app: all three keep the settings of the app they saw last, so
one shared object would give two apps in a process the limits and headers of the second.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import time
from typing import Any

from flask import Flask, Response, request
from flask_cors import CORS
from flask_limiter import Limiter
from flask_talisman import Talisman
from limits.errors import ConfigurationError
from limits.strategies import FixedWindowRateLimiter

from backend.config.env import SettingsError
from backend.config.settings import Settings
from backend.domain.paths import API, FILES, UNDER_WEBHOOKS
from backend.http.auth import caller
from backend.http.client_counts import ClientCounts

# What an answer of the API may do in a browser: nothing. Pages set a policy of their own. Without base-uri and
# form-action, which do not fall back on default-src, markup that slipped into an answer could still send a form.
API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_REDIS_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
# Routes that begin or confirm a purchase have a limit of their own; those of one name share it.
_PURCHASES = {
    "payments.create_intent": "purchase",
    "payments.create_destination_charge": "purchase",
    "payments.confirm": "confirmation",
}
_ADDRESS_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}|\[([0-9A-Fa-f:.%]+)\](?::[0-9]{1,5})?", re.ASCII)
_TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_ONE_YEAR = 31_536_000
_SENT_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"]
# What libraries and tools of front ends add by themselves: to trace a request, and to pass ngrok's warning page.
_SENT_HEADERS += [
    "traceparent",
    "tracestate",
    "sentry-trace",
    "baggage",
    "X-Requested-With",
    "ngrok-skip-browser-warning",
]
_READ_HEADERS = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "X-Request-Id"]


def attach_extensions(app: Flask, settings: Settings) -> None:
    """Attach all three."""
    _attach_cors(app, settings)
    _attach_limiter(app, settings)
    _attach_talisman(app, settings)


def client() -> str:
    """The client that a request counts for: the subject of a valid token, else the address.

    Nothing that a request merely says is counted: with a player's id in a body, a stranger would use up that player's
    limit. The subject is hashed, so that what it holds does not matter to the storage.
    """
    subject = caller().subject
    return client_address() if subject is None else f"subject:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"


def client_address() -> str:
    """The address that asks; whoever holds one IPv4 address, or one IPv6 /64, is one client.

    A customer of a provider is given a /64 at least. Some are given a /48, which is 65,536 clients here: the bound for
    them is what the backend does at once, not the limit.
    """
    try:
        known = ipaddress.ip_address(_without_port(request.remote_addr or ""))
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        known = _carried_ipv4(known) or known
    return str(known) if known.version == 4 else str(ipaddress.ip_network((int(known), 64), strict=False))


def _without_port(text: str) -> str:
    """Some proxies write ``203.0.113.9:49152`` or ``[2001:db8::1]:443``: with its port each connection was a client."""
    address = _ADDRESS_WITH_PORT.fullmatch(text)
    return (address[1] or address[2] if address else text).partition("%")[0]


def _carried_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 client behind an IPv6 address. A /64 would be all of IPv4, or all clients of one relay.

    Mapped (RFC 4291), 6to4 (RFC 3056), Teredo (RFC 4380), and what a NAT64 or a stateless translator makes of an IPv4
    client (RFC 6052, RFC 8215).
    """
    teredo = address.teredo
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


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
        allow_headers=[*_SENT_HEADERS, *settings.allowed_headers] if production else "*",
        expose_headers=_READ_HEADERS,
        methods=["GET", "POST", "PUT", "OPTIONS"],
        max_age=600,
    )


def _attach_limiter(app: Flask, settings: Settings) -> None:
    # A limiter that cannot count must not stop the money: without its storage each worker counts by itself, says so once,
    # and tries the storage again at growing intervals. A storage that is silent costs a request a moment at most.
    limiter = Limiter(
        client,
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
    # What counts while the storage is away; the library would take its own storage, which slows with every client.
    limiter._fallback_limiter = FixedWindowRateLimiter(ClientCounts())
    limiter.request_filter(_is_unlimited)
    _limit_purchases(app, limiter)

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


def _limit_purchases(app: Flask, limiter: Limiter) -> None:
    """Give buying and confirming limits of their own, each, before a body is read.

    Who tries stolen cards does it with many small purchases: https://docs.stripe.com/disputes/prevention/card-testing
    A signed-in player is counted from however many addresses, and not with others at the same address.
    """

    def amount() -> str:
        settings: Settings = app.config["SETTINGS"]
        return settings.purchase_limit if caller().subject is None else settings.player_limit

    @limiter.shared_limit(amount, scope=lambda endpoint: _PURCHASES[endpoint])
    def charge() -> None:
        """Count one request of the caller's."""

    def charge_purchases() -> None:
        if request.endpoint in _PURCHASES:
            charge()

    app.before_request(charge_purchases)


def _is_unlimited() -> bool:
    """Stripe's webhooks and health probes are never refused, and a preflight is no request of the user's.

    The return pages ask Stripe on a stranger's word, as the API does.
    """
    limited = request.path.startswith((API, "/payment-")) and not request.path.startswith(UNDER_WEBHOOKS)
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
        shared = request.path.startswith(FILES)
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if shared else "same-origin"
        return response
