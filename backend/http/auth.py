"""Before each request: who asks, and whether the route is for them. Whose payment or account it is, the use cases check.

Between the two stands the limit: it counts whoever was proved to ask, and what asks in vain too.
"""

from __future__ import annotations

from logging import ERROR, WARNING
from typing import cast

import structlog
from flask import Flask, g, request
from werkzeug.exceptions import NotFound

from backend.config.settings import Settings
from backend.domain.access import ANYBODY, OPEN_BLUEPRINTS, TRUSTED, Caller, NotSignedIn
from backend.http.operations import operation_of
from backend.http.signing_keys import KeysUnavailable
from backend.http.tokens import Tokens

log = structlog.get_logger(__name__)

# Of a token's subject, which may be as long as a token.
_LOGGED_CHARACTERS = 100

# What production without sign-in means.
UNASKED = (
    "anybody who reaches the backend may refund, and open coaches' dashboards, where the bank that is paid is named"
)


def identify_callers(app: Flask, settings: Settings) -> None:
    """Read each request's token, as ``AUTH_MODE`` says. One that proves nothing is refused by ``check_callers``."""
    tokens = None if settings.auth.mode == "off" else Tokens(settings.auth)
    # Where nobody signs in, production knows of everybody that they may be anybody.
    unasked = ANYBODY if settings.is_production else TRUSTED
    _warn(settings)

    def identify() -> None:
        g.caller, g.refusal = unasked if tokens is None else Caller(), None
        if tokens is None or _is_open():
            return
        try:
            g.caller = tokens.caller(request.headers.get("Authorization"))
        except (NotSignedIn, KeysUnavailable) as refusal:
            g.refusal = refusal
            return
        if g.caller.subject is not None:
            roles = sorted(g.caller.roles)
            structlog.contextvars.bind_contextvars(caller=g.caller.subject[:_LOGGED_CHARACTERS], roles=roles)

    app.before_request(identify)


def check_callers(app: Flask, settings: Settings) -> None:
    """Refuse whoever the route is not for, before the body is read and a place is taken."""
    if settings.auth.mode == "off":
        return
    optional = settings.auth.mode == "optional"

    def check() -> None:
        if _is_open():
            return
        called = operation_of(app.view_functions.get(request.endpoint or ""))
        if called is None or called.rule is None:
            raise NotFound
        if g.refusal is not None:
            raise g.refusal
        g.caller.check(called.rule, optional)

    app.before_request(check)


def caller() -> Caller:
    """The sender of this request."""
    return cast(Caller, g.caller)


def _is_open() -> bool:
    """True for what nobody is asked for: a path without a route (a 404 or 405 to everybody), and a preflight."""
    return request.endpoint is None or request.method == "OPTIONS" or request.blueprint in OPEN_BLUEPRINTS


def _warn(settings: Settings) -> None:
    if not settings.is_production:
        return
    if settings.auth.mode == "off":
        # An error, so that whoever watches the log of a live backend is told at each start.
        level = ERROR if settings.live else WARNING
        log.log(level, "auth.off", note=UNASKED, remedy="AUTH_MODE=required")
    elif settings.auth.any_audience:
        log.warning("auth.any_audience", note="whatever else AUTH_JWT_SECRET signs is a sign-in: set AUTH_AUDIENCE")
