"""A session counts from the moment at which the money arrived: the charge's, or one that is written once."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from backend.domain.namespace import UNNAMED
from backend.services.errors import Undecided
from backend.services.purchases.sessions import is_open, session_id_of, session_of
from backend.services.reads import Payment, payment_of
from tests.conftest import NOW
from tests.unit.given import Line, charge, intent, pages, refund

DAY = 86_400
DEBIT = {"payment_method_details": {"type": "acss_debit"}}


def paid(at: int | None = NOW + 5 * DAY, metadata: dict[str, str] | None = None, **fields: Any) -> Payment:
    """A payment whose charge was made at ``NOW`` and that was read at a time; a bank debit unless said otherwise."""
    read = payment_of(intent(metadata, latest_charge=charge(**{**DEBIT, **fields})), UNNAMED)
    assert read is not None
    return Payment(read.intent, read.purchase, read.charge, at)


def begins(payment: Payment, line: Line, happened_at: int | None = None) -> str:
    """The moment from which the session counts."""
    return session_of(line.client, payment, happened_at).created_at


def written(*answers: Any) -> Line:
    """A line that answers an update and a read of the payment in turn; a number is what is written by then."""
    return Line(pi_1=[intent({"paidAt": str(one)}) if isinstance(one, int) else one for one in answers])


@pytest.mark.parametrize("details", [{"type": "card"}, {"type": "link"}, None], ids=str)
def test_a_card_counts_from_its_charge_at_no_call(details: Any) -> None:
    """Whenever it is asked, and whatever an event says."""
    line = Line()

    assert begins(paid(payment_method_details=details), line, NOW + DAY) == "2026-11-02T15:00:00.000Z"
    assert line.asked == []


def test_a_session_has_the_payments_amount_and_currency() -> None:
    """And the id that follows from the payment's."""
    payment = paid(payment_method_details=None)
    session = session_of(Line().client, payment)

    assert (session.amount, session.currency, session.payment_intent_id) == (4725, "cad", "pi_1")
    assert session.id == session_id_of(payment) == "session_1"
    assert (session.coach_id, session.clips_remaining) == ("coach-1", 5)
    assert session.session_expiry == "2026-11-05T15:00:00.000Z"


@pytest.mark.parametrize("known", [NOW, NOW + 5 * DAY, NOW + 21 * DAY])
def test_a_debit_counts_from_what_was_written_at_no_call(known: int) -> None:
    """Within the three weeks that money may be under way."""
    line = Line()
    at = begins(paid(metadata={"paidAt": str(known)}), line)

    assert at == session_of(line.client, paid(payment_method_details=None, created=known)).created_at
    assert line.asked == []


@pytest.mark.parametrize(
    "damage", ["", "x", "-1", "1" * 13, "\u0661", str(NOW - 1), str(NOW + 21 * DAY + 1)], ids=ascii
)
def test_a_damaged_moment_is_written_anew(damage: str) -> None:
    """Under the payment's own key, as the moment of the reading."""
    line = written(intent(), NOW + 5 * DAY)

    assert begins(paid(metadata={"paidAt": damage}), line) == "2026-11-07T15:00:00.000Z"
    assert line.keys == ["paid-at:pi_1", None]
    assert line.sent[0] == {"metadata[paidAt]": str(NOW + 5 * DAY)}


@pytest.mark.parametrize(
    ("happened_at", "at", "moment"),
    [
        (NOW + 3 * DAY, NOW + 5 * DAY, NOW + 3 * DAY),
        (None, NOW + 5 * DAY, NOW + 5 * DAY),
        (NOW + 3 * DAY, None, NOW + 3 * DAY),
        (NOW - DAY, NOW + DAY, NOW),
        (NOW + 30 * DAY, NOW + DAY, NOW + 21 * DAY),
    ],
)
def test_the_moment_written_is_the_events_else_the_readings(
    happened_at: int | None, at: int | None, moment: int
) -> None:
    """Never before the charge, and never later than money is under way."""
    line = written(intent(), moment)

    begins(paid(at), line, happened_at)

    assert line.sent[0] == {"metadata[paidAt]": str(moment)}


def test_without_any_time_nothing_is_written() -> None:
    """The next trigger has one."""
    line = Line()
    with pytest.raises(Undecided):
        begins(paid(at=None), line)

    assert line.asked == []


def test_the_moment_that_somebody_else_wrote_is_the_one_that_stands() -> None:
    """The key was used with another moment: what is written is read."""
    line = written((400, "idempotency_error"), NOW + DAY)

    assert begins(paid(), line) == "2026-11-03T15:00:00.000Z"


@pytest.mark.parametrize("failure", [(500, ""), (503, "")])
def test_a_stored_failure_is_escaped_twice(failure: tuple[int, str]) -> None:
    """By the key's generations; what fails more often is left to the next trigger."""
    nothing = intent()
    line = written(failure, nothing, failure, nothing, failure, NOW + DAY)
    never = written(failure, nothing, failure, nothing, failure, nothing)

    assert begins(paid(), line) == "2026-11-03T15:00:00.000Z"
    assert line.keys[::2] == ["paid-at:pi_1", "paid-at:pi_1:g1", "paid-at:pi_1:g2"]
    with pytest.raises(Undecided):
        begins(paid(), never)


@pytest.mark.parametrize(
    ("failure", "kind"), [((400, "parameter_unknown"), stripe.InvalidRequestError), ((429, ""), stripe.RateLimitError)]
)
def test_what_is_no_stored_failure_is_raised(failure: tuple[int, str], kind: type[Exception]) -> None:
    """At once: another generation would end like it."""
    line = written(failure)
    with pytest.raises(kind):
        begins(paid(), line)

    assert line.asked == ["pi_1"]


def test_a_line_that_was_cut_is_raised() -> None:
    """The outcome of the write is asked by the next trigger, under the same key."""
    line = written(stripe.APIConnectionError("cut", should_retry=False))
    with pytest.raises(stripe.APIConnectionError):
        begins(paid(), line)

    assert line.asked == ["pi_1"]


@pytest.mark.parametrize(
    ("fields", "metadata", "refunds", "is_it", "calls"),
    [
        ({}, {}, [], True, 0),
        ({"amount_refunded": 4724}, {}, [], True, 0),
        ({"amount_refunded": 4725}, {}, [refund(amount=4725)], False, 1),
        ({"amount_refunded": 4725}, {}, [refund(amount=4725, status="failed")], True, 1),
        ({}, {"refundSeen": "true"}, [refund(amount=4725, status="pending")], False, 1),
        ({}, {"refundSeen": "true"}, [refund(amount=4724, status="pending")], True, 1),
        ({"status": "failed", "failure_balance_transaction": "txn_1"}, {}, [], False, 0),
    ],
    ids=["whole", "a cent is left", "refunded", "it came back", "on its way", "but a cent", "returned"],
)
def test_a_session_is_open_until_the_player_has_all_back(
    fields: dict[str, Any], metadata: dict[str, str], refunds: list[Any], is_it: bool, calls: int
) -> None:
    """The refunds are asked for only where something says that there are any."""
    line = Line(refunds=pages(*refunds))

    assert is_open(line.client, paid(metadata=metadata, **fields)) is is_it
    assert len(line.asked) == calls


def test_an_unpaid_payment_has_no_open_session() -> None:
    """There is nothing that opened it."""
    unpaid = payment_of(intent(status="processing", latest_charge=None), UNNAMED)
    assert unpaid is not None

    assert not is_open(Line().client, unpaid)
