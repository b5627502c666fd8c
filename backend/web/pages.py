"""The pages that production has too: where Stripe sends people back to, and the front-end services."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import stripe
from flask import Blueprint, Response, request
from flask_limiter import RateLimitExceeded

from backend.http.errors import failure_response
from backend.http.requests import services, settings
from backend.services.errors import NotFound, PaymentsError
from backend.services.purchases.receipts import State
from backend.web.coach_page import STANDINGS, read_coach_page
from backend.web.receipt_facts import receipt_facts
from backend.web.rendering import page, problem
from backend.web.samples import sample_coaches

pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

# A machine's own table of types may call a script plain text (Windows often does), and a declaration a film.
# Under nosniff a browser then refuses the script.
_TYPES = {".js": "text/javascript; charset=utf-8", ".ts": "text/plain; charset=utf-8"}
_SECRET = re.compile(r"(pi_[A-Za-z0-9]{8,64})_secret_[A-Za-z0-9]{8,64}", re.ASCII)

# What each state is called, what it means, and how it is coloured.
TEXTS = {
    State.PAID: ("You are all set", "Your payment went through, and your coaching session is open.", "good"),
    State.REFUNDED: ("Refunded", "This payment was given back in full, so its session is closed.", "plain"),
    State.PROCESSING: ("Almost there", "Your payment is being processed. This page shows when it is done.", "wait"),
    State.UNFINISHED: ("Your bank has a question", "The payment was not confirmed yet. Nothing was charged.", "wait"),
    State.DECLINED: ("The payment did not go through", "Nothing was charged. Another card may work.", "bad"),
    State.NOT_PAID: ("Not paid yet", "Nothing was charged.", "plain"),
    State.CANCELED: ("Given up", "This purchase was canceled. Nothing was charged.", "plain"),
}

for _failure in (stripe.StripeError, PaymentsError, RateLimitExceeded):
    pages.register_error_handler(_failure, problem)


@pages.app_errorhandler(404)
def no_page(error: Exception) -> Response:
    """Answer a person who typed a wrong address with a page; every program, and the API's own addresses, with JSON."""
    is_person = "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")
    return problem(error) if is_person else failure_response(error)


@pages.after_request
def name_the_type(response: Response) -> Response:
    """Call a served script a script, whatever the machine thinks of its name."""
    known = _TYPES.get(PurePosixPath(request.path).suffix)
    if known and response.status_code < 400:
        response.headers["Content-Type"] = known
    return response


@pages.get("/payment-success")
def payment_success() -> Response:
    """The page to which Stripe.js leads after paying. It believes the payment, never the address (docs/stripe.md 1.3)."""
    return _receipt("We could not find your payment", "If you paid, your session is in the app.")


@pages.get("/payment-cancel")
def payment_cancel() -> Response:
    """The page for a player who turned back. Should the payment have gone through all the same, it says so."""
    return _receipt("No payment was made", "You turned back before paying, so nothing was charged.")


def _receipt(title: str, text: str) -> Response:
    given = _SECRET.fullmatch(request.args.get("payment_intent_client_secret", ""))
    if given is None:
        return page("no_payment.html", title=title, text=text)
    try:
        receipt = services().receipts.read(given[1], given[0])
    except NotFound:
        return page("no_payment.html", title=title, text=text)
    title, text, tone = TEXTS[receipt.state]
    facts = receipt_facts(receipt) | {"title": title, "text": text, "tone": tone, "terms": settings().refund_terms}
    return page("receipt.html", scripts=not settings().is_production, receipt=receipt, **facts)


@pages.get("/coach/earnings")
def coach_earnings() -> Response:
    """The page to which Stripe sends a coach after onboarding, finished or not: Stripe's return tells nothing more.

    In development it is also where a coach of the storefront registers, and sees what was earned.
    """
    if settings().is_production:
        return page("coach_earnings.html")
    coaches = sample_coaches(settings().catalogue)
    coach = next((one for one in coaches if one.id == request.args.get("coach")), None)
    shown = read_coach_page(services(), coach.id) if coach else None
    return page("coach.html", scripts=True, coaches=coaches, coach=coach, shown=shown, standings=STANDINGS)
