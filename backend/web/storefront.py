"""The storefront: to try everything in a browser. Not there in production."""

from __future__ import annotations

from typing import Any

import stripe
from flask import Blueprint, Response

from backend.http.requests import settings
from backend.services.errors import NotFound, PaymentsError
from backend.web.rendering import page, problem
from backend.web.samples import SampleCoach, sample_coaches

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
    """The packages of a coach, and the card to pay with."""
    coach, catalogue = _coach(coach_id), settings().catalogue
    offers = [offer for offer in catalogue.offers if offer.sport == coach.sport]
    base, key = settings().stripe_api_base, settings().stripe_publishable_key
    script = f"{base}/v3/" if base else "https://js.stripe.com/v3/"
    facts: dict[str, Any] = {"coach": coach, "offers": offers, "currency": catalogue.currency}
    return page("buy.html", scripts=True, pays=True, stripe_js=script, key=key, cards=CARDS, **facts)


def _coach(coach_id: str) -> SampleCoach:
    for coach in sample_coaches(settings().catalogue):
        if coach.id == coach_id:
            return coach
    raise NotFound("There is no such coach.")
