"""The sorts of marketplaces that there are beside the usual one: v1 accounts and snapshot events."""

from __future__ import annotations

from collections.abc import Callable

from backend.domain.account_requests import AccountTerms
from tests.builders import WEBHOOK, Marketplace
from tests.conftest import NOW


def thin() -> Marketplace:
    """Accounts of v1, and thin events."""
    return Marketplace(now=NOW, thin=True)


def v2() -> Marketplace:
    """Accounts of v2; snapshots, and a thin destination beside them that alone tells of accounts."""
    market = Marketplace(now=NOW, account_terms=AccountTerms("v2"))
    secret = market.settings.stripe_webhook_secrets[0]
    types = ["v2.core.account[configuration.recipient].capability_status_updated", "v2.core.account.closed"]
    market.sandbox.add_webhook(WEBHOOK, secret=secret, thin=True, enabled_events=types)
    return _silent_v1(market)


def v2_thin() -> Marketplace:
    """Accounts of v2, and thin events only."""
    return _silent_v1(Marketplace(now=NOW, thin=True, account_terms=AccountTerms("v2")))


def _silent_v1(market: Marketplace) -> Marketplace:
    market.sandbox.world.switches.choose({"v1_tells_of_v2_accounts": False})
    return market


SORTS: dict[str, Callable[[], Marketplace]] = {"thin": thin, "v2": v2, "v2-thin": v2_thin}
