"""Objects with the ids that documentation and the SDKs' own test suites ask for: `cus_123`, `ch_xxxxxxxxxxxxx`.

For who comes from stripe-mock, which answers any id. Made by the calls that make such objects, so that they are whole.
"""

from typing import Any

from .calls.api import typed
from .calls.routing import Call, Route
from .resources import (
    accounts,
    application_fees,
    charges,
    customers,
    payment_intents,
    payment_methods,
    payouts,
    products,
    refunds,
    setup_intents,
    tokens,
    transfers,
    webhook_endpoints,
)
from .state import connect
from .state.store import Row
from .state.world import World

SUFFIXES = ("123", "xxxxxxxxxxxxx")
ROUTES: tuple[Route, ...] = (
    *accounts.ROUTES,
    *application_fees.ROUTES,
    *charges.ROUTES,
    *customers.ROUTES,
    *payment_intents.ROUTES,
    *payment_methods.ROUTES,
    *payouts.ROUTES,
    *products.ROUTES,
    *refunds.ROUTES,
    *setup_intents.ROUTES,
    *tokens.ROUTES,
    *transfers.ROUTES,
    *webhook_endpoints.ROUTES,
)
BY_OPERATION = {route.operation: route for route in ROUTES}
NO_REDIRECTS = {"enabled": "true", "allow_redirects": "never"}
PAID = {"currency": "usd", "confirm": "true", "automatic_payment_methods": NO_REDIRECTS}
ABLE = {"transfers": {"requested": "true"}, "card_payments": {"requested": "true"}}


def make(world: World) -> None:
    """Make one object of each kind for each of the suffixes. Hold the world's lock."""
    world.switches.choose({"raw_card_numbers": True})
    for suffix in SUFFIXES:
        _Maker(world, suffix).make()
    world.timeline.run_due()


class _Maker:
    """Makes the objects of one suffix."""

    def __init__(self, world: World, suffix: str) -> None:
        self._world = world
        self._suffix = suffix

    def make(self) -> None:
        """People first, then money, then what goes back of it."""
        self._people()
        charge = self._pay("ch", "txn")
        self._reserve("tr")
        transfer = self._sent(charge)
        self._reserve("trr")
        self._call("transfers.reversals.create", {"amount": "10"}, id=transfer["id"])
        self._back()
        self._waiting()

    def _people(self) -> None:
        world = self._world
        self._reserve("cus", "pm", "acct")
        customer = self._call("customers.create", {"email": "jenny.rosen@example.com", "name": "Jenny Rosen"})
        method = self._call("payment_methods.create", {"type": "card", "card": {"token": "tok_visa"}})
        self._call("payment_methods.attach", {"customer": customer["id"]}, id=method["id"])
        account = self._call("accounts.create", {"type": "express", "country": "US", "capabilities": ABLE})
        connect.onboard(world, world.must(account["id"]))

    def _pay(self, *prefixes: str, **params: Any) -> Row:
        """The charge of a payment of 1.00 whose money is available."""
        self._reserve(*prefixes)
        given = {"amount": "100", "payment_method": "pm_card_bypassPending", **PAID, **params}
        charge: str = self._call("payment_intents.create", given)["latest_charge"]
        return self._world.must(charge)

    def _sent(self, charge: Row) -> Row:
        given = {"amount": "50", "currency": "usd", "destination": f"acct_{self._suffix}"}
        transfer: Row = self._call("transfers.create", {**given, "source_transaction": charge["id"]})
        return transfer

    def _back(self) -> None:
        """A refund that can still be called back, a fee given back in part, a dispute and a warning."""
        world = self._world
        refunded = self._pay()
        world.switches.choose({"refund_begins": "requires_action"})
        self._reserve("re")
        self._call("refunds.create", {"charge": refunded["id"]})
        world.switches.choose({"refund_begins": "succeeded"})
        destined = {"transfer_data": {"destination": f"acct_{self._suffix}"}, "application_fee_amount": "10"}
        self._reserve("fee", "fr")
        self._pay(**destined)
        self._call("application_fees.refunds.create", {"amount": "1"}, id=f"fee_{self._suffix}")
        # A dispute's id begins differently in older versions, and in the suites.
        world.ids.reserve(du=f"dp_{self._suffix}", issfr=f"issfr_{self._suffix}")
        world.disputes.open(self._pay())
        world.fraud_warnings.open(self._pay())

    def _waiting(self) -> None:
        """Make objects that still wait: to be confirmed, paid out, used or told."""
        self._reserve("pi", "seti", "tok", "po", "prod", "we", "evt")
        self._call(
            "payment_intents.create", {"amount": "1099", "currency": "usd", "automatic_payment_methods": NO_REDIRECTS}
        )
        self._call("setup_intents.create", {"automatic_payment_methods": NO_REDIRECTS})
        card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2099"}
        self._call("tokens.create", {"card": card})
        self._pay(amount="1000000")
        self._call("payouts.create", {"amount": "1100", "currency": "usd"})
        self._call("products.create", {"name": "Gold Special"})
        self._call("webhook_endpoints.create", {"url": "https://example.com/hook", "enabled_events": ["charge.failed"]})

    def _reserve(self, *prefixes: str) -> None:
        self._world.ids.reserve(**{prefix: f"{prefix}_{self._suffix}" for prefix in prefixes})

    def _call(self, operation: str, given: dict[str, Any], **ids: str) -> Any:
        """Return the answer of a call of the API."""
        route = BY_OPERATION[operation]
        call = Call(self._world, self._world.platform, route.path, ids)
        call.params = typed(route, given, publishable=False)
        return route.handler(call)
