"""The rendering of a page: its template, the name of the app, and a policy that names all it may load."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, make_response, render_template

from backend.domain.days import spell_moment, spell_month
from backend.domain.money import format_money
from backend.http.errors import failure_of
from backend.http.requests import settings

STRIPE = ("https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com", "https://api.stripe.com")


def stripe_origins() -> tuple[str, ...]:
    """The hosts from which Stripe.js comes and which it opens: Stripe's own, or the sandbox.

    https://docs.stripe.com/security/guide#content-security-policy
    """
    base = settings().stripe_api_base
    return (base,) if base else STRIPE


def policy(*, scripts: bool = False, pays: bool = False, forms: bool = False) -> str:
    """A Content-Security-Policy: nothing inline, nothing from elsewhere, in nobody's frame; Stripe where a card is entered,
    forms only to this site, and only where there are some.
    """
    own = " 'self'" if scripts else ""
    stripes = " ".join(("", *stripe_origins())) if pays else ""
    rules = {
        "default-src": " 'none'",
        "style-src": " 'self'",
        "img-src": " 'self'",
        "script-src": own + stripes,
        "connect-src": own + stripes,
        "frame-src": stripes,
        "base-uri": " 'none'",
        "form-action": " 'self'" if forms else " 'none'",
        "frame-ancestors": " 'none'",
    }
    return "; ".join(f"{name}{sources}" for name, sources in rules.items() if sources)


def page(
    template: str, status: int = 200, *, scripts: bool = False, pays: bool = False, forms: bool = False, **context: Any
) -> Response:
    """A page. What its template shows of a payment is for one person: no cache keeps it."""
    context |= {
        "app_name": settings().app_name,
        "development": not settings().is_production,
        "money": format_money,
        "clock": _clock,
        "when": spell_moment,
        "month": spell_month,
    }
    response = make_response(render_template(template, **context), status)
    response.headers["Content-Security-Policy"] = policy(scripts=scripts, pays=pays, forms=forms)
    response.headers["Cache-Control"] = "no-store"
    # A page that opened this one, or that this one opens, has no hold on its window.
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


def _clock(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def problem(error: Exception) -> Response:
    """A page that says what is wrong, in the words that the API has for it."""
    failure = failure_of(error)
    response = page("problem.html", failure.http_status, failure=failure)
    if failure.retry_later:
        response.headers["Retry-After"] = "5"
    return response
