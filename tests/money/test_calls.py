"""Calls to Stripe: what each flow costs, all the events that follow from it included."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import stripe

from backend.domain.requests import Order
from backend.server import create_app
from backend.services import Services
from backend.stripe_client.client import stripe_budget
from tests.builders import Marketplace
from tests.scripted import Server, serving

HOUR = 3_600


def cost(market: Marketplace) -> int:
    """The calls since the last ``forget_calls``, after everything was delivered. A coach's own events cost none here."""
    market.deliver()
    return len(market.calls())


def buy(market: Marketplace, **changes: Any) -> tuple[str, list[str]]:
    """The id of an intent for Pat, and the calls that it cost in the order in which they came."""
    market.forget_calls()
    intent = market.buy(customerEmail="pat@example.com", customerName="Pat", **changes)
    return intent["id"], [call.rpartition("_")[0] if "/products" in call else call for call in market.calls()]


COACH = "GET /v1/products/coach"
LOOK, MAKE, BUY = "GET /v1/customers", "POST /v1/customers", "POST /v1/payment_intents"


def forget_all(market: Marketplace) -> None:
    """Go on with a worker that remembers nothing."""
    market.app = market.another_backend()
    market.http = market.app.test_client()


def test_a_first_purchase_costs_three_calls_and_a_repeated_one_costs_one(market: Marketplace) -> None:
    """With a coach whose entry and account this worker has read within the last minute, as of any coach who sells."""
    market.ready_coach()
    market.buy()

    assert buy(market)[1] == [LOOK, MAKE, BUY]
    assert buy(market)[1] == [BUY]


def test_with_nothing_remembered_a_known_players_purchase_costs_four_calls(market: Marketplace) -> None:
    """Neither the coach nor the player: both are read at once, the coach's account after the entry that names it."""
    account = market.ready_coach()
    buy(market)
    forget_all(market)

    made = buy(market)[1]

    assert sorted(made[:3]) == sorted([COACH, LOOK, f"GET /v1/accounts/{account}"])
    assert made[3:] == [BUY]
    assert buy(market)[1] == [BUY]


def test_with_nothing_remembered_a_new_players_purchase_costs_five_calls(market: Marketplace) -> None:
    """The one more makes the customer, once it is sure that the coach can be sold."""
    market.ready_coach()
    forget_all(market)

    assert buy(market)[1][-2:] == [MAKE, BUY]
    assert len(market.calls()) == 5


def test_the_coach_and_the_player_are_read_at_the_same_time(market: Marketplace) -> None:
    """Each read begins before the other has ended: three round trips for four calls."""
    market.ready_coach()
    buy(market)
    forget_all(market)

    class BothFirst:
        """Lets no call go on before two are under way, for the first two."""

        def __init__(self) -> None:
            self.together = threading.Barrier(2, timeout=30)
            self.begun = itertools.count()

        def before(self) -> None:
            if next(self.begun) < 2:
                self.together.wait()

        def after(self) -> None:
            """Nothing happens on this side."""

    with market.line.watched(BothFirst()):
        assert len(buy(market)[1]) == 4


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [("/v1/products", 403, 502), ("/v1/customers", 403, 502), ("/v1/customers", 429, 503), ("/v1/products", 500, 503)],
)
def test_the_failure_of_either_read_is_the_purchases(market: Marketplace, path: str, status: int, error: int) -> None:
    """And no customer, no intent is made."""
    market.ready_coach()
    forget_all(market)
    market.fault("GET", path, "before", {"status": status}, times=2)

    assert (
        market.post("/api/payments/create-intent", market.order(customerEmail="pat@example.com")).status_code == error
    )
    market.sandbox.faults.clear()
    assert (market.all("customers"), market.all("payment_intents")) == ([], [])


def test_reads_that_are_made_at_once_count_for_the_request(market: Marketplace) -> None:
    """They share its budget."""
    with serving(_stripe_without_time) as server:
        settings = replace(market.settings, stripe_api_base=server.base)
        began = time.monotonic()
        services: Services = create_app(settings).extensions["payments"]
        with stripe_budget(0.3), pytest.raises(stripe.APIConnectionError):
            services.payments.create_intent(Order("coach-1", "Dana", "golf", "package", 1, "pat@example.com"))

        assert (len(server.requests), time.monotonic() - began < 5) == (2, True)


def _stripe_without_time(server: Server, _line: socket.socket, _request: bytes) -> bool:
    server.over.wait(30)
    return False


def test_all_that_follows_from_a_purchase_costs_five_calls(market: Marketplace) -> None:
    """Repeat purchase, payment, confirmation twice, and every event of it all, ours included."""
    market.ready_coach()
    buy(market)
    market.deliver()

    payment, made = buy(market)
    paid = market.stripe.v1.payment_intents.retrieve(payment)
    market.pay({"id": payment, "client_secret": paid.client_secret})
    market.forget_calls()
    for _ in range(2):
        assert market.confirm(payment).status_code == 200
    market.deliver()
    market.clock.advance(60)
    market.deliver()

    read = f"GET /v1/payment_intents/{payment}"
    assert made + market.calls() == [BUY, read, read, read, "POST /v1/transfers"]
    assert market.held(payment) == 4252


def test_a_payment_costs_two_calls_with_all_its_events(market: Marketplace) -> None:
    """The payment is read and the share transferred; our own transfer's event is known to be ours."""
    market.ready_coach()
    payment = market.paid()
    market.forget_calls()

    assert cost(market) == 2
    market.clock.advance(60)
    assert cost(market) == 2
    assert market.calls() == [f"GET /v1/payment_intents/{payment}", "POST /v1/transfers"]


def test_a_repeated_delivery_costs_one_look(market: Marketplace) -> None:
    """Within the hour the replayed key leads to the lists; later the lists come first: the payee's and the group's."""
    market.ready_coach()
    market.paid()
    market.deliver()
    event = market.event("payment_intent.succeeded")
    market.clock.advance(2 * HOUR)
    market.forget_calls()

    market.send(event)

    assert [call.split("/v1/")[1].split("/")[0] for call in market.calls()] == [
        "payment_intents",
        "transfers",
        "transfers",
    ]


def test_a_partial_refund_costs_one_reversal_and_looks(market: Marketplace) -> None:
    """Three events are told of it; one of them takes back, and the reversal's own event costs nothing."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.deliver()
    market.forget_calls()

    market.refund_in_dashboard(payment, 1000)
    market.forget_calls()
    market.deliver()

    made = Counter(call.split()[0] for call in market.calls())
    assert made["POST"] == 1
    assert made["GET"] <= 18


def test_a_hold_costs_one_note(market: Marketplace) -> None:
    """The refusal is sent once more, which shows that it is pinned; then the account is looked at once."""
    market.register()
    payment = market.paid()
    market.deliver()
    note = market.note(payment)
    assert note is not None

    market.forget_calls()
    market.settle(payment)

    assert [call for call in market.calls() if call.startswith("POST")] == []
