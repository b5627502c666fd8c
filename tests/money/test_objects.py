"""Objects of answers that are read without the SDK's building: the same values, absences and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from backend.services import objects
from backend.services.objects import LazyObject
from tests.builders import Marketplace


def same(lazy: Any, built: Any) -> bool:
    """True if every value is the same, at every depth, read as an attribute and as an item."""
    if isinstance(built, stripe.StripeObject):
        names = list(built.to_dict())
        assert names == list(lazy.to_dict())
        return all(same(getattr(lazy, name), built[name]) and same(lazy[name], built[name]) for name in names)
    if isinstance(built, list):
        return len(lazy) == len(built) and all(map(same, lazy, built))
    return bool(lazy == built) and type(lazy) is type(built)


READINGS: dict[str, Callable[[Marketplace], tuple[str, str]]] = {
    "a paid payment": lambda market: ("payment_intents", market.paid()),
    "an account": lambda market: ("accounts", market.ready_coach()),
    "a disputed charge": lambda market: ("charges", market.charge(_disputed(market))),
}


def _disputed(market: Marketplace) -> str:
    payment = market.paid()
    market.dispute(payment)
    return payment


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
def test_a_lazy_object_reads_as_the_sdks_own(market: Marketplace, reading: Callable[[Any], tuple[str, str]]) -> None:
    """The object as a whole and the answer that brought it."""
    collection, thing = reading(market)
    lazy, built = objects.get(market.stripe, collection, thing), getattr(market.stripe.v1, collection).retrieve(thing)

    assert same(lazy, built)
    assert lazy.last_response.headers["Date"] == built.last_response.headers["Date"]
    assert lazy.metadata.last_response is None


def test_an_expanded_object_is_read_to_its_depth(market: Marketplace) -> None:
    """As ``latest_charge`` is at every payment."""
    market.ready_coach()
    payment = market.paid()
    expand: Any = {"expand": ["latest_charge"]}

    lazy = objects.get(market.stripe, "payment_intents", payment, expand)

    assert same(lazy, market.stripe.v1.payment_intents.retrieve(payment, expand))
    assert lazy.latest_charge.payment_method_details.card.brand == "visa"


def test_what_is_absent_raises_what_it_raises_in_the_sdk() -> None:
    """``getattr`` with a default relies on it."""
    lazy = LazyObject({"id": "pi_1", "metadata": {}, "items": None})

    assert getattr(lazy, "deleted", False) is False
    assert lazy.items is None
    assert ("id" in lazy, "deleted" in lazy) == (True, False)
    with pytest.raises(KeyError):
        lazy["deleted"]


def test_an_id_stays_in_its_place_in_the_path(market: Marketplace) -> None:
    """As the SDK quotes it."""
    market.forget_calls()
    with pytest.raises(stripe.InvalidRequestError):
        objects.get(market.stripe, "payment_intents", "pi_1/confirm?a=b#c")

    assert market.calls() == ["GET /v1/payment_intents/pi_1/confirm?a=b#c"]


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        ({"status": 400}, stripe.InvalidRequestError),
        ({"status": 401}, stripe.AuthenticationError),
        ({"status": 403}, stripe.PermissionError),
        ({"status": 500}, stripe.APIError),
        ("rate_limit", stripe.RateLimitError),
        ("close", stripe.APIConnectionError),
        ("garbage", stripe.APIError),
        ("empty_200", stripe.APIError),
    ],
)
def test_a_failed_call_raises_the_sdks_own_error(market: Marketplace, effect: Any, error: type[Exception]) -> None:
    """Of the same class, after the same retries."""
    market.fault("POST", "/v1/customers", "before", effect, times=9)
    before = len(market.sandbox.requests)
    with pytest.raises(error) as lazy:
        objects.create(market.stripe, "customers", {"email": "pat@example.com"}, "key-1")
    tried = len(market.sandbox.requests) - before
    with pytest.raises(error) as built:
        market.stripe.v1.customers.create({"email": "pat@example.com"}, {"idempotency_key": "key-2"})

    assert type(lazy.value) is type(built.value)
    assert tried == len(market.sandbox.requests) - before - tried
