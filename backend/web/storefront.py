"""The storefront: to try everything in a browser. Not there in production."""

from __future__ import annotations

from typing import Any

import stripe
from flask import Blueprint, Response

from backend.domain.decline_advice import ADVICE
from backend.http.requests import services, settings
from backend.services.errors import NotFound, PaymentsError
from backend.web.choices import choices_of
from backend.web.rendering import page, problem
from backend.web.samples import SAMPLE_REFUND_TERMS, SampleCoach, sample_coaches

storefront = Blueprint("storefront", __name__, template_folder="templates")

# Told to the visitor beside the card's fields. The numbers are Stripe's: https://docs.stripe.com/testing
CARDS = (
    ("4242 4242 4242 4242", "is accepted"),
    ("4000 0027 6000 3184", "asks for 3-D Secure"),
    ("4000 0000 0000 9995", "is declined: insufficient funds"),
    ("4000 0000 0000 0259", "is accepted, and disputed later"),
    ("4000 0000 0000 0077", "is accepted, the money available at once"),
)

for _failure in (stripe.StripeError, PaymentsError):
    storefront.register_error_handler(_failure, problem)


@storefront.get("/")
def coaches() -> Response:
    """The coaches to buy from."""
    catalogue = settings().catalogue
    least = {sport: min(o.price for o in catalogue.offers if o.sport == sport) for sport in catalogue.sports}
    return page("coaches.html", coaches=sample_coaches(catalogue), least=least, currency=catalogue.currency)


@storefront.get("/coaches/<coach_id>")
def buy(coach_id: str) -> Response:
    """Return the page with what a coach offers, what is to know before paying, and the fields to pay with."""
    coach, chosen = _coach(coach_id), settings()
    base = chosen.stripe_api_base
    facts: dict[str, Any] = {
        "coach": coach,
        "choices": choices_of(chosen.catalogue, coach.sport, services().now()),
        "currency": chosen.catalogue.currency,
        "terms": chosen.refund_terms or SAMPLE_REFUND_TERMS,
        "statement": services().statement_names.read(),
        "sends_mail": chosen.live,
        "stripe_js": f"{base}/v3/" if base else "https://js.stripe.com/v3/",
        "key": chosen.stripe_publishable_key,
        "advice": dict(ADVICE),
        "cards": CARDS,
    }
    return page("buy.html", scripts=True, pays=True, **facts)


def _coach(coach_id: str) -> SampleCoach:
    for coach in sample_coaches(settings().catalogue):
        if coach.id == coach_id:
            return coach
    raise NotFound("There is no such coach.")
