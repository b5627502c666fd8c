"""Receipts: the words for a payment's player, when a purchase is stopped, and the timeline of its money."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from backend.domain.namespace import UNNAMED
from backend.services.errors import NotFound
from backend.services.operators.timeline import Entry, timeline_of
from backend.services.purchases.declines import Blocked, Declines, is_blocked
from backend.services.purchases.receipts import Receipt, Receipts, State
from backend.services.reads import Payment, payment_of
from tests.unit.test_books import Line, made
from tests.unit.test_judgements import NOW, charge, intent, refund
from tests.unit.test_payment_reading import pages

SECRET = "pi_1_secret_x"


# Receipts.


def receipt(secret: str = SECRET, refunds: Any = (), **fields: Any) -> Receipt:
    """The page of a payment, as it is shown to who holds this secret."""
    on = Line(pi_1=intent(**{"client_secret": SECRET, "latest_charge": None, **fields}), refunds=pages(*refunds))
    return Receipts(on.client).read("pi_1", secret)


def paid(**fields: Any) -> dict[str, Any]:
    """A charge that paid, as a field of the intent."""
    given: dict[str, Any] = charge(payment_method_details={"type": "card"}, **fields).to_dict()
    return given


@pytest.mark.parametrize("secret", ["", "pi_1_secret_y", SECRET + "z", "pi_1_secret_é"])
def test_an_id_alone_shows_nothing(secret: str) -> None:
    """A wrong secret is answered as what is not there."""
    with pytest.raises(NotFound, match=r"^There is no such payment\.$"):
        receipt(secret)


def test_a_payment_without_a_secret_is_shown_to_nobody() -> None:
    """Unless it is asked for without one, which no page does."""
    with pytest.raises(NotFound):
        receipt(client_secret=None)


@pytest.mark.parametrize(
    ("status", "error", "state"),
    [
        ("processing", None, State.PROCESSING),
        ("requires_capture", None, State.PROCESSING),
        ("requires_action", None, State.UNFINISHED),
        ("canceled", None, State.CANCELED),
        ("canceled", {"code": "card_declined"}, State.CANCELED),
        ("requires_payment_method", {"code": "card_declined"}, State.DECLINED),
        ("requires_payment_method", None, State.NOT_PAID),
        ("requires_confirmation", None, State.NOT_PAID),
    ],
)
def test_an_unpaid_payment_is_in_one_of_these_states(status: str, error: Any, state: State) -> None:
    """In the player's terms."""
    shown = receipt(status=status, last_payment_error=error)

    assert (shown.state, shown.refunded, shown.session, shown.payment.id) == (state, 0, None, "pi_1")


def test_a_paid_payment_shows_its_session() -> None:
    """With what of it was refunded."""
    shown = receipt(latest_charge=paid(amount_refunded=1000), refunds=[refund(amount=1000)])

    assert (shown.state, shown.refunded) == (State.PAID, 1000)
    assert shown.session is not None
    assert shown.session.id == "session_1"


@pytest.mark.parametrize(("amount", "state"), [(4724, State.PAID), (4725, State.REFUNDED)])
def test_a_payment_refunded_whole_has_no_session(amount: int, state: State) -> None:
    """A cent that is left keeps it."""
    shown = receipt(latest_charge=paid(amount_refunded=amount), refunds=[refund(amount=amount)])

    assert (shown.state, shown.refunded, shown.session is None) == (state, amount, state == State.REFUNDED)


# Declined cards.

DECLINED = {"charge": "ch_1", "payment_method": {"type": "card"}}


def tries(*kinds: str | None, status: str = "requires_payment_method", reason: str | None = None) -> Any:
    """The failed charges of a purchase, by the kind of what was tried, with the purchase as it is now."""
    given = intent(status=status, latest_charge=None, cancellation_reason=reason).to_dict()
    charges = []
    for kind in kinds:
        details = {"type": kind} if kind else None
        charges.append(charge(status="failed", payment_intent=given, payment_method_details=details))
    return pages(*charges)


def block(charges: Any, error: Any = None, limit: int = 2, cancel: Any = None) -> tuple[Blocked | None, Line]:
    """Ask whether the purchase is to be stopped; the line as well."""
    on = Line(charges=charges, cancel=cancel or intent(status="canceled", latest_charge=None))
    return Declines(on.client, limit).block("pi_1", DECLINED if error is None else error), on


def test_a_purchase_is_stopped_once_too_many_cards_were_declined() -> None:
    """It is canceled as fraudulent; one call for each decline, and one for the last."""
    stopped, on = block(tries("card", None))

    assert stopped == Blocked(2, now=True)
    assert on.urls == [
        "/v1/charges?payment_intent=pi_1&limit=100&expand[0]=data.payment_intent",
        "/v1/payment_intents/pi_1/cancel",
    ]
    assert on.sent[1] == {"cancellation_reason": "fraudulent"}


def test_fewer_declines_stop_nothing() -> None:
    """Debits that failed are none."""
    stopped, on = block(tries("card", "acss_debit"))

    assert (stopped, on.asked) == (None, ["charges"])


def test_a_charge_that_succeeded_is_no_decline() -> None:
    """Only failed ones count."""
    charges = tries("card", "card")
    charges["data"][0]["status"] = "succeeded"

    assert block(charges)[0] is None


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (DECLINED, 0),
        ({"charge": "ch_1", "payment_method": {"type": "acss_debit"}}, 2),
        ({"payment_method": {"type": "card"}}, 2),
        ({"charge": None, "payment_method": {"type": "card"}}, 2),
        ({}, 2),
    ],
)
def test_what_is_no_declined_card_costs_no_call(error: dict[str, Any], limit: int) -> None:
    """Nor is anything stopped where there is no limit."""
    stopped, on = block(tries("card", "card"), error, limit)

    assert (stopped, on.asked) == (None, [])


@pytest.mark.parametrize("error", [{"charge": "ch_1"}, {"charge": "ch_1", "payment_method": None}], ids=str)
def test_a_decline_without_its_method_is_a_cards(error: dict[str, Any]) -> None:
    """Stripe leaves it out where the card was not kept."""
    assert block(tries("card", "card"), error)[0] == Blocked(2, now=True)


def test_a_purchase_that_was_stopped_before_is_told_as_such() -> None:
    """The event came again."""
    stopped, on = block(tries("card", "card", status="canceled", reason="fraudulent"))

    assert (stopped, on.asked) == (Blocked(2, now=False), ["charges"])


@pytest.mark.parametrize("status", ["succeeded", "processing", "canceled", "requires_capture"])
def test_what_was_paid_or_given_up_meanwhile_is_not_stopped(status: str) -> None:
    """The event's copy is older."""
    stopped, on = block(tries("card", "card", status=status))

    assert (stopped, on.asked) == (None, ["charges"])


@pytest.mark.parametrize("status", ["requires_payment_method", "requires_confirmation", "requires_action"])
def test_every_state_in_which_it_can_be_canceled_is_stopped(status: str) -> None:
    """Nobody has paid it."""
    assert block(tries("card", "card", status=status))[0] == Blocked(2, now=True)


def test_a_purchase_that_cannot_be_canceled_any_more_is_left_and_logged() -> None:
    """It was paid a moment ago; the event of that says what to do."""
    with capture_logs() as logs:
        stopped, _ = block(tries("card", "card"), cancel=(400, "payment_intent_unexpected_state"))

    assert stopped is None
    assert logs == [{"event": "purchase.not_blocked", "log_level": "info", "payment": "pi_1"}]


def test_any_other_refusal_to_cancel_is_raised() -> None:
    """The event comes again."""
    with pytest.raises(stripe.InvalidRequestError):
        block(tries("card", "card"), cancel=(400, "parameter_unknown"))


@pytest.mark.parametrize(
    ("status", "reason", "blocked"),
    [
        ("canceled", "fraudulent", True),
        ("canceled", "abandoned", False),
        ("canceled", None, False),
        ("succeeded", "fraudulent", False),
    ],
)
def test_a_purchase_was_stopped_by_its_reason(status: str, reason: str | None, blocked: bool) -> None:
    """One that was given up has another, or none."""
    assert is_blocked(intent(status=status, cancellation_reason=reason)) is blocked


# The timeline.


def event(kind: str, thing: Any, at: int = NOW, waits: int = 0, before: Any = None) -> Any:
    """An event of Stripe's."""
    data = {"object": thing.to_dict()} | ({"previous_attributes": before} if before else {})
    return made("event", f"evt_{kind}", type=kind, created=at, pending_webhooks=waits, data=data)


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
