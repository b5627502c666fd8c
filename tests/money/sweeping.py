"""Sweeps, and what happens past the backend, in a test's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe
from blinker import NamedSignal

from backend.commands.sweep import SweepOptions, Swept, run_sweep
from backend.services import Services
from tests.builders import Marketplace
from tests.routes.test_commands import run

HOUR, DAY = 3_600, 86_400


def services_of(market: Marketplace) -> Services:
    """The use cases of the marketplace's backend."""
    services: Services = market.app.extensions["payments"]
    return services


def swept(market: Marketplace, **options: Any) -> Swept:
    """Run a sweep; the default one unless said otherwise."""
    return run_sweep(services_of(market), SweepOptions(calls_per_second=1_000_000, **options))


def report(market: Marketplace, *words: str) -> dict[str, Any]:
    """The JSON of ``flask reconcile``."""
    answer: dict[str, Any] = json.loads(run(market, "reconcile", "--json", "--rate", "1000", *words)[1])
    return answer


@contextmanager
def heard(*kinds: NamedSignal) -> Iterator[list[dict[str, Any]]]:
    """The signals that the host app is told."""
    told: list[dict[str, Any]] = []

    def hear(_sender: object, **facts: Any) -> None:
        told.append(facts)

    for kind in kinds:
        kind.connect(hear)
    try:
        yield told
    finally:
        for kind in kinds:
            kind.disconnect(hear)


def fund(market: Marketplace) -> None:
    """Give the platform money of its own that it can send at once."""
    for _ in range(2):
        market.pay(market.buy("coach-of-nobody"), "pm_card_bypassPending")


def sell(
    market: Marketplace, metadata: dict[str, str], card: str = "pm_card_visa", **more: Any
) -> stripe.PaymentIntent:
    """A payment made past the backend, with this metadata."""
    params: Any = {"amount": 4725, "currency": "cad", "metadata": metadata, "confirm": True, "payment_method": card}
    params |= {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}, **more}
    return market.stripe.v1.payment_intents.create(params)


def purchase_metadata(market: Marketplace) -> dict[str, str]:
    """The metadata of a purchase."""
    return market.stripe.v1.payment_intents.retrieve(market.buy()["id"]).metadata.to_dict()


def pay_by_hand(market: Marketplace, account: str, amount: int = 4252, **metadata: str) -> stripe.Transfer:
    """Somebody sends the coach money in the Dashboard: no group, no source."""
    return send(market, account, amount, metadata)


def send(market: Marketplace, account: str, amount: int, metadata: dict[str, str], **more: Any) -> stripe.Transfer:
    """A transfer made past the backend."""
    params: Any = {"amount": amount, "currency": "cad", "destination": account, "metadata": metadata, **more}
    return market.stripe.v1.transfers.create(params)
