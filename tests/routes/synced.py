"""Running webhooks sync, and what it left at Stripe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from tests.builders import Marketplace
from tests.routes.test_commands import run

URL = "https://1234.ngrok-free.app"


def believe(market: Marketplace, written: dict[str, Any]) -> None:
    """Restart the backend with what stands in the file."""
    secrets = {
        "stripe_webhook_secrets": tuple((written.get("STRIPE_WEBHOOK_SECRET") or "").split(",")),
        "stripe_connect_webhook_secrets": tuple((written.get("STRIPE_CONNECT_WEBHOOK_SECRET") or "").split(",")),
    }
    known = {name: tuple(filter(None, values)) for name, values in secrets.items()}
    market.settings = market.settings.__class__(**{**market.settings.__dict__, **known})
    market.app = market.another_backend()
    market.http = market.app.test_client()


def sync(market: Marketplace, file: Path, *words: str, url: str = URL) -> tuple[int, str]:
    """The command, then a restart."""
    result = run(market, "webhooks", "sync", url, "--env-file", str(file), *words)
    believe(market, dotenv_values(file) if file.exists() else {})
    return result
