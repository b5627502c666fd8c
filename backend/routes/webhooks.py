"""``/api/webhooks``: Stripe tells us what happened, and tells it again until it is answered with 200."""

from __future__ import annotations

from collections.abc import Iterable
from logging import DEBUG, INFO

import stripe
import structlog
from flask import Blueprint, Response, jsonify, request

from backend.domain import paths
from backend.domain.stripe_time import MOST_SKEW_SECONDS
from backend.http.errors import InvalidSignature, MissingSignature, WebhooksNotConfigured
from backend.http.operations import operation
from backend.http.requests import parse_json, raw_body, services, settings
from backend.observability.metrics import WEBHOOK_LAG, WEBHOOKS, labelled
from backend.schemas.status import Received
from backend.services.errors import InvalidRequest
from backend.services.operators.pings import PING, machine_name
from backend.webhooks.event import Event, NotAnEvent, read_event
from backend.webhooks.handlers import EVENT_TYPES, handle
from backend.webhooks.thin import is_notification, read_notification

log = structlog.get_logger(__name__)

webhooks = Blueprint("webhooks", __name__, url_prefix=paths.WEBHOOKS)

# Stripe signs with every secret of the endpoint: two while one is rolled.
_MOST_SIGNATURES = 16
_LONGEST_SIGNATURE = 2_048


@webhooks.post("/stripe")
@operation(None, Received, failures=(400, 408, 413, 500, 503))
def receive() -> Response:
    """One delivery of one event."""
    event = _verified(raw_body(), request.headers.get("Stripe-Signature"))
    structlog.contextvars.bind_contextvars(event_id=event.id, event_type=event.type)
    outcome = _counted(event)
    # Most types are of no interest here; Stripe sends what an endpoint asked for, and "*" asks for all.
    log.log(DEBUG if outcome == "ignored" else INFO, "webhook", outcome=outcome, account=event.account)
    # A ping of ours asks which machine took it; only who has a secret can ask.
    return jsonify({"received": True, "machine": machine_name()} if event.type == PING else {"received": True})


def _counted(event: Event) -> str:
    """Handle the event; how that ended, counted too. Of types that nobody asked for there could be any number."""
    kind = event.type if event.type in EVENT_TYPES else "other"
    if event.created is not None:
        WEBHOOK_LAG.observe(max(0, services().now() - event.created))
    try:
        # A production endpoint for connected accounts also receives their test events.
        outcome = handle(services(), event) if event.livemode == settings().live else "other_mode"
    except Exception:
        labelled(WEBHOOKS, kind, "failed").inc()
        raise
    labelled(WEBHOOKS, kind, outcome).inc()
    return outcome


def _verified(payload: bytes, signature: str | None) -> Event:
    """The event, if a secret of its own endpoint signed exactly these bytes within five minutes of now.

    Stripe signs events of the platform with one secret, and those of connected accounts, which name the account, with
    another: neither is believed with the other's. Where one kind has no secret, the other's is for both.
    Events that only v2 has, of accounts and of endpoints, may come from either.
    """
    platform, connected = settings().stripe_webhook_secrets, settings().stripe_connect_webhook_secrets
    if not platform + connected:
        raise WebhooksNotConfigured
    if not signature:
        raise MissingSignature
    signed_by = _signed_by(payload, signature, {*platform, *connected})
    if not signed_by:
        raise InvalidSignature
    event = _event(payload)
    own = (connected or platform) if event.account else (platform or connected)
    if not signed_by & {*own} and not event.type.startswith("v2."):
        log.warning("webhook.other_endpoints_secret", account=event.account, event_type=event.type)
        raise InvalidSignature
    return event


def _signed_by(payload: bytes, signature: str, secrets: Iterable[str]) -> set[str]:
    """The secrets with which the bytes were signed."""
    if len(signature) > _LONGEST_SIGNATURE or signature.count("v1=") > _MOST_SIGNATURES:
        return set()
    try:
        # The SDK compares as text: one byte that is not ASCII would raise a TypeError out of it.
        signature.encode("ascii")
        body = payload.decode("utf-8")
    except UnicodeError:
        return set()
    if not _is_recent(signature):
        return set()
    return {secret for secret in secrets if _matches(body, signature, secret)}


def _is_recent(signature: str) -> bool:
    stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
    if len(stamps) != 1 or not (stamps[0].isdecimal() and len(stamps[0]) <= 12):
        return False
    # In both directions: the SDK only refuses what is too old.
    return abs(services().now() - int(stamps[0])) <= MOST_SKEW_SECONDS


def _matches(body: str, signature: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, signature, secret, tolerance=None))
    except stripe.SignatureVerificationError:
        return False


def _event(payload: bytes) -> Event:
    document = parse_json(payload)
    try:
        return read_notification(document) if is_notification(document) else read_event(document, EVENT_TYPES)
    except NotAnEvent as error:
        raise InvalidRequest("This is not a Stripe event.", field=str(error)) from error
