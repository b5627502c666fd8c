"""Card testing: after so many declined cards a purchase is canceled and told of; whoever pays in time has paid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import stripe

from backend.config.env import SettingsError
from backend.config.settings import load_settings
from backend.observability.metrics import BLOCKED
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.workers import CrashPoint, KilledError, Meanwhile

LIMIT = 3
KEY = "a-key-of-the-players-own-1"


@pytest.fixture
def market() -> Marketplace:
    """A marketplace that stops a purchase at the third declined card."""
    return Marketplace(now=NOW, max_declines=LIMIT)


@contextmanager
def blocks() -> Iterator[list[dict[str, Any]]]:
    """The signals of purchases that were stopped, as they are sent."""
    told: list[dict[str, Any]] = []

    def hear(_sender: Any, **facts: Any) -> None:
        told.append(facts)

    signals.purchase_blocked.connect(hear)
    try:
        yield told
    finally:
        signals.purchase_blocked.disconnect(hear)


def try_cards(market: Marketplace, intent: dict[str, Any], times: int) -> None:
    """So many cards, each declined, each told by its webhook."""
    for _ in range(times):
        market.decline(intent)
        market.deliver()


def state(market: Marketplace, intent: dict[str, Any]) -> tuple[str, str | None]:
    """Status and reason at Stripe."""
    found = market.stripe.v1.payment_intents.retrieve(intent["id"])
    return found.status, found.cancellation_reason


def calls_for(market: Marketplace, event: Any) -> list[str]:
    """The calls to Stripe that one delivery makes."""
    market.sandbox.requests.clear()
    assert market.send(event) == 200
    return [f"{call.method} {call.path}" for call in market.sandbox.requests]


def test_the_last_declined_card_stops_the_purchase(market: Marketplace) -> None:
    """It is canceled, counted and told of once, however often the events come; and no card can be tried on it again."""
    intent = market.buy()
    counted = BLOCKED._value.get()
    with blocks() as told:
        try_cards(market, intent, LIMIT - 1)
        assert (state(market, intent)[0], told) == ("requires_payment_method", [])
        try_cards(market, intent, 1)
        assert state(market, intent) == ("canceled", "fraudulent")
        market.send(market.event("payment_intent.payment_failed"))

    assert told == [{"id": f"{intent['id']}:blocked", "payment_id": intent["id"], "declines": LIMIT}] * 2
    assert BLOCKED._value.get() == counted + 1
    with pytest.raises(stripe.InvalidRequestError):
        market.pay(intent)


def test_a_purchase_that_was_stopped_ends_its_key_and_a_new_one_is_sold(market: Marketplace) -> None:
    """The tester cannot go on with the same key; a player begins anew, and pays."""
    first = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=KEY)
    try_cards(market, first.json["paymentIntent"], LIMIT)

    again = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=KEY)
    other = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=f"{KEY}-2")

    assert (again.status_code, "Too many cards" in again.json["message"]) == (409, True)
    assert other.status_code == 200
    assert other.json["paymentIntent"]["id"] != first.json["paymentIntent"]["id"]
    assert market.pay(other.json["paymentIntent"]).status == "succeeded"


def test_a_purchase_that_was_given_up_does_not_end_its_key(market: Marketplace) -> None:
    """Whatever other reason it was canceled for."""
    for reason in ("abandoned", "requested_by_customer", None):
        first = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=f"{KEY}{reason}")
        intent = first.json["paymentIntent"]["id"]
        market.stripe.v1.payment_intents.cancel(intent, {"cancellation_reason": reason} if reason else {})

        again = market.post("/api/payments/create-intent", market.order(), Idempotency_Key=f"{KEY}{reason}")

        assert (again.status_code, again.json["paymentIntent"]["id"] != intent) == (200, True)


def test_a_declined_card_costs_one_call_and_the_last_two(market: Marketplace) -> None:
    """And an event that comes again after that, one."""
    intent, made = market.buy(), []
    for _ in range(LIMIT):
        market.decline(intent)
        made.append(calls_for(market, market.event("payment_intent.payment_failed")))
    made.append(calls_for(market, market.event("payment_intent.payment_failed")))

    cancel = f"POST /v1/payment_intents/{intent['id']}/cancel"
    assert made == [["GET /v1/charges"]] * 2 + [["GET /v1/charges", cancel], ["GET /v1/charges"]]


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_bypassPending"])
def test_who_pays_before_the_last_event_comes_has_paid(market: Marketplace, card: str) -> None:
    """A player may have gone on trying, and been lucky."""
    market.ready_coach()
    intent = market.buy()
    for _ in range(LIMIT):
        market.decline(intent)
    late = market.event("payment_intent.payment_failed")
    market.pay(intent, card)
    with blocks() as told:
        assert market.send(late) == 200
        market.deliver()

    assert (state(market, intent)[0], told) == ("succeeded", [])
    assert market.held(intent["id"]) == 4252
    assert market.confirm(intent["id"]).status_code == 200


def test_a_payment_between_the_look_and_the_cancellation_stands(market: Marketplace) -> None:
    """Stripe refuses to cancel it; its own event settles it."""
    market.ready_coach()
    intent = market.buy()
    for _ in range(LIMIT):
        market.decline(intent)
    event = market.event("payment_intent.payment_failed")
    with blocks() as told, market.line.watched(Meanwhile(1, lambda: market.pay(intent))):
        assert market.send(event) == 200
    market.deliver()

    assert (state(market, intent), told) == (("succeeded", None), [])
    assert market.held(intent["id"]) == 4252


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("call", [0, 1])
def test_whoever_dies_on_the_way_leaves_it_to_the_next_delivery(market: Marketplace, call: int, side: str) -> None:
    """At the end it is canceled, and told of at least once."""
    intent = market.buy()
    for _ in range(LIMIT):
        market.decline(intent)
    event = market.event("payment_intent.payment_failed")
    with blocks() as told:
        with pytest.raises(KilledError), market.line.watched(CrashPoint(call, side)):
            market.send(event)
        assert told == []
        assert market.send(event) == 200

    assert (state(market, intent), len(told)) == (("canceled", "fraudulent"), 1)


def test_a_failed_cancellation_is_tried_again_when_stripe_delivers_again(market: Marketplace) -> None:
    """The webhook answers 5xx, and nothing is told before it is so."""
    intent = market.buy()
    for _ in range(LIMIT):
        market.decline(intent)
    event = market.event("payment_intent.payment_failed")
    market.sandbox.faults.add({"match": {"method": "POST"}, "stage": "before", "effect": {"status": 500}, "times": 9})
    with blocks() as told:
        assert market.send(event) >= 500
        assert told == []
        market.sandbox.faults.clear()
        assert market.send(event) == 200

    assert (len(told), state(market, intent)) == (1, ("canceled", "fraudulent"))


def test_a_bank_debit_that_fails_is_no_card_try(market: Marketplace) -> None:
    """It costs no call and counts for nothing."""
    intent = market.buy()
    with blocks() as told:
        for _ in range(LIMIT + 1):
            market.pay(intent, "pm_acssDebit_success")
            market.sandbox._control.call("POST", f"payment_intents/{intent['id']}/settle", '{"succeeded": false}')
            assert not [c for c in calls_for(market, market.event("payment_intent.payment_failed")) if "charges" in c]
        try_cards(market, intent, LIMIT - 1)

    assert (state(market, intent)[0], told) == ("requires_payment_method", [])


def test_off_lets_any_number_of_cards_be_tried(market: Marketplace) -> None:
    """And asks Stripe nothing."""
    open_market = Marketplace(now=NOW, max_declines=0)
    intent = open_market.buy()
    for _ in range(12):
        open_market.decline(intent)

    assert calls_for(open_market, open_market.event("payment_intent.payment_failed")) == []
    assert state(open_market, intent)[0] == "requires_payment_method"


def test_a_strangers_payment_is_never_canceled(market: Marketplace) -> None:
    """However many cards were declined for it."""
    made = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    intent = {"id": made.id, "client_secret": made.client_secret}
    try_cards(market, intent, LIMIT + 1)

    assert state(market, intent)[0] == "requires_payment_method"


@pytest.mark.parametrize(("text", "limit"), [("1", 1), ("99", 99), ("off", 0), ("", 10)])
def test_the_limit_is_a_setting(text: str, limit: int) -> None:
    """Ten, unless it says otherwise."""
    assert load_settings({"MAX_DECLINES": text}, env_file=None).max_declines == limit


@pytest.mark.parametrize("text", ["0", "100", "-1", "none", "1.5", "٣", "OFF"])
def test_another_limit_is_refused_by_name(text: str) -> None:
    """None of these is what it may look like."""
    with pytest.raises(SettingsError, match="1 to 99"):
        load_settings({"MAX_DECLINES": text}, env_file=None)
