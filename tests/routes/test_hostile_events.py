"""Signed events of any shape: each is refused or acknowledged, none is a 500, and none takes anything with it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.webhooks.handlers import CONNECTED_TYPES, PLATFORM_TYPES
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.hostile import HOSTILE, put, ways
from tests.routes.conftest import make_backend
from tests.routes.good_requests import deliver, sign

# The kind of object in an event, by the beginning of its type; the longest that fits.
KINDS = {
    "payment_intent": "payment_intent.succeeded",
    "charge": "charge.refunded",
    "charge.failed": "charge.refunded",
    "charge.dispute": "charge.dispute.created",
    "refund": "refund.created",
    "radar": "radar.early_fraud_warning.created",
    "transfer": "transfer.created",
    "account": "account.updated",
    "account.application": "account.updated",
    "payout": "payout.paid",
}


class World:
    """A marketplace in which everything has happened once, and the events of it."""

    def __init__(self) -> None:
        self.market = Marketplace(now=NOW)
        self.account = self.market.ready_coach()
        self.payment = self.market.paid()
        self.market.deliver()
        by_hand: Any = {"amount": 10, "currency": "cad", "destination": self.account, "metadata": {"for": "pi_unknown"}}
        self.market.mature_funds()
        self.market.paid()
        self.market.mature_funds()
        self.market.stripe.v1.transfers.create(by_hand)
        self.market.refund(self.payment, amount=100)
        self.market.dispute(self.market.paid())
        self.market.clock.advance(14 * 86_400)
        self.market.deliver()
        self._samples = {kind: self._sample(event_type) for kind, event_type in KINDS.items()}

    def _sample(self, event_type: str) -> dict[str, Any]:
        if event_type in CONNECTED_TYPES:
            return self.market.event_of(self.account, event_type)
        if event_type.startswith("radar"):
            warning = {"id": "issfr_1", "charge": "ch_1", "payment_intent": self.payment, "actionable": True}
            return {**self.market.event("charge.refunded"), "data": {"object": {**warning, "fraud_type": "misc"}}}
        return self.market.event(event_type)

    def event(self, event_type: str) -> dict[str, Any]:
        """An event of a type, as the sandbox sends it."""
        kind = max((kind for kind in KINDS if event_type.startswith(kind)), key=len)
        return {**deepcopy(self._samples[kind]), "type": event_type}

    def send(self, event: dict[str, Any]) -> int:
        """Deliver it, signed with the secret of its own endpoint."""
        ours = self.market.settings
        connected = event.get("account")
        return self.market.send(
            event, (ours.stripe_connect_webhook_secrets if connected else ours.stripe_webhook_secrets)[0]
        )


@pytest.fixture(scope="module")
def world() -> World:
    """One for all: what is refused changes nothing, and what is acknowledged only looks."""
    return World()


@pytest.fixture(scope="module")
def alone() -> FlaskClient:
    """A backend without Stripe."""
    return make_backend(ratelimit_enabled=False)


@pytest.mark.parametrize("event_type", sorted(PLATFORM_TYPES | CONNECTED_TYPES))
def test_the_events_that_are_damaged_next_are_taken(world: World, event_type: str) -> None:
    """As the sandbox sends them."""
    assert world.send(world.event(event_type)) == 200


values = st.sampled_from(HOSTILE) | st.recursive(
    st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@pytest.mark.parametrize("event_type", sorted(PLATFORM_TYPES | CONNECTED_TYPES))
@settings(derandomize=True, max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_is_refused_or_acknowledged(world: World, event_type: str, data: st.DataObject) -> None:
    """In any place of an event of any type: 400 or 200."""
    event = world.event(event_type)
    # What handlers read stands in few of many places: half of the damage is done there.
    extra = {"last_payment_error": {"code": "x"}, "reversals": {"data": [{"metadata": {}}]}}
    event["data"] = {"previous_attributes": {"metadata": {"a": "b"}}, **event["data"]}
    event["data"]["object"] = {**extra, **event["data"]["object"]}
    read = ("id", "metadata", "payment_intent", "charge", "source_transaction", "destination", "amount", "currency")
    all_ways = list(ways(event))
    known = [
        way for way in all_ways if way[-1] in (*read, "object", "status", "account", "created", "livemode", "type")
    ]
    for _ in range(data.draw(st.integers(1, 3))):
        way = data.draw(st.sampled_from(known) | st.sampled_from(all_ways))
        try:
            event = put(event, way, data.draw(values), data.draw(st.booleans()))
        except (KeyError, IndexError, TypeError):
            continue  # the way leads through what was damaged before

    assert world.send(event) in (200, 400)


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("event_type", sorted(PLATFORM_TYPES | CONNECTED_TYPES))
def test_an_object_that_is_none_is_refused(alone: FlaskClient, event_type: str, value: Any) -> None:
    """Without a call to Stripe, whatever its type says."""
    body = json.dumps({"id": "evt_1", "type": event_type, "data": {"object": value}}).encode()

    status, error = deliver(alone, sign(body), body)

    assert (status, error) == (400, "Validation error")


ENVELOPE = {
    "id": "evt_1",
    "type": "invoice.paid",
    "livemode": False,
    "created": NOW,
    "data": {"object": {"id": "in_1"}},
}


@pytest.mark.parametrize(
    "damage",
    [
        {"id": None},
        {"id": 5},
        {"id": ""},
        {"id": "x" * 256},
        {"type": None},
        {"type": ["payment_intent.succeeded"]},
        {"type": "x" * 10_000},
        {"livemode": "false"},
        {"livemode": 0},
        {"created": "now"},
        {"created": -1},
        {"created": 10**20},
        {"created": 1.5},
        {"created": True},
        {"account": []},
        {"account": "acct_1/../x"},
        {"account": 7},
        {"data": None},
        {"data": []},
        {"data": {"object": {"id": "in_1"}, "previous_attributes": []}},
        {"data": {"object": {"id": "in_1"}, "previous_attributes": {"metadata": {"a": 1}}}},
    ],
    ids=repr,
)
def test_an_event_of_another_shape_is_refused(alone: FlaskClient, damage: dict[str, Any]) -> None:
    """Of a type that nobody reads, too."""
    body = json.dumps({**ENVELOPE, **damage}).encode()

    status, error = deliver(alone, sign(body), body)

    # One that names an account is signed with the other secret; here one serves both.
    assert (status, error) == (400, "Validation error")


def test_a_damaged_event_takes_nothing_with_it(market: Marketplace) -> None:
    """The same event, delivered as Stripe sends it, does its work."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    for value in HOSTILE:
        for damaged in ({**event, "data": {"object": value}}, {**event, "created": "now"}, {**event, "type": [value]}):
            assert market.send(damaged) == 400
    assert market.transfers(payment) == []

    assert market.send(event) == 200
    assert market.held(payment) == 4252


def test_an_expanded_payment_is_read_by_its_id(market: Marketplace) -> None:
    """An endpoint may have references expanded."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.refund_in_dashboard(payment, 2000)
    event = market.event("charge.refunded")
    event["data"]["object"]["payment_intent"] = {"id": payment, "object": "payment_intent"}

    assert market.send(event) == 200
    assert market.held(payment) == 2725 - 273
