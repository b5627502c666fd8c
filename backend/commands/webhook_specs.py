"""The endpoints and destinations that a deployment should have at Stripe, by its settings and its file of secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import stripe
from dotenv import dotenv_values

from backend.config.settings import Settings
from backend.services.coach.account_lists import made_by_v2
from backend.services.operators.destinations import DestinationSpec
from backend.services.operators.endpoints import EndpointSpec
from backend.services.reads import PAGE
from backend.webhooks.handlers import CONNECTED_TYPES, PLATFORM_TYPES, V2_ACCOUNT_TYPES

PLATFORM, CONNECTED, ACCOUNTS = "platform", "connected", "accounts"
VARIABLES = {
    PLATFORM: "STRIPE_WEBHOOK_SECRET",
    CONNECTED: "STRIPE_CONNECT_WEBHOOK_SECRET",
    ACCOUNTS: "STRIPE_CONNECT_WEBHOOK_SECRET",
}


def wanted_endpoints(settings: Settings, url: str, env_file: Path | None) -> Iterator[EndpointSpec]:
    """Yield both endpoints of snapshots as they should be. What stands in the file counts: an earlier run wrote it."""
    for kind, events in ((PLATFORM, PLATFORM_TYPES), (CONNECTED, CONNECTED_TYPES)):
        secrets = secrets_of(settings, kind, env_file)
        yield EndpointSpec(kind, kind == CONNECTED, url, events, stripe.api_version, secrets, settings.namespace)


def wanted_destinations(
    settings: Settings, url: str, env_file: Path | None, with_v2: bool
) -> Iterator[DestinationSpec]:
    """Yield the destinations of thin events as they should be: both, or the one for v2 accounts beside snapshots."""
    rows: list[tuple[str, tuple[str, ...], frozenset[str]]] = [
        (PLATFORM, ("@self",), _thin(PLATFORM_TYPES) | V2_ACCOUNT_TYPES),
        (CONNECTED, ("@accounts",), _thin(CONNECTED_TYPES) | V2_ACCOUNT_TYPES),
    ]
    if settings.webhook_payload == "snapshot":
        rows = [(ACCOUNTS, ("@self", "@accounts"), V2_ACCOUNT_TYPES)] if with_v2 else []
    for kind, scopes, events in rows:
        yield DestinationSpec(kind, scopes, url, events, secrets_of(settings, kind, env_file), settings.namespace)


def _thin(types: frozenset[str]) -> frozenset[str]:
    return frozenset(f"v1.{kind}" for kind in types)


def has_v2_accounts(settings: Settings, client: stripe.StripeClient) -> bool:
    """True if accounts are made by Stripe's v2 API, or one was."""
    return settings.account_terms.connect_accounts == "v2" or bool(
        made_by_v2(client, client.v1.accounts.list({"limit": PAGE}))
    )


def may_list_destinations(settings: Settings) -> bool:
    """True where several secrets are kept: then there may be earlier endpoints."""
    return max(len(settings.stripe_webhook_secrets), len(settings.stripe_connect_webhook_secrets)) > 1


def secrets_of(settings: Settings, kind: str, env_file: Path | None) -> tuple[str, ...]:
    """The secrets of a kind, by the file that an earlier run wrote, else by the settings."""
    written = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    kept = tuple(part.strip() for part in (written.get(VARIABLES[kind]) or "").split(",") if part.strip())
    believed = settings.stripe_webhook_secrets if kind == PLATFORM else settings.stripe_connect_webhook_secrets
    return kept or believed
