"""Shares that are kept until the work is done, in a test's words."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

from backend.config.settings import DEFAULT_CATALOGUE
from backend.domain.catalogue import Catalogue, parse_catalogue
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.sweeping import DAY

DAYS, GRACE = 14, 3
ON_DELIVERY, AFTER_DAYS = f"on_delivery:{DAYS}", f"after_days:{DAYS}"
DEADLINE = NOW + DAYS * DAY
SHARE = 4252


def catalogue_of(release: str, grace_days: int = GRACE, package: str = "1") -> Catalogue:
    """The catalogue of the repository, with one package's share released so."""
    document: Any = tomllib.loads(DEFAULT_CATALOGUE.read_text(encoding="utf-8"))
    table = document["packages"][package] if package != "subscription" else document["subscription"]
    table["release"] = release
    return parse_catalogue(document, None, grace_days)


def town_of(release: str, now: int = NOW, **changes: Any) -> Marketplace:
    """A marketplace that sells package 1 so, whose platform keeps its money, and whose coach can be paid."""
    market = Marketplace(now=now, catalogue=catalogue_of(release), **changes)
    keep_payouts(market)
    market.ready_coach()
    return market


def keep_payouts(market: Marketplace) -> None:
    """The platform is paid out by hand: the money of kept shares stays."""
    schedule: Any = {"settings": {"payouts": {"schedule": {"interval": "manual"}}}}
    market.stripe.v1.accounts.update(market.stripe.v1.accounts.retrieve_current().id, schedule)


def sell_so(market: Marketplace, release: str, grace_days: int = GRACE) -> None:
    """From now on the backend sells package 1 so."""
    market.settings = replace(market.settings, catalogue=catalogue_of(release, grace_days))
    market.app = market.another_backend()
    market.http = market.app.test_client()


def reason_of(market: Marketplace, payment: str) -> str:
    """The reason in the payment's note, or nothing."""
    note = market.note(payment)
    return note.split(":")[1] if note else ""


def search_is_down(market: Marketplace, times: int = 1_000) -> None:
    """Search answers no more."""
    market.fault("GET", "/v1/payment_intents/search", "before", {"status": 500}, times=times)


def sweep_hourly(market: Marketplace, until: int, every: int = DAY // 4) -> None:
    """Run the default sweep again and again, until a moment."""
    while market.clock.now() < until:
        market.clock.set(min(until, market.clock.now() + every))
        market.reconcile()


def deliver_work(market: Marketplace, payment: str) -> Any:
    """The coach says that the work is delivered."""
    return market.post("/api/payments/delivered", {"paymentIntentId": payment})


def accept_work(market: Marketplace, payment: str, **more: Any) -> Any:
    """The player accepts the work."""
    return market.post("/api/payments/accept", {"paymentIntentId": payment, **more})
