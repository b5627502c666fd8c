"""The doctor's findings, and the small changes that make them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.builders import Marketplace
from tests.routes.test_commands import run

APP_URL = "https://api.example.com"


def change(market: Marketplace, **changes: Any) -> None:
    """Restart the backend with other settings."""
    market.settings = replace(market.settings, **changes)
    market.app = market.another_backend()
    market.http = market.app.test_client()


def findings(market: Marketplace, *words: str) -> dict[str, Any]:
    """The doctor's findings, by what they are about."""
    _, output = run(market, "doctor", "--json", *words)
    return {finding["about"]: finding for finding in json.loads(output)}
