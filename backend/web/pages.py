"""What a browser sees: the page that a coach comes back to from Stripe's onboarding."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

# No script, no frame, nothing from elsewhere.
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@pages.get("/coach/earnings")
def coach_earnings() -> Response:
    """Where Stripe sends a coach after onboarding, finished or not: Stripe's return tells nothing more."""
    response = make_response(render_template("coach_earnings.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response
