"""Early fraud warnings: told, and refunded where the operator chose that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest

from tests.builders import Marketplace


def set_up(market: Marketplace, policy: Literal["tell", "refund"]) -> None:
    """Go on with a backend of that policy."""
    market.settings = replace(market.settings, fraud_warnings=policy)
    market.app = market.another_backend()
    market.http = market.app.test_client()


def warn(market: Marketplace, payment: str) -> None:
    """The issuer warns of the payment, and every event is delivered."""
    assert market.control("POST", "/early_fraud_warnings", {"charge": market.charge(payment)}).status_code == 200
    market.deliver()


def refunds(market: Marketplace) -> list[tuple[int, str]]:
    """The amount and the reason of each refund."""
    return [(one["amount"], one["reason"]) for one in market.all("refunds")]


def paid(market: Marketplace) -> str:
    """A payment whose coach was paid."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    return payment


@pytest.mark.parametrize(("policy", "expected", "held"), [("tell", [], 4252), ("refund", [(4725, "fraudulent")], 0)])
def test_a_warned_payment_is_refunded_by_policy_only(
    market: Marketplace, policy: Any, expected: list[Any], held: int
) -> None:
    """All of it, and the coach's share comes back."""
    set_up(market, policy)
    payment = paid(market)

    warn(market, payment)

    assert (refunds(market), market.held(payment)) == (expected, held)


def test_a_warning_that_comes_again_refunds_once(market: Marketplace) -> None:
    """At once and days later, when Stripe has forgotten the key."""
    set_up(market, "refund")
    payment = paid(market)
    warn(market, payment)
    event = market.event("radar.early_fraud_warning.created")

    assert market.send(event) == 200
    market.clock.advance(3 * 86_400)
    assert market.send(event) == 200

    assert refunds(market) == [(4725, "fraudulent")]


def test_what_is_left_of_a_payment_is_refunded(market: Marketplace) -> None:
    """A part was refunded before."""
    set_up(market, "refund")
    payment = paid(market)
    assert market.refund(payment, amount=1_000).status_code == 200

    warn(market, payment)

    assert sorted(refunds(market)) == [(1_000, "requested_by_customer"), (3_725, "fraudulent")]


@pytest.mark.parametrize("meanwhile", ["refunded", "disputed"])
def test_what_cannot_be_refunded_any_more_is_acknowledged(market: Marketplace, meanwhile: str) -> None:
    """The old event says that something can still be done."""
    set_up(market, "tell")
    payment = paid(market)
    warn(market, payment)
    event = market.event("radar.early_fraud_warning.created")
    if meanwhile == "refunded":
        assert market.refund(payment).status_code == 200
    else:
        market.dispute(payment)
    market.deliver()
    before = refunds(market)
    set_up(market, "refund")

    assert (market.send(event), refunds(market)) == (200, before)


def test_a_stranger_payment_is_left_alone(market: Marketplace) -> None:
    """One that the Node backend sold is told of, and no money moves."""
    set_up(market, "refund")
    payment = market.node_payment()
    market.deliver()

    warn(market, payment)

    assert refunds(market) == []


def test_a_payment_that_a_person_settles_is_left_to_the_person(market: Marketplace) -> None:
    """The policy is a machine's."""
    set_up(market, "refund")
    payment = paid(market)
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlementMode": "manual"}})

    warn(market, payment)

    assert refunds(market) == []


def test_a_refund_that_fails_for_now_is_tried_again(market: Marketplace) -> None:
    """Stripe delivers the warning again."""
    set_up(market, "refund")
    payment = paid(market)
    market.fault("POST", "/v1/refunds", "before", {"status": 503}, times=2)
    warn(market, payment)
    market.clock.advance(3_600)
    market.deliver()

    assert refunds(market) == [(4725, "fraudulent")]
