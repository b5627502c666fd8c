"""Steps that the tests of thin endpoints share: set a backend up, and read what is registered at Stripe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values

from tests.builders import Marketplace


def set_up(market: Marketplace, payload: Literal["snapshot", "thin"], **changes: Any) -> None:
    """Go on with a backend of that setting."""
    market.settings = replace(market.settings, webhook_payload=payload, **changes)
    market.app = market.another_backend()
    market.http = market.app.test_client()


def destinations(market: Marketplace) -> dict[str, Any]:
    """Those of thin events that the command made, by kind."""
    listed = market.stripe.v2.core.event_destinations.list({"include": ["webhook_endpoint.url"]})
    return {one.metadata["endpointKind"]: one for one in listed if one.event_payload == "thin"}


def secrets(file: Path) -> list[list[str]]:
    """The platform's, then the connected accounts'."""
    written = dotenv_values(file)
    names = ("STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET")
    return [(written.get(name) or "").split(",") for name in names]
