"""Before each request: who asks, and whether the route is for them. Whose payment or account it is, the use cases check."""

from __future__ import annotations

from typing import cast

import structlog
from flask import Flask, g, request
from werkzeug.exceptions import NotFound

from backend.config.settings import Settings
from backend.config.tokens import Tokens
from backend.domain.access import OPEN_BLUEPRINTS, POLICY, TRUSTED, Caller

log = structlog.get_logger(__name__)

# Of a token's subject, which may be as long as a token.
_LOGGED_CHARACTERS = 100


def attach_auth(app: Flask, settings: Settings) -> None:
    """Check every request, as ``AUTH_MODE`` says."""
    if settings.auth.mode == "off":
        if settings.is_production:
            log.warning("auth.off", note="anybody who reaches the backend may refund and open coaches' dashboards")
        app.before_request(_trust)
        return
    tokens, optional = Tokens(settings.auth), settings.auth.mode == "optional"

    def check() -> None:
        # What has no route is a 404 or a 405 to everybody, and a preflight carries no token.
        if request.endpoint is None or request.method == "OPTIONS" or request.blueprint in OPEN_BLUEPRINTS:
            return
        rule = POLICY.get(request.endpoint)
        if rule is None:
            raise NotFound
        g.caller = tokens.caller(request.headers.get("Authorization"))
        if g.caller.subject is not None:
            roles = sorted(g.caller.roles)
            structlog.contextvars.bind_contextvars(caller=g.caller.subject[:_LOGGED_CHARACTERS], roles=roles)
        g.caller.check(rule, optional)

    app.before_request(check)


def _trust() -> None:
    g.caller = TRUSTED


def caller() -> Caller:
    """Who sent this request."""
    return cast(Caller, g.caller)
