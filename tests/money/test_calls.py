"""Calls to Stripe: what each flow costs, all the events that follow from it included."""

from __future__ import annotations

from collections import Counter

from tests.builders import Marketplace

HOUR = 3_600


def cost(market: Marketplace) -> int:
    """The calls since the last ``forget_calls``, after everything was delivered. A coach's own events cost none here."""
    market.deliver()
    return len(market.calls())


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
