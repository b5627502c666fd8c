"""Receipts: the words for a payment's player, when a purchase is stopped, and the timeline of its money."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from backend.services.errors import NotFound
from backend.services.purchases.declines import Blocked, Declines, is_blocked
from backend.services.purchases.receipts import Receipt, Receipts, State
from tests.unit.given import Line, charge, intent, pages, refund

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
