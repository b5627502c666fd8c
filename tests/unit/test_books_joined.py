"""Transfers find their payments in the books, and what the sweep asks of them."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.namespace import Namespace
from backend.services.reconcile.books import Books, Traces
from tests.unit.books_given import charge, entry
from tests.unit.given import OURS, Line, made


def transfer(number: int = 1, **fields: Any) -> Any:
    """A transfer; without a source and metadata unless given."""
    return made("transfer", f"tr_{number}", **{"source_transaction": None, "metadata": {}, **fields})


def joined(books: Books, **objects: Any) -> Line:
    """Join the transfers; the line that was used."""
    line = Line(**objects)
    books.join_transfers(line.client, line.pace)
    return line


# Transfers are joined when everything is there.


def test_a_transfer_from_a_charge_of_the_books_costs_no_call() -> None:
    """The charge may come after it."""
    books, one = Books(), transfer(source_transaction="ch_1", metadata={"paymentIntentId": "pi_2", **OURS})
    books.add(entry("transfer", one))
    books.add(entry("charge", charge()))

    line = joined(books)

    assert (books.payments["pi_1"].transfers, line.asked, line.paces) == ({"tr_1": one}, [], 0)


def test_a_transfer_of_ours_from_an_older_charge_names_its_payment() -> None:
    """At no call either."""
    books = Books()
    books.add(entry("transfer", transfer(source_transaction="ch_9", metadata={"paymentIntentId": "pi_9", **OURS})))

    line = joined(books)

    assert (list(books.payments), line.asked) == (["pi_9"], [])


@pytest.mark.parametrize("metadata", [{}, OURS, {"paymentIntentId": "pi_8"}], ids=str)
def test_a_transfer_from_an_older_charge_that_names_none_of_ours_costs_a_call(metadata: dict[str, str]) -> None:
    """The charge says whose it is, whatever a stranger wrote."""
    books = Books()
    books.add(entry("transfer", transfer(source_transaction="ch_9", metadata=metadata)))

    line = joined(books, ch_9=charge(9))

    assert (list(books.payments), line.asked, line.paces) == (["pi_9"], ["ch_9"], 1)
    assert list(books.payments["pi_9"].transfers) == ["tr_1"]


@pytest.mark.parametrize("answer", [charge(9, payment_intent=None), None])
def test_a_transfer_whose_charge_leads_nowhere_belongs_to_none(answer: Any) -> None:
    """Neither is it reported: there is nothing to mend."""
    books = Books()
    books.add(entry("transfer", transfer(source_transaction="ch_9")))

    joined(books, ch_9=answer or (404, "resource_missing"))

    assert (dict(books.payments), books.unjoined) == ({}, {})


def test_a_transfer_without_a_source_belongs_to_every_payment_that_it_names() -> None:
    """A person has to say which, when there are several."""
    books = Books()
    two = {"note": "pi_abcdefghijklmnopqrstuvwx pi_bbcdefghijklmnopqrstuvwx"}
    books.add(entry("transfer", transfer(metadata=two)))

    joined(books)

    assert sorted(books.payments) == ["pi_abcdefghijklmnopqrstuvwx", "pi_bbcdefghijklmnopqrstuvwx"]


def test_a_transfer_that_cannot_be_joined_is_reported_and_the_next_is_joined() -> None:
    """By the entry that showed it; one that came from elsewhere by its own id."""
    books = Books()
    books.add(entry("transfer", transfer(source_transaction="ch_9")))
    books.add_transfer(transfer(2, source_transaction="ch_8"))
    books.add_transfer(transfer(3, metadata={"paymentIntentId": "pi_abcdefghijklmnopqrstuvwx"}))

    joined(books, ch_9=(429, "rate_limit"), ch_8=(500, ""))

    assert books.unjoined == {"txn_transfer": "RateLimitError", "tr_2": "APIError"}
    assert list(books.payments) == ["pi_abcdefghijklmnopqrstuvwx"]


def test_a_reversal_of_a_transfer_of_the_books_costs_no_call() -> None:
    """The transfer says what came back."""
    books = Books()
    books.add(entry("transfer_refund", made("transfer_reversal", "trr_1", transfer="tr_1", metadata={})))
    books.add(entry("transfer", transfer(source_transaction="ch_1")))
    books.add(entry("charge", charge()))

    line = joined(books)

    assert (line.asked, books.payments["pi_1"].needs_look) == ([], False)


def test_a_reversal_of_ours_has_its_payment_looked_at() -> None:
    """It names the payment, so it costs no call."""
    books = Books()
    metadata = {"paymentIntentId": "pi_9", **OURS}
    books.add(entry("transfer_refund", made("transfer_reversal", "trr_1", transfer="tr_9", metadata=metadata)))

    line = joined(books)

    assert (line.asked, books.payments["pi_9"].needs_look) == ([], True)


@pytest.mark.parametrize("metadata", [{}, OURS, {"paymentIntentId": "pi_8"}], ids=str)
def test_a_reversal_that_names_none_of_ours_leads_to_its_transfer(metadata: dict[str, str]) -> None:
    """One call; the transfer is then joined like any other."""
    books = Books()
    books.add(entry("charge", charge()))
    reversal = made("transfer_reversal", "trr_1", transfer=made("transfer", "tr_9"), metadata=metadata)
    books.add(entry("transfer_refund", reversal))

    line = joined(books, tr_9=transfer(9, source_transaction="ch_1"))

    assert (line.asked, line.paces) == (["tr_9"], 1)
    assert list(books.payments["pi_1"].transfers) == ["tr_9"]


def test_a_reversal_that_cannot_be_joined_is_reported_by_its_entry() -> None:
    """The sweep carries it to the next one."""
    books = Books()
    books.add(entry("transfer_refund", made("transfer_reversal", "trr_1", transfer="tr_9", metadata={})))

    joined(books, tr_9=(500, ""))

    assert books.unjoined == {"txn_transfer_refund": "APIError"}


# What the sweep asks of them.


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        ({"source_transaction": "ch_1"}, True),
        ({"source_transaction": "ch_9", "metadata": {"paymentIntentId": "pi_abcdefghijklmnopqrstuvwx"}}, False),
        ({"metadata": {"note": "for pi_abcdefghijklmnopqrstuvwx"}}, True),
        ({"metadata": {"note": "for pi_zbcdefghijklmnopqrstuvwx"}}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_transfer_of_a_payment_of_the_books_is_known(fields: dict[str, Any], known: bool) -> None:
    """By its source; else by a name."""
    books = Books()
    books.add(entry("charge", charge()))
    books.add(entry("refund", made("refund", "re_1", payment_intent="pi_abcdefghijklmnopqrstuvwx")))

    assert books.knows(transfer(**fields)) is known


def test_payments_that_nobody_wants_are_forgotten() -> None:
    """And a transfer of theirs is not known any more."""
    books = Books()
    books.add(entry("charge", charge(1)))
    books.add(entry("charge", charge(2)))

    books.keep_only(lambda traces: "ch_2" in traces.charges)

    assert list(books.payments) == ["pi_2"]
    assert not books.knows(transfer(source_transaction="ch_1"))


@pytest.mark.parametrize(
    ("marks", "paid"), [([{}, OURS], True), ([OURS], True), ([{}], False), ([{"app": "another"}], False), ([], False)]
)
def test_a_payment_was_paid_by_us_if_one_of_its_transfers_is_ours(marks: list[dict[str, str]], paid: bool) -> None:
    """However many a person made beside it."""
    transfers = {f"tr_{n}": transfer(n, metadata=mark) for n, mark in enumerate(marks)}

    assert Traces(transfers=transfers).was_paid_by(Namespace("")) is paid
