"""Is it alive, able and set up: ``/health`` and ``/ready`` for probes, ``/test`` for the front end's connection check."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify

from backend.domain.sessions import iso_milliseconds
from backend.routes.bodies import services, settings

status = Blueprint("status", __name__)


@status.get("/health")
def health() -> Response:
    """Alive: answers without asking anybody else."""
    return jsonify({"status": "OK", "timestamp": _now(), "environment": settings().app_env})


@status.get("/ready")
def ready() -> Response:
    """Able to take payments: Stripe answers, and takes our key. Remembered for some seconds; 502 or 503 when not."""
    services().readiness.check()
    return jsonify({"status": "ready", "timestamp": _now()})


@status.get("/test")
def test() -> Response:
    """What the Node backend's test endpoint answers."""
    return jsonify(
        {
            "message": "The payments backend is running.",
            "timestamp": _now(),
            "stripeConfigured": bool(settings().stripe_secret_key),
        }
    )


def _now() -> str:
    return iso_milliseconds(datetime.fromtimestamp(services().now(), UTC))
