"""Notes on payments: written once, never over one that may still come true, and never on a payment that is not paid."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.settlement import Note, Position, Reason, TransferRecord
from backend.domain.states import MoneyState
from backend.services.errors import Undecided
from backend.services.reads import Payment
from backend.services.settlement.notes import Notes
from backend.services.settlement.positions import View
from tests.conftest import NOW
from tests.unit.given import TODAY, Line, charge, intent, payment

HOUR = 3_600
THREE_HOURS = 3 * HOUR
HELD = Note(MoneyState.HELD, Reason.REFUSED, "0", 0, NOW, 4252)
UNKNOWN = Note(MoneyState.UNKNOWN, None, "0", 0, NOW)


def noted(text: str | None, at: int | None = NOW) -> Payment:
    """A paid payment with a note."""
    return replace(payment({"settlement": text} if text else {}, charge()), at=at)


def position(*filled: str, refunded: int = 0, disputed: int = 0) -> Position:
    """The money of a payment whose transfers fill these slots."""
    records = [TransferRecord("tr_1", 1, 0, 0, filled=frozenset([slot])) for slot in filled]
    return Position(4725, refunded, disputed, payment().purchase.rate, records)


def line(**objects: Any) -> Line:
    """A line to the payment."""
    return Line(TODAY, pi_1=intent(), **objects)


def notes_written(on: Line) -> list[str]:
    """The notes that were written."""
    return [sent["metadata[settlement]"] for sent in on.sent if "metadata[settlement]" in sent]


# A hold.


def test_a_hold_is_written_and_logged() -> None:
    """With its reason and its amount."""
    on = line()
    with capture_logs() as logs:
        assert Notes(on.client).hold(noted(None), HELD) == HELD

    assert notes_written(on) == [f"held:refused:0.0:{NOW}:4252"]
    facts = {"payment": "pi_1", "reason": "refused", "amount": 4252}
    assert logs == [{"event": "settlement.held", "log_level": "warning", **facts}]


def test_a_hold_that_stands_is_not_written_again() -> None:
    """Whenever it was written; the answer is the new one, and nothing is logged."""
    on = line()
    with capture_logs() as logs:
        assert Notes(on.client).hold(noted(f"held:refused:0.0:{NOW - 60}:4252"), HELD, position()) == HELD

    assert (on.asked, logs) == ([], [])


@pytest.mark.parametrize("at", [NOW, None], ids=["time", "no time"])
@pytest.mark.parametrize("same_slot", [True, False])
def test_a_hold_whose_position_is_not_known_leaves_what_may_still_come(at: int | None, same_slot: bool) -> None:
    """Also where the note is of the same slot: it is not known which slots are filled."""
    on = line()
    slot = "0" if same_slot else "1"

    with pytest.raises(Undecided):
        Notes(on.client).hold(noted(f"unknown:{slot}.0:{NOW}", at), HELD)

    assert on.asked == []


@pytest.mark.parametrize(("age", "written"), [(THREE_HOURS, 0), (THREE_HOURS + 1, 1)])
def test_a_hold_takes_the_place_of_what_will_not_come_any_more(age: int, written: int) -> None:
    """Three hours after the answer was lost."""
    on = line()
    with suppress(Undecided):
        Notes(on.client).hold(noted(f"unknown:1.0:{NOW - age}"), HELD)

    assert len(notes_written(on)) == written


@pytest.mark.parametrize(
    ("before", "at", "filled", "stays"),
    [
        ("unknown:1.0", NOW, [], True),
        ("unknown:0.1", NOW, [], True),
        ("unknown:1.0", NOW, ["1"], False),
        ("unknown:1.0", NOW, ["0"], True),
        ("unknown:0.0", NOW, [], False),
        ("unknown:1.0", NOW - THREE_HOURS - 1, [], False),
        ("held:refused:1.0", NOW, [], False),
    ],
    ids=["another slot", "another generation", "filled", "another is filled", "the same write", "old", "a hold"],
)
def test_a_hold_leaves_the_note_of_another_write_that_may_still_come(
    before: str, at: int, filled: list[str], stays: bool
) -> None:
    """By slot and generation, where the position is known."""
    on = line()
    try:
        Notes(on.client).hold(noted(f"{before}:{at}"), HELD, position(*filled))
        undecided = False
    except Undecided:
        undecided = True

    assert (undecided, len(notes_written(on))) == (stays, not stays)


# An unknown outcome.


def test_an_unknown_outcome_is_written() -> None:
    """On a payment without a note, and over a hold."""
    on = line()

    Notes(on.client).wait(noted(None), UNKNOWN, position())
    Notes(on.client).wait(noted(f"held:refused:0.0:{NOW}:4252"), UNKNOWN, position())

    assert notes_written(on) == [f"unknown:0.0:{NOW}"] * 2


def test_an_unknown_outcome_keeps_its_time() -> None:
    """The three hours are counted from the first lost answer."""
    on = line()

    Notes(on.client).wait(noted(f"unknown:0.0:{NOW - 60}"), UNKNOWN, position())

    assert on.asked == []


@pytest.mark.parametrize(
    ("before", "pinned", "written"),
    [("", True, [f"unknown:0.0:{NOW - 60}p"]), ("p", True, []), ("p", False, []), ("", False, [])],
    ids=["learned", "known", "known, not seen again", "not seen"],
)
def test_that_a_failure_is_stored_may_be_learned_later(before: str, pinned: bool, written: list[str]) -> None:
    """The note is written again with its own time."""
    on = line()

    Notes(on.client).wait(noted(f"unknown:0.0:{NOW - 60}{before}"), replace(UNKNOWN, pinned=pinned), position())

    assert notes_written(on) == written


@pytest.mark.parametrize(
    ("before", "at", "filled", "written"),
    [
        ("unknown:1.0", NOW, [], 0),
        ("unknown:0.1", NOW, [], 0),
        ("unknown:1.0", NOW, ["1"], 1),
        ("unknown:1.0", NOW - THREE_HOURS - 1, [], 1),
        ("held:refused:1.0", NOW, [], 1),
    ],
    ids=["another slot", "another generation", "filled", "old", "a hold"],
)
def test_an_unknown_outcome_leaves_the_note_of_another_write(
    before: str, at: int, filled: list[str], written: int
) -> None:
    """While that may still come true: this one is met again."""
    on = line()

    Notes(on.client).wait(noted(f"{before}:{at}"), UNKNOWN, position(*filled))

    assert notes_written(on) == [str(UNKNOWN)] * written


# A damaged payment.


def damaged(note: str | None = None, told: bool = True, **fields: Any) -> Any:
    """A payment of ours that cannot be read, as Stripe answers it."""
    on = Line(TODAY if told else None, pi_1=intent({"clips": "", **({"settlement": note} if note else {})}, **fields))
    return on.client.v1.payment_intents.retrieve("pi_1")


def test_a_damaged_payment_is_held_and_logged() -> None:
    """At Stripe's time."""
    on = line()
    with capture_logs() as logs:
        note = Notes(on.client).hold_damaged(damaged())

    assert note == Note(MoneyState.HELD, Reason.UNREADABLE, at=NOW)
    assert notes_written(on) == [f"held:unreadable:0.0:{NOW}"]
    facts = {"payment": "pi_1", "reason": "unreadable"}
    assert logs == [{"event": "settlement.held", "log_level": "warning", **facts}]


def test_a_damaged_payment_without_a_date_is_held_at_no_time() -> None:
    """The note says so with a zero."""
    on = line()

    assert Notes(on.client).hold_damaged(damaged(told=False)).at == 0
    assert notes_written(on) == ["held:unreadable:0.0:0"]


def test_a_damaged_payment_that_is_held_keeps_its_note() -> None:
    """With the time since when it waits."""
    on = line()
    with capture_logs() as logs:
        note = Notes(on.client).hold_damaged(damaged(f"held:unreadable:0.0:{NOW - 60}"))

    assert note.at == NOW - 60
    assert (on.asked, logs) == ([], [])


def test_a_note_from_the_future_is_damaged_too() -> None:
    """No payment would ever be older than it."""
    on = line()

    assert Notes(on.client).hold_damaged(damaged(f"held:unreadable:0.0:{NOW + 2 * 24 * HOUR}")).at == NOW


@pytest.mark.parametrize(
    ("note", "written"),
    [
        (f"held:refused:0.0:{NOW}", 1),
        (f"unknown:0.0:{NOW}", 0),
        (f"unknown:0.0:{NOW - THREE_HOURS}", 0),
        (f"unknown:0.0:{NOW - THREE_HOURS - 1}", 1),
    ],
    ids=["another hold", "unknown", "three hours", "longer"],
)
def test_a_damaged_payment_keeps_the_note_of_what_may_still_come(note: str, written: int) -> None:
    """Any other note gives way."""
    on = line()

    assert Notes(on.client).hold_damaged(damaged(note)).reason == Reason.UNREADABLE
    assert len(notes_written(on)) == written


def test_a_damaged_payment_that_is_not_paid_gets_no_note() -> None:
    """Nothing of it waits yet."""
    on = line()

    assert Notes(on.client).hold_damaged(damaged(status="processing")).reason == Reason.UNREADABLE
    assert on.asked == []


# The rest.


def test_a_note_is_taken_away_by_an_empty_value() -> None:
    """In one write."""
    on = line()

    Notes(on.client).clear(noted(f"held:refused:0.0:{NOW}"))

    assert on.sent == [{"metadata[settlement]": ""}]
    assert on.urls == ["/v1/payment_intents/pi_1"]


@pytest.mark.parametrize(
    ("money", "known", "written"),
    [
        ({}, {}, {}),
        ({"disputed": 100}, {}, {"metadata[disputeSeen]": "true"}),
        ({"refunded": 100}, {}, {"metadata[refundSeen]": "true"}),
        ({"disputed": 1, "refunded": 1}, {}, {"metadata[disputeSeen]": "true", "metadata[refundSeen]": "true"}),
        ({"disputed": 100}, {"disputed": True}, {}),
        ({"refunded": 100}, {"amount_refunded": 100}, {}),
        ({"disputed": 100}, {"amount_refunded": 100}, {"metadata[disputeSeen]": "true"}),
        ({"refunded": 100}, {"disputed": True}, {"metadata[refundSeen]": "true"}),
    ],
    ids=["nothing", "dispute", "refund", "both", "dispute known", "refund known", "refund seen", "dispute seen"],
)
def test_trouble_that_the_charge_does_not_tell_is_kept_on_the_payment(
    money: dict[str, int], known: dict[str, Any], written: dict[str, str]
) -> None:
    """So that later looks read it."""
    on = line()
    paid = payment(paid=charge(**known))

    Notes(on.client).remember_trouble(View(paid, position(**money), "acct_1", (), True))

    assert on.sent == [written] * bool(written)
