"""The books sort Stripe's balance transactions by payment: the objects behind them are as the SDK gives them."""

from __future__ import annotations

import pytest

from backend.services.reconcile.books import Books
from tests.unit.books_given import charge, entry
from tests.unit.given import made


@pytest.mark.parametrize("kind", ["charge", "payment"])
def test_a_payment_is_filed_under_its_intent(kind: str) -> None:
    """With the intent, and nothing to look at."""
    books, paid = Books(), charge()
    books.add(entry(kind, paid))

    traces = books.payments["pi_1"]
    assert (traces.charges, traces.intent, traces.needs_look) == ({"ch_1": paid}, paid.payment_intent, False)
    assert books.unjoined == {}


@pytest.mark.parametrize("kind", ["payment_failure_refund", "payment_reversal"])
def test_a_payment_that_bounced_needs_a_look(kind: str) -> None:
    """Its charge is no payment any more."""
    books = Books()
    books.add(entry(kind, charge()))

    assert (books.payments["pi_1"].charges, books.payments["pi_1"].needs_look) == ({}, True)


def test_a_charge_booked_in_another_currency_needs_a_look() -> None:
    """Its transfers are in another currency than its price."""
    books = Books()
    books.add(entry("charge", charge(), currency="usd"))

    assert books.payments["pi_1"].needs_look
    assert list(books.payments["pi_1"].charges) == ["ch_1"]


def test_an_intent_that_is_only_named_is_no_intent() -> None:
    """Its id alone says whose the charge is, and not what was sold."""
    books = Books()
    books.add(entry("charge", charge(payment_intent="pi_1")))

    assert (books.payments["pi_1"].intent, list(books.payments["pi_1"].charges)) == (None, ["ch_1"])


def test_an_intent_that_was_read_is_kept_beside_one_that_is_only_named() -> None:
    """In whichever order they come."""
    books = Books()
    books.add(entry("charge", charge()))
    books.add(entry("refund", made("refund", "re_1", payment_intent="pi_1")))

    assert books.payments["pi_1"].intent.id == "pi_1"


@pytest.mark.parametrize("kind", ["refund", "payment_refund"])
def test_a_refund_is_filed_and_needs_no_look(kind: str) -> None:
    """A refund needs no look: the charge shows what it took."""
    books, refund = Books(), made("refund", "re_1", payment_intent="pi_1")
    books.add(entry(kind, refund))

    assert (books.payments["pi_1"].refunds, books.payments["pi_1"].needs_look) == ({"re_1": refund}, False)


def test_a_refund_that_was_listed_needs_no_look() -> None:
    """It stands; the books would say if it had come back."""
    books = Books()
    books.add_refund(made("refund", "re_1", payment_intent="pi_1"))

    assert (list(books.payments["pi_1"].refunds), books.payments["pi_1"].needs_look) == (["re_1"], False)


def test_a_refund_that_came_back_needs_a_look() -> None:
    """Also when another refund of the payment comes after it."""
    books = Books()
    books.add(entry("refund_failure", made("refund", "re_1", payment_intent="pi_1")))
    books.add(entry("refund", made("refund", "re_2", payment_intent="pi_1")))

    assert books.payments["pi_1"].needs_look
    assert list(books.payments["pi_1"].refunds) == ["re_1", "re_2"]


@pytest.mark.parametrize(("category", "needs_look"), [("dispute", False), ("dispute_reversal", True)])
def test_a_dispute_whose_money_came_back_needs_a_look(category: str, needs_look: bool) -> None:
    """One that took money is seen on the charge."""
    books, dispute = Books(), made("dispute", "dp_1", payment_intent="pi_1")
    books.add(entry("adjustment", dispute, reporting_category=category))
    books.add(entry("adjustment", dispute, reporting_category="dispute"))

    assert (books.payments["pi_1"].disputes, books.payments["pi_1"].needs_look) == ({"dp_1": dispute}, needs_look)


def test_objects_without_a_payment_belong_to_none() -> None:
    """Charges, refunds and disputes of old integrations have no PaymentIntent."""
    books = Books()
    books.add(entry("charge", charge(payment_intent=None)))
    books.add(entry("refund", made("refund", "re_1", payment_intent=None)))
    books.add(entry("adjustment", made("dispute", "dp_1", payment_intent=None)))
    books.add(entry("refund", made("refund", "re_2")))

    assert (dict(books.payments), books.unjoined) == ({}, {})


@pytest.mark.parametrize("kind", ["payout", "stripe_fee", "topup", "reserve_transaction"])
def test_movements_that_are_no_payments_are_left_out(kind: str) -> None:
    """Whatever caused them."""
    books = Books()
    books.add(entry(kind, "po_1"))
    books.add(entry(kind, charge()))

    assert (dict(books.payments), books.unjoined) == ({}, {})


def test_a_movement_without_a_source_is_left_out() -> None:
    """Nothing leads to a payment."""
    books = Books()
    books.add(entry("adjustment", None))
    books.add(entry("adjustment", made("review", "prv_1")))

    assert (dict(books.payments), books.unjoined) == ({}, {})


def test_a_source_that_was_not_expanded_is_reported_by_its_entry() -> None:
    """Its payment is not known, so somebody has to look."""
    books = Books()
    books.add(entry("charge", "ch_1"))

    assert books.unjoined == {"txn_charge": "not_expanded"}


def test_an_entry_that_cannot_be_read_is_reported_and_the_next_is_filed() -> None:
    """By its id, with the class of what went wrong."""
    books = Books()
    books.add(entry("adjustment", made("dispute", "dp_1", payment_intent=7)))
    books.add(entry("charge", charge()))

    assert books.unjoined == {"txn_adjustment": "AttributeError"}
    assert list(books.payments["pi_1"].charges) == ["ch_1"]
