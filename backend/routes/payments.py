"""``/api/payments``: buying, confirming, reading back, refunding, and releasing the coach's share."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from backend.domain.access import ADMINS, COACHES, EVERYBODY, PLAYERS, PLAYERS_AND_GUESTS
from backend.domain.paths import PAYMENTS
from backend.http.auth import caller
from backend.http.operations import operation
from backend.http.requests import body, idempotency_key, path_payment_id, respond, services, settings
from backend.observability.metrics import PURCHASES, REFUNDED, labelled
from backend.routes import examples
from backend.schemas.payments import (
    AcceptRequest,
    ConfirmRequest,
    ConfirmResponse,
    CreateIntentRequest,
    CreateIntentResponse,
    DeliveredRequest,
    IntentResponse,
    RefundBody,
    RefundResponse,
    ReleaseResponse,
)
from backend.schemas.screens import PackagesResponse

payments = Blueprint("payments", __name__, url_prefix=PAYMENTS)

# Two addresses at which the same thing is bought.
_purchase = operation(
    PLAYERS_AND_GUESTS,
    CreateIntentResponse,
    body=CreateIntentRequest,
    failures=(400, 409),
    keyed=True,
    example=examples.PURCHASE,
)


@payments.post("/create-intent")
@_purchase
def create_intent() -> Response:
    """An intent to pay for a package or subscription, with the secret to pay it in the front end."""
    return _buy(needs_account=False)


@payments.post("/create-destination-charge")
@_purchase
def create_destination_charge() -> Response:
    """The same purchase, as the screens make it: only from a coach who has an account.

    The name is that of an earlier backend's mechanism. The money goes the way of every other purchase.
    """
    return _buy(needs_account=True)


def _buy(needs_account: bool) -> Response:
    order = body(CreateIntentRequest)
    order = replace(order, player_id=caller().player_for(order.player_id))
    subject = caller().subject
    placed = services().payments.create_intent(order, idempotency_key(), subject=subject, needs_account=needs_account)
    labelled(PURCHASES, placed.intent.currency).inc()
    return respond(CreateIntentResponse, placed)


@payments.get("/packages")
@operation(EVERYBODY, PackagesResponse)
def list_packages() -> Response:
    """The price list, with the platform's part in percent."""
    catalogue, rate = settings().catalogue, settings().fee_rate
    return respond(
        PackagesResponse,
        {
            "currency": catalogue.currency,
            "platform_fee_percentage": rate.percent,
            "refund_terms": settings().refund_terms or None,
            "sports": catalogue.sports,
            "packages": catalogue.offers,
        },
    )


@payments.post("/confirm")
@operation(
    PLAYERS_AND_GUESTS,
    ConfirmResponse,
    body=ConfirmRequest,
    failures=(400, 404, 409),
    example=examples.CONFIRMATION,
)
def confirm() -> Response:
    """The coaching session that a payment opened."""
    asked = body(ConfirmRequest)
    session = services().payments.confirm(asked["payment_intent_id"], asked["session_data"], caller())
    return respond(ConfirmResponse, {"session": session})


@payments.get("/intent/<payment_id>")
@operation(PLAYERS, IntentResponse, failures=(404,))
def read_intent(payment_id: str) -> Response:
    """A payment's status, amount and purchase."""
    intent = services().payments.intent(path_payment_id(payment_id), caller())
    return respond(IntentResponse, {"payment_intent": intent})


@payments.post("/refund")
@operation(
    ADMINS,
    RefundResponse,
    body=RefundBody,
    failures=(400, 402, 404, 409),
    keyed=True,
    example=examples.REFUND,
)
def refund() -> Response:
    """Money back to the player; the coach's part of it comes back too."""
    made = services().refunds.refund(body(RefundBody), idempotency_key())
    labelled(REFUNDED, made.currency).inc(made.amount)
    return respond(RefundResponse, {"refund": made})


@payments.post("/delivered")
@operation(COACHES, ReleaseResponse, body=DeliveredRequest, failures=(400, 404, 409), example=examples.DELIVERY)
def deliver() -> Response:
    """The coach has delivered the work: the share is released some days later."""
    asked = body(DeliveredRequest)
    return respond(ReleaseResponse, {"release": services().deliveries.deliver(asked["payment_intent_id"], caller())})


@payments.post("/accept")
@operation(PLAYERS_AND_GUESTS, ReleaseResponse, body=AcceptRequest, failures=(400, 404, 409), example=examples.DELIVERY)
def accept() -> Response:
    """The player accepts the work: the coach is paid at once."""
    asked = body(AcceptRequest)
    release = services().deliveries.accept(asked["payment_intent_id"], caller(), asked["client_secret"])
    return respond(ReleaseResponse, {"release": release})
