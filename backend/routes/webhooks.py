"""``/api/webhooks``: Stripe tells us what happened, and tells it again until it is answered with 200."""

from __future__ import annotations

from collections.abc import Iterable
from logging import DEBUG, INFO

import stripe
import structlog
from flask import Blueprint, Response, jsonify, request

from backend.event import Event
from backend.events import EVENT_TYPES, handle
from backend.metrics import WEBHOOK_LAG, WEBHOOKS
from backend.routes.bodies import parse_json, raw_body, services, settings
from backend.routes.errors import InvalidSignature, MissingSignature, WebhooksNotConfigured
from backend.services.errors import InvalidRequest

log = structlog.get_logger(__name__)

webhooks = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")

# Stripe's own advice, in both directions: the SDK only refuses what is too old.
# https://docs.stripe.com/webhooks#replay-attacks
TOLERANCE_SECONDS = 300


@webhooks.post("/stripe")
def receive() -> Response:
    """One delivery of one event."""
    event = _verified(raw_body(), request.headers.get("Stripe-Signature"))
    structlog.contextvars.bind_contextvars(event_id=event.id, event_type=event.type)
    outcome = _counted(event)
    # Most types are of no interest here; Stripe sends what an endpoint asked for, and "*" asks for all.
    log.log(DEBUG if outcome == "ignored" else INFO, "webhook", outcome=outcome, account=event.account)
    return jsonify({"received": True})


def _counted(event: Event) -> str:
    """Handle the event; how that ended, counted too. Of types that nobody asked for there could be any number."""
    kind = event.type if event.type in EVENT_TYPES else "other"
    if isinstance(event.created, int):
        WEBHOOK_LAG.observe(max(0, services().now() - event.created))
    try:
        # A production endpoint for connected accounts also receives their test events.
        outcome = handle(services(), event) if event.livemode == settings().live else "other_mode"
    except Exception:
        WEBHOOKS.labels(kind, "failed").inc()
        raise
    WEBHOOKS.labels(kind, outcome).inc()
    return outcome


def _verified(payload: bytes, signature: str | None) -> Event:
    """The event, if one of our secrets signed exactly these bytes within five minutes of now."""
    secrets = settings().stripe_webhook_secrets + settings().stripe_connect_webhook_secrets
    if not secrets:
        raise WebhooksNotConfigured
    if not signature:
        raise MissingSignature
    if not _is_signed(payload, signature, secrets):
        raise InvalidSignature
    return _event(payload)


def _is_signed(payload: bytes, signature: str, secrets: Iterable[str]) -> bool:
    try:
        # The SDK compares as text: one byte that is not ASCII would raise a TypeError out of it.
        signature.encode("ascii")
        body = payload.decode("utf-8")
    except UnicodeError:
        return False
    return _is_recent(signature) and any(_matches(body, signature, secret) for secret in secrets)


def _is_recent(signature: str) -> bool:
    stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
    if len(stamps) != 1 or not (stamps[0].isdecimal() and len(stamps[0]) <= 12):
        return False
    return abs(services().now() - int(stamps[0])) <= TOLERANCE_SECONDS


def _matches(body: str, signature: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, signature, secret, tolerance=None))
    except stripe.SignatureVerificationError:
        return False


def _event(payload: bytes) -> Event:
    document = parse_json(payload)
    try:
        return Event(
            id=str(document["id"]),
            type=str(document["type"]),
            account=document.get("account"),
            livemode=bool(document.get("livemode")),
            created=document.get("created"),
            object=document["data"]["object"],
            previous=document["data"].get("previous_attributes"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        # Signed, but not a snapshot event: an endpoint for thin events points here.
        raise InvalidRequest("This is not a Stripe snapshot event.", field="body") from error
