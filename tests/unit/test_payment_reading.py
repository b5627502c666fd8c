"""A payment as it is read from Stripe: its charge, its marks, what refunds and disputes took of it."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.namespace import UNNAMED, Namespace
from backend.services.errors import NotFound, UnreadablePayment
from backend.services.reads import (
    captured,
    payment_of,
    purchase_of,
    read_payment,
    sold_payment,
)
from backend.stripe_client.platform import PlatformClient
from tests.conftest import NOW
from tests.unit.given import OURS, PURCHASE, TODAY, Line, charge, intent, made, pages, payment

# The payment.


def test_a_paid_payment_has_its_charge_and_the_time_of_reading() -> None:
    """The answer's own ``Date``."""
    paid = charge()
    line = Line(TODAY, pi_1=intent(latest_charge=paid.to_dict()))

    read = read_payment(line.client, "pi_1")

    assert read is not None
    assert (read.id, read.at, read.charge is not None and read.charge.id) == ("pi_1", NOW, "ch_1")
    assert read.metadata == {**PURCHASE, **OURS}
    assert read.purchase.coach_id == "coach-1"
    assert line.urls == ["/v1/payment_intents/pi_1?expand[0]=latest_charge"]


def test_a_payment_of_a_named_deployment_is_read_by_that_deployment() -> None:
    """For every other it is none; what it sold is marked with its name."""
    blue = Namespace("blue")
    line = Line(pi_1=intent(blue.mark, latest_charge=None))
    client = PlatformClient("sk_test_a1", namespace=blue, http_client=line)

    read = read_payment(client, "pi_1")

    assert read is not None
    assert (read.purchase.ours, read.purchase.namespace) == (True, blue)
    assert read_payment(line.client, "pi_1") is None


@pytest.mark.parametrize("status", ["requires_payment_method", "processing", "canceled"])
@pytest.mark.parametrize("paid", [None, charge(), charge(status="failed")], ids=["none", "a charge", "a failed one"])
def test_a_payment_that_did_not_succeed_has_no_charge(status: str, paid: Any) -> None:
    """A charge may be there before its money is, or after it was declined."""
    assert payment(status=status, paid=paid).charge is None


def test_a_debit_that_was_returned_keeps_its_charge() -> None:
    """The charge stays, although it brought nothing in the end."""
    returned = charge(status="failed", failure_balance_transaction="txn_1")
    read = payment(status="requires_payment_method", paid=returned)

    assert read.charge is not None
    assert (captured(read.charge), captured(charge())) == (0, 4725)


def test_a_charge_that_succeeded_is_not_taken_for_returned() -> None:
    """Although the intent says otherwise."""
    odd = charge(failure_balance_transaction="txn_1")

    assert payment(status="processing", paid=odd).charge is None


def test_a_debit_that_was_returned_is_found_behind_a_further_try() -> None:
    """It was paid once: the payment's charges are listed, and the one that came and went is its charge."""
    declined, returned = charge(status="failed"), charge(status="failed", failure_balance_transaction="txn_1")
    returned["id"] = "ch_0"
    line = Line(
        pi_1=intent({"paidAt": "1"}, status="requires_payment_method", latest_charge=declined.to_dict()),
        charges=pages(declined, returned),
    )

    read = read_payment(line.client, "pi_1")

    assert read is not None
    assert read.charge is not None
    assert read.charge.id == "ch_0"
    assert line.urls[1:] == ["/v1/charges?payment_intent=pi_1&limit=100"]


@pytest.mark.parametrize(("metadata", "asked"), [({}, ["pi_1"]), ({"paidAt": "1"}, ["pi_1", "charges"])])
def test_charges_are_listed_only_for_what_was_paid_once(metadata: dict[str, str], asked: list[str]) -> None:
    """Every unpaid purchase would cost a call otherwise."""
    line = Line(pi_1=intent(metadata, status="requires_payment_method", latest_charge=None), charges=pages())

    read = read_payment(line.client, "pi_1")

    assert read is not None
    assert (read.charge, line.asked) == (None, asked)


@pytest.mark.parametrize("payment_id", ["", " "])
def test_no_id_is_no_payment_and_no_call(payment_id: str) -> None:
    """The address of no id is that of the list."""
    line = Line()

    assert read_payment(line.client, payment_id) is None
    assert line.asked == []


def test_what_is_not_there_or_not_a_purchase_was_not_sold_here() -> None:
    """The same words for both."""
    line = Line(pi_1=(404, "resource_missing"), pi_2=made("payment_intent", "pi_2", metadata={}, latest_charge=None))
    for name in ("pi_1", "pi_2"):
        assert read_payment(line.client, name) is None
        with pytest.raises(NotFound, match=r"^There is no such payment\.$"):
            sold_payment(line.client, name)


def test_a_sold_payment_is_read() -> None:
    """Whatever its status."""
    assert sold_payment(Line(pi_1=intent(latest_charge=None)).client, "pi_1").id == "pi_1"


def test_a_marked_and_damaged_record_is_ours_and_unreadable() -> None:
    """It carries the intent, so that it can be noted there."""
    damaged = intent({"clips": "many"})

    with pytest.raises(UnreadablePayment) as raised:
        purchase_of(damaged, UNNAMED)

    assert raised.value.intent is damaged
    assert raised.value.message == "The record of this payment is damaged. Please contact support."


@pytest.mark.parametrize("mark", [{}, Namespace("blue").mark], ids=["nobody's", "another's"])
def test_a_damaged_record_that_is_not_ours_is_no_purchase(mark: dict[str, str]) -> None:
    """Nobody here can mend it."""
    damaged = made("payment_intent", "pi_1", metadata={**PURCHASE, "clips": "many", **mark}, latest_charge=None)

    assert purchase_of(damaged, UNNAMED) is None
    assert payment_of(damaged, UNNAMED) is None


@pytest.mark.parametrize(
    ("metadata", "manual", "person"),
    [
        ({}, False, False),
        ({"settlementMode": "manual"}, True, True),
        ({"settlementMode": "auto"}, False, True),
        ({"settlement": "manual"}, True, False),
        ({"settlement": "held:refused:0.0:1"}, False, False),
    ],
    ids=str,
)
def test_a_persons_word_is_on_the_payment(metadata: dict[str, str], manual: bool, person: bool) -> None:
    """In its own key, or where an earlier release kept it."""
    read = payment(metadata)

    assert (read.is_manual, read.person_was_here) == (manual, person)


def test_the_note_of_a_payment_is_read_at_stripes_time() -> None:
    """None where nothing waits."""
    noted = payment({"settlement": "held:refused:0.0:100:4252"}).note

    assert payment().note is None
    assert noted is not None
    assert (noted.reason, noted.at, noted.amount) == ("refused", 100, 4252)


@pytest.mark.parametrize(
    ("of_intent", "of_charge", "group"),
    [("g", "h", "h"), ("g", None, "group_pi_1"), (None, "h", "h"), (None, None, "group_pi_1")],
)
def test_the_group_is_the_charges_and_never_empty(of_intent: str | None, of_charge: str | None, group: str) -> None:
    """An empty filter would list the whole platform's transfers."""
    assert payment(transfer_group=of_intent, paid=charge(transfer_group=of_charge)).group == group


@pytest.mark.parametrize(("of_intent", "group"), [("g", "g"), (None, "group_pi_1")])
def test_the_group_of_an_unpaid_payment_is_the_intents(of_intent: str | None, group: str) -> None:
    """The charge will have the same."""
    assert payment(transfer_group=of_intent, status="processing").group == group


@pytest.mark.parametrize(("text", "ids"), [(None, ()), ("", ()), ("tr_1", ("tr_1",)), ("tr_1,,tr_2", ("tr_1", "tr_2"))])
def test_ids_on_a_payment_are_separated_by_commas(text: str | None, ids: tuple[str, ...]) -> None:
    """Of transfers that pay it too, and of accounts that it was frozen to before."""
    read = payment({} if text is None else {"alsoPaidBy": text, "coachAccountWas": text})

    assert (read.also_paid_by, read.former_payees) == (ids, frozenset(ids))


@pytest.mark.parametrize(
    ("metadata", "fields", "refunds", "disputes"),
    [
        ({}, {}, False, False),
        ({}, {"amount_refunded": 1}, True, False),
        ({}, {"disputed": True}, False, True),
        ({"refundSeen": "true"}, {}, True, False),
        ({"disputeSeen": "true"}, {}, False, True),
    ],
    ids=str,
)
def test_refunds_and_disputes_are_read_where_something_says_so(
    metadata: dict[str, str], fields: dict[str, Any], refunds: bool, disputes: bool
) -> None:
    """The charge, or what an earlier look wrote down."""
    read = payment(metadata, charge(**fields))

    assert (read.may_be_refunded, read.may_be_disputed) == (refunds, disputes)


def test_an_unpaid_payment_has_neither() -> None:
    """There is no charge to ask of."""
    read = payment(status="processing")

    assert (read.may_be_refunded, read.may_be_disputed) == (False, False)
