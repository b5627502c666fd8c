"""The timeline of a payment's money, from Stripe's events."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.namespace import UNNAMED
from backend.services.operators.timeline import Entry, timeline_of
from backend.services.reads import Payment, payment_of
from tests.conftest import NOW
from tests.unit.given import Line, charge, event, intent, made, pages


def timeline(*newest_first: Any, **fields: Any) -> tuple[list[Entry], Line]:
    """The timeline of the payment from these events, and the line."""
    payment = payment_of(intent(latest_charge=charge(), created=NOW, **fields), UNNAMED)
    assert isinstance(payment, Payment)
    on = Line(events=pages(*newest_first))
    return timeline_of(on.client, payment), on


THING = made("thing", "obj_1", amount=4725, currency="cad", payment_intent="pi_1", status="lost")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("payment_intent.created", "A purchase of 47.25 CAD began."),
        ("payment_intent.requires_action", "The player's bank asks whether it is them."),
        ("payment_intent.payment_failed", "The card was declined. No money moved."),
        ("payment_intent.succeeded", "The player paid 47.25 CAD."),
        ("payment_intent.canceled", "The purchase was given up."),
        ("transfer.created", "The coach was sent 47.25 CAD."),
        ("charge.dispute.created", "The player's bank disputes 47.25 CAD."),
        ("charge.dispute.funds_withdrawn", "The bank took 47.25 CAD back."),
        ("charge.dispute.funds_reinstated", "The bank returned 47.25 CAD."),
        ("charge.dispute.closed", "The dispute is lost."),
    ],
)
def test_an_event_is_told_in_a_sentence(kind: str, text: str) -> None:
    """With its time, and whether a webhook of it is still to come."""
    told, _ = timeline(event(kind, THING, at=NOW + 5, waits=1))

    assert told == [Entry(f"evt_{kind}", kind, NOW + 5, text, waiting=True)]


@pytest.mark.parametrize(("before", "text"), [({"amount_refunded": 300}, "7.00 CAD"), (None, "10.00 CAD")])
def test_an_event_about_a_whole_says_how_much_of_it_is_new(before: Any, text: str) -> None:
    """By its previous attributes."""
    refunded = charge(amount_refunded=1000)
    reversed_ = made("transfer", "tr_1", source_transaction="ch_1", amount_reversed=1000, amount=4252, currency="cad")
    undone = {"amount_reversed": 300} if before else None

    assert timeline(event("charge.refunded", refunded, before=before))[0][0].text == f"The player has {text} back."
    assert timeline(event("transfer.reversed", reversed_, before=undone))[0][0].text == (
        f"{text} of the coach's share came back to the platform."
    )


def test_events_are_told_in_the_order_in_which_they_happened() -> None:
    """Of one second too, the later ones come first in Stripe's list."""
    told, on = timeline(
        event("charge.dispute.created", THING, at=NOW + 1),
        event("payment_intent.succeeded", THING),
        event("payment_intent.created", THING),
    )

    assert [one.type for one in told] == [
        "payment_intent.created",
        "payment_intent.succeeded",
        "charge.dispute.created",
    ]
    assert not told[0].waiting
    assert on.urls[0].startswith(f"/v1/events?created[gte]={NOW}&limit=100&types[0]=payment_intent.created&types[1]=")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"payment_intent": "pi_1"}, True),
        ({"charge": "ch_1"}, True),
        ({"source_transaction": "ch_1"}, True),
        ({"transfer_group": "g"}, True),
        ({"payment_intent": "pi_2", "charge": None, "transfer_group": None}, False),
        ({}, False),
    ],
    ids=str,
)
def test_an_event_concerns_the_payment_that_it_names(fields: dict[str, Any], told: bool) -> None:
    """By the payment, the charge, or the group; what names nothing concerns nobody."""
    thing = made("thing", "obj_1", amount=1, currency="cad", **fields)

    assert bool(timeline(event("transfer.created", thing))[0]) is told


def test_an_event_of_the_payment_itself_concerns_it() -> None:
    """By its own id."""
    assert len(timeline(event("payment_intent.created", intent()))[0]) == 1


def test_five_pages_of_events_are_looked_through() -> None:
    """A busy platform's older events are left out."""
    payment = payment_of(intent(latest_charge=charge(), created=NOW), UNNAMED)
    assert payment is not None
    data = [event("transfer.created", THING).to_dict()] * 100
    page = made("list", "", data=data, has_more=True, url="/v1/events")
    on = Line(events=[page] * 7)

    assert len(timeline_of(on.client, payment)) == 500
    assert len(on.asked) == 5
