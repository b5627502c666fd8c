"""The sorts of marketplaces that there are beside the usual one: v1 accounts and snapshot events."""

from __future__ import annotations

from collections.abc import Callable

from tests.builders import WEBHOOK, Marketplace
from tests.conftest import NOW


def thin() -> Marketplace:
    """Accounts of v1, and thin events."""
    return Marketplace(now=NOW, thin=True)


def v2() -> Marketplace:
    """Accounts of v2; snapshots, and a thin destination beside them that alone tells of accounts."""
    market = Marketplace(now=NOW)
    secret = market.settings.stripe_webhook_secrets[0]
    types = ["v2.core.account[configuration.recipient].capability_status_updated", "v2.core.account.closed"]
    market.sandbox.add_webhook(WEBHOOK, secret=secret, thin=True, enabled_events=types)
    return _newly_opened(market)


def v2_thin() -> Marketplace:
    """Accounts of v2, and thin events only."""
    return _newly_opened(Marketplace(now=NOW, thin=True))


def _newly_opened(market: Marketplace) -> Marketplace:
    market.sandbox.world.behaviours.choose({"accounts_v1": "refused", "v1_tells_of_v2_accounts": False})
    return market


SORTS: dict[str, Callable[[], Marketplace]] = {"thin": thin, "v2": v2, "v2-thin": v2_thin}
