"""Deliveries that go wrong between Stripe and a webhook endpoint, and secrets that are rolled."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from typing import Any

import pytest
import stripe

from backend.sandbox import Sandbox
from tests.sandbox.conftest import Platform

PAID = "payment_intent.succeeded"


@pytest.fixture
def shop(platform: Platform) -> Platform:
    """A platform with an endpoint for payments."""
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_a", enabled_events=[PAID, "charge.succeeded"])
    return platform


def _rule(platform: Platform, effect: Any, **more: Any) -> None:
    platform.control("/delivery_rules", match={"type": PAID}, effect=effect, **more)


def _got(platform: Platform) -> list[tuple[str, str]]:
    platform.sandbox.deliver_due()
    bodies = [json.loads(body) for _, body, _ in platform.received]
    return [(body["id"], body["type"]) for body in bodies if body["type"] == PAID]


def test_an_event_can_be_dropped(shop: Platform) -> None:
    """It never arrives, and can be found among the undelivered."""
    _rule(shop, "drop", times=1)
    shop.paid()
    shop.paid()
    shop.clock.advance(7 * 86_400)

    assert len(_got(shop)) == 1
    lost = shop.v1.events.list({"delivery_success": False, "type": PAID}).data
    assert len(lost) == 1


def test_an_event_can_come_twice(shop: Platform) -> None:
    """The same event, with the same id."""
    _rule(shop, "duplicate")
    shop.paid()

    first, second = _got(shop)
    assert first == second


def test_a_change_can_be_told_by_two_events(shop: Platform) -> None:
    """Twins: other ids, the same object."""
    _rule(shop, "twin")
    shop.paid()

    first, second = _got(shop)
    assert first != second
    assert len(shop.v1.events.list({"type": PAID}).data) == 2


def test_an_event_can_come_late(shop: Platform) -> None:
    """Not before its time."""
    _rule(shop, {"delay": 3600})
    shop.paid()
    assert _got(shop) == []
    shop.clock.advance(3600)

    assert len(_got(shop)) == 1


def test_an_event_can_be_missing_altogether(shop: Platform) -> None:
    """Never generated: it is not in the list of events either."""
    _rule(shop, "suppress")
    shop.paid()

    assert _got(shop) == []
    assert shop.v1.events.list({"type": PAID}).data == []
    assert shop.v1.events.list({"type": "charge.succeeded"}).data != []


def test_rules_are_taken_back(shop: Platform) -> None:
    """Everything arrives again."""
    _rule(shop, "drop")
    shop.raw("DELETE", "/_sandbox/delivery_rules", key=None)
    shop.paid()

    assert len(_got(shop)) == 1


@pytest.mark.parametrize("order", ["fifo", "lifo"])
def test_deliveries_can_be_turned_round(shop: Platform, order: Any) -> None:
    """No order is promised by Stripe, so a receiver must take any."""
    shop.paid()
    delivered = [delivery.event["type"] for delivery in shop.sandbox.deliver_due(order)]

    expected = [PAID, "charge.succeeded"]
    assert delivered == (expected if order == "fifo" else expected[::-1])


def test_a_receiver_that_cannot_be_reached_is_tried_again(shop: Platform) -> None:
    """A dead line counts as a refusal, and the record says which."""

    def dead(url: str, body: bytes, headers: dict[str, str]) -> int:
        raise ConnectionRefusedError(url)

    shop.sandbox.world.events.deliveries.post = dead
    shop.paid()
    (first, _) = shop.sandbox.deliver_due()

    assert first.to_json()["attempts"] == [
        {"at": shop.clock.now(), "status": None, "problem": "ConnectionRefusedError"}
    ]
    assert first.to_json()["next_try"] > shop.clock.now()


def test_a_redirect_is_not_an_acceptance(shop: Platform) -> None:
    """Only 2xx is; Stripe does not follow redirects."""
    shop.status = 302
    shop.paid()

    assert {delivery.status for delivery in shop.sandbox.deliver_due()} == {"pending"}


def test_stripe_gives_up_after_three_days(shop: Platform) -> None:
    """Having tried with growing pauses."""
    shop.status = 500
    shop.paid()
    shop.sandbox.deliver_due()
    waits = []
    while True:
        (delivery, *_) = shop.raw("GET", "/_sandbox/deliveries", key=None).json["deliveries"]
        if delivery["next_try"] is None:
            break
        waits.append(delivery["next_try"] - shop.clock.now())
        shop.clock.set(delivery["next_try"])
        shop.sandbox.deliver_due()

    assert waits == sorted(waits)
    assert 2 * 86_400 < sum(waits) <= 3 * 86_400 + 3600
    assert delivery["status"] == "failed"


def test_a_disabled_endpoint_is_left_alone(platform: Platform) -> None:
    """Its retries included."""
    endpoint = platform.v1.webhook_endpoints.create({"url": "http://shop.test", "enabled_events": ["*"]})
    platform.status = 500
    platform.paid()
    platform.sandbox.deliver_due()
    platform.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    platform.received.clear()
    platform.clock.advance(86_400)
    platform.paid()
    platform.sandbox.deliver_due()

    assert platform.received == []


def test_a_rolled_secret_signs_along_for_a_while(platform: Platform) -> None:
    """One v1 per secret; after that, only the new one."""
    endpoint = platform.sandbox.add_webhook("http://shop.test", secret="whsec_old", enabled_events=[PAID])
    new = platform.control(f"/webhook_endpoints/{endpoint['id']}/roll", keep_seconds=3600)["secret"]
    platform.paid()
    platform.sandbox.deliver_due()
    assert [_signed_by(platform, secret) for secret in ("whsec_old", new)] == [True, True]

    platform.clock.advance(3600)
    platform.received.clear()
    platform.paid()
    platform.sandbox.deliver_due()

    assert [_signed_by(platform, secret) for secret in ("whsec_old", new)] == [False, True]


def _signed_by(platform: Platform, secret: str) -> bool:
    _, body, headers = platform.received[-1]
    fields = [field.split("=", 1) for field in headers["Stripe-Signature"].split(",")]
    timestamp = dict(fields)["t"]
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return ["v1", expected] in fields


def test_events_of_direct_charges_belong_to_the_connected_account(platform: Platform) -> None:
    """Acting as a coach's account, the payment and its events are the coach's, and the platform hears nothing."""
    coach = platform.coach()
    platform.sandbox.add_webhook("http://shop.test/platform", enabled_events=[PAID])
    platform.sandbox.add_webhook("http://shop.test/connect", connect=True, enabled_events=[PAID])
    given: Any = {
        "amount": 500,
        "currency": "cad",
        "confirm": True,
        "payment_method": "pm_card_visa",
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    }
    intent = platform.v1.payment_intents.create(given, {"stripe_account": coach})
    platform.sandbox.deliver_due()

    ((url, body, _),) = platform.received
    assert (url, json.loads(body)["account"]) == ("http://shop.test/connect", coach)
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.payment_intents.retrieve(intent.id)


def test_events_are_listed_by_type(platform: Platform) -> None:
    """One, a family, or several."""
    platform.paid()
    events = platform.v1.events

    assert {e.type for e in events.list({"type": "payment_intent.*"}).data} == {PAID, "payment_intent.created"}
    assert [e.type for e in events.list({"types": ["charge.succeeded", PAID]}).data] == ["charge.succeeded", PAID]


def test_events_are_snapshots(platform: Platform) -> None:
    """An event shows its object as it was then, not as it is now."""
    intent = platform.paid(metadata={"a": "1"})
    platform.v1.payment_intents.update(intent.id, {"metadata": {"a": "2"}})

    event: Any = platform.v1.events.list({"type": PAID}).data[0]
    assert event.data.object.metadata.a == "1"
    assert event.request.id is not None


def test_the_background_thread_delivers_at_once_and_as_time_passes() -> None:
    """Nobody pumps; it wakes for an event, and when the clock is moved past a retry."""
    taken, statuses = threading.Semaphore(0), iter([500, 200])

    def receive(url: str, body: bytes, headers: dict[str, str]) -> int:
        status = next(statuses)
        taken.release()
        return status

    sandbox = Sandbox(post=receive)
    sandbox.add_webhook("http://shop.test", enabled_events=["balance.available"])
    sandbox.start_background()
    try:
        with sandbox.world.lock:
            sandbox.world.events.record("balance.available", sandbox.world.platform, {"object": {}})
        assert taken.acquire(timeout=10)
        sandbox.stop_background()  # once the first try is on record
        sandbox.start_background()
        sandbox.clock.advance(60)
        assert taken.acquire(timeout=10)
    finally:
        sandbox.stop_background()

    assert sandbox.world.events.deliveries.all()[0].status == "delivered"


def test_what_was_given_up_is_listed_as_undelivered(shop: Platform) -> None:
    """A delivery that was given up is listed beside those that still wait, and apart from those that arrived."""
    shop.status = 500
    lost = shop.paid().id
    for _ in range(40):
        shop.sandbox.deliver_due()
        shop.clock.advance(6 * 3_600)
    shop.status = 200
    arrived = shop.paid().id
    shop.sandbox.deliver_due()
    waiting = shop.paid().id

    listed = [
        {event.data.object.id for event in shop.v1.events.list({"type": PAID, "delivery_success": success}).data}
        for success in (False, True)
    ]
    assert listed == [{lost, waiting}, {arrived}]
