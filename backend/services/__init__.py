"""The use cases, each given the Stripe client and the time. No Flask, no schemas, no routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import stripe

from backend.domain.catalogue import Catalogue
from backend.domain.money import FeeRate
from backend.services.coaches import Coaches
from backend.services.declines import Declines
from backend.services.manual_transfers import ManualTransfers
from backend.services.payments import Payments
from backend.services.readiness import Readiness
from backend.services.receipts import Receipts
from backend.services.refunds import Refunds
from backend.services.registry import Registry
from backend.services.releases import Releases
from backend.services.settlement import Settler


@dataclass(frozen=True)
class Services:
    """Every use case, wired."""

    payments: Payments
    declines: Declines
    receipts: Receipts
    readiness: Readiness
    refunds: Refunds
    coaches: Coaches
    transfers: ManualTransfers
    releases: Releases
    settler: Settler
    registry: Registry
    client: stripe.StripeClient
    now: Callable[[], int]


def build_services(
    client: stripe.StripeClient,
    catalogue: Catalogue,
    rate: FeeRate,
    app_url: str,
    now: Callable[[], int],
    late_coaches_wait: bool = False,
    max_declines: int = 0,
) -> Services:
    """Wire the use cases. ``now`` gives the unix time in seconds; ``late_coaches_wait``: see ``Registry``;
    ``max_declines``: see ``Declines``."""
    registry = Registry(client, late_coaches_wait, now)
    settler = Settler(client, registry)
    return Services(
        payments=Payments(client, registry, catalogue, rate, now),
        declines=Declines(client, max_declines),
        receipts=Receipts(client),
        readiness=Readiness(client, now),
        refunds=Refunds(client, settler),
        coaches=Coaches(client, registry, app_url),
        transfers=ManualTransfers(client, registry, settler),
        releases=Releases(client, registry),
        settler=settler,
        registry=registry,
        client=client,
        now=now,
    )
