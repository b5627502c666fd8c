"""A world with people in it: transfers made by hand, commands, and services by themselves."""

from __future__ import annotations

from typing import Any

import stripe
from click.testing import Result

from backend.services import Services
from backend.services.errors import Undecided
from backend.services.settlement.settle import Settlement
from tests.builders import Marketplace

HOUR = 3_600


def services_of(market: Marketplace) -> Services:
    """The backend's use cases."""
    services: Services = market.app.extensions["payments"]
    return services


def flask(market: Marketplace, *words: str) -> Result:
    """Run a command of the backend."""
    result: Result = market.app.test_cli_runner().invoke(args=list(words))
    return result


def pay_by_hand(market: Marketplace, account: str, amount: int = 4252, **given: Any) -> str:
    """A person makes a transfer in the Dashboard; answers with its id."""
    params: Any = {"amount": amount, "currency": "cad", "destination": account, **given}
    return market.stripe.v1.transfers.create(params).id


def sent_to(market: Marketplace, account: str) -> int:
    """All that an account was sent and still holds, in minor units."""
    return sum(t["amount"] - t["amount_reversed"] for t in market.all("transfers") if t["destination"] == account)


def with_funds(market: Marketplace) -> None:
    """Money of another purchase is available on the platform's balance; its own coach is not known."""
    intent = market.buy(coach_id="somebody-else", packageType="subscription", packageId=None)
    market.pay(intent, "pm_card_bypassPending")


# Late answers.


def settle_or_not(market: Marketplace, payment: str) -> Settlement | None:
    """Settle; None when it could not be decided."""
    try:
        return market.settle(payment)
    except (Undecided, stripe.StripeError):
        return None
