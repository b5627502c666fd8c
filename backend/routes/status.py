"""Is it alive, able, busy and set up: ``/health``, ``/ready``, ``/metrics``, and the front end's connection check."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import NotFound

from backend.domain.access import NotSignedIn
from backend.domain.sessions import iso_milliseconds
from backend.http.operations import operation
from backend.http.requests import services, settings
from backend.observability.metrics import exposition
from backend.schemas.status import Alive, Tested

status = Blueprint("status", __name__)


@status.get("/health")
@operation(None, Alive)
def health() -> Response:
    """Alive: answers without asking anybody else."""
    return jsonify({"status": "OK", "timestamp": _now(), "environment": settings().app_env})


@status.get("/ready")
@operation(None, Alive, failures=(502, 503))
def ready() -> Response:
    """Able to take payments: Stripe answers, and takes our key. Remembered for some seconds; 502 or 503 when not."""
    services().readiness.check()
    return jsonify({"status": "ready", "timestamp": _now()})


@status.get("/metrics")
def metrics() -> Response:
    """The counts of all workers of this machine, for Prometheus: to whoever has ``METRICS_TOKEN``."""
    token = settings().metrics_token
    if not token:
        raise NotFound
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        raise NotSignedIn
    return Response(exposition(), content_type=CONTENT_TYPE_LATEST)


@status.get("/test")
@operation(None, Tested)
def test() -> Response:
    """The answer of the Node backend's test endpoint."""
    return jsonify(
        {
            "message": "The payments backend is running.",
            "timestamp": _now(),
            "stripeConfigured": bool(settings().stripe_secret_key),
        }
    )


def _now() -> str:
    return iso_milliseconds(datetime.fromtimestamp(services().now(), UTC))
