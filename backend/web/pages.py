"""What a browser sees: the page that a coach comes back to from Stripe's onboarding, and the front-end services."""

from __future__ import annotations

from pathlib import PurePosixPath

from flask import Blueprint, Response, make_response, render_template, request

pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

# No script, no frame, nothing from elsewhere.
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

# A machine's own table of types may call a script plain text (Windows often does), and a declaration a film.
# Under nosniff a browser then refuses the script.
_TYPES = {".js": "text/javascript; charset=utf-8", ".ts": "text/plain; charset=utf-8"}


@pages.after_request
def name_the_type(response: Response) -> Response:
    """Call a served script a script, whatever the machine thinks of its name."""
    known = _TYPES.get(PurePosixPath(request.path).suffix)
    if known and response.status_code < 400:
        response.headers["Content-Type"] = known
    return response


@pages.get("/coach/earnings")
def coach_earnings() -> Response:
    """Where Stripe sends a coach after onboarding, finished or not: Stripe's return tells nothing more."""
    response = make_response(render_template("coach_earnings.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response
