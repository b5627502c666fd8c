"""The stand-in for Stripe.js: a script for a shop's page, and the frame in which a card is entered."""

import json
from pathlib import Path

from markupsafe import Markup
from werkzeug import Request, Response

from ..state.world import World
from ..wire.http import API_VERSION
from .html import STATIC, framed

# What a page may call, and what it hears a refusal from; the second in Stripe.js's own words.
SERVED = {
    "Stripe(publishableKey)": "test keys only; refuses secret and live ones",
    "elements({clientSecret? | mode, amount, currency, appearance?})": "mode payment; theme stripe or night, and the "
    "variables of colour, font and radius",
    "elements.create('card' | 'payment')": "mount, update, clear, focus, blur, unmount, destroy; on, once, off, of "
    "them loaderror; style, classes; cards only, no wallets",
    "elements.submit()": "checks the fields; with a mode, confirmPayment wants it first",
    "confirmCardPayment(secret, {payment_method, …}, {handleActions})": "with a card Element or a PaymentMethod's id",
    "confirmPayment({elements, clientSecret?, confirmParams, redirect})": "leads to the return_url, or with if_required stays",
    "handleNextAction({clientSecret})": "asks the bank; handleCardAction(secret) too",
    "retrievePaymentIntent(secret)": "the part of it that browsers see",
    "createPaymentMethod({type: 'card', card | elements})": "good for one payment",
}
REFUSED = (
    "collectBankAccountForPayment confirmCardSetup confirmSetup confirmUsBankAccountPayment createConfirmationToken "
    "createEmbeddedCheckoutPage createRadarSession createSource createToken initCheckout initEmbeddedCheckout paymentRequest "
    "processOrder redirectToCheckout retrieveSetupIntent retrieveSource verifyIdentity"
).split()
# Stripe.js is named as the API's versions are, and Stripe's loader compares the names.
RELEASE = API_VERSION.partition(".")[2]
# One script, as Stripe's is, of parts that are small enough to read.
PARTS = ("frames.js", "elements.js", "payments.js")
FIELDS = (
    ("number", "Card number", "cc-number", "1234 1234 1234 1234"),
    ("expiry", "Expiration date", "cc-exp", "MM / YY"),
    ("code", "Security code", "cc-csc", "CVC"),
)
FIELD = Markup(
    "<div class='{name}'><label for='{name}'>{label}</label><input id='{name}' name='{name}' autocomplete='{fill}' "
    "inputmode='numeric' placeholder='{hint}' spellcheck='false' aria-describedby='{name}-problem'>{more}"
    "<p class='problem' id='{name}-problem'></p></div>"
)
# The brand of the number, once it can be told, beside all that are taken: nothing below moves while somebody types.
BRAND = Markup("<span class='brand' role='status'></span><p class='brands'>{}</p>")
BRANDS = "Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay"


def script(world: World, request: Request, release: str = "v3") -> Response:
    """`window.Stripe`. It finds the sandbox by the address that it was loaded from."""
    parts = "\n".join(_read(STATIC / "stripe_js" / name) for name in PARTS)
    text = f"((RELEASE, REFUSED) => {{\n{parts}}})({json.dumps(RELEASE)}, {json.dumps(REFUSED)});\n"
    return Response(text, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})


def card_frame(world: World, request: Request) -> Response:
    """The fields of a card. Their digits go from here to the API, and nowhere else."""
    more = {"number": BRAND.format(BRANDS)}
    fields = (
        FIELD.format(name=name, label=label, fill=fill, hint=hint, more=more.get(name, ""))
        for name, label, fill, hint in FIELDS
    )
    form = Markup("<main><form novalidate>{}<button hidden>Pay</button></form></main>").format(Markup().join(fields))
    return framed("Card", form, "card_frame.js", sheet="card.css")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
