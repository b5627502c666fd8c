"""The storefront and the money map: to try everything in a browser. Not there in production."""

from __future__ import annotations

from typing import Any

import stripe
from flask import Blueprint, Response

from backend.domain.metadata import Purchase
from backend.domain.namespace import Namespace
from backend.domain.reasons import WORDS
from backend.http.requests import services, settings
from backend.schemas.fields import is_payment_id
from backend.services.errors import NotFound, PaymentsError, UnreadablePayment
from backend.services.operators.timeline import timeline_of
from backend.services.reads import metadata_of, purchase_of, sold_payment
from backend.services.settlement.ledger import ledger_of
from backend.services.settlement.settle import UNCLEAR
from backend.stripe_client.platform import namespace_of
from backend.web.money_map import HEIGHT, WIDTH, bands, explain, source
from backend.web.rendering import page, problem
from backend.web.samples import SampleCoach, sample_coaches

storefront = Blueprint("storefront", __name__, template_folder="templates")

_NEWEST = 25
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


@storefront.get("/money")
def payments() -> Response:
    """The newest purchases, each with its map."""
    client = services().client
    namespace, newest = namespace_of(client), client.v1.payment_intents.list({"limit": _NEWEST}).data
    sold = [(intent, _purchase(intent, namespace)) for intent in newest if namespace.is_ours(metadata_of(intent))]
    return page("payments.html", sold=[one for one in sold if one[1] is not None])


def _purchase(intent: stripe.PaymentIntent, namespace: Namespace) -> Purchase | None:
    """None for one that is damaged too: it must not hide the others."""
    try:
        return purchase_of(intent, namespace)
    except UnreadablePayment:
        return None


@storefront.get("/money/<payment_id>")
def money_map(payment_id: str) -> Response:
    """The money map: where every cent of one payment is, and how it came there. The page looks again by itself."""
    if not is_payment_id(payment_id):
        raise NotFound("There is no such payment.")
    client = services().client
    payment = sold_payment(client, payment_id)
    facts: dict[str, Any] = {"payment": payment, "story": timeline_of(client, payment), "size": (WIDTH, HEIGHT)}
    try:
        ledger = ledger_of(client, services().registry, payment_id)
    except tuple(UNCLEAR) as unclear:
        why = WORDS[UNCLEAR[type(unclear)]].meaning
        return page("money.html", scripts=True, ledger=None, why=why, bands=[], **facts)
    drawn = bands(ledger)
    why = explain(ledger, payment.note)
    return page("money.html", scripts=True, ledger=ledger, bands=drawn, source=source(drawn), why=why, **facts)
