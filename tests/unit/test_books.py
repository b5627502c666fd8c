"""The books sort Stripe's balance transactions by payment: the objects behind them are as the SDK gives them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import stripe

from backend.domain.namespace import Namespace
from backend.services.reconcile.books import Books, Traces

OURS = {"app": "coaching-payments"}


def made(object_type: str, object_id: str, **fields: Any) -> Any:
    """An object of Stripe's."""
    return stripe.StripeObject.construct_from({"object": object_type, "id": object_id, **fields}, "sk_test_a1")


def entry(kind: str, source: Any, **fields: Any) -> Any:
    """A balance transaction of a type, with the object that caused it."""
    given = {"type": kind, "source": source, "currency": "cad", "reporting_category": kind, **fields}
    one = made("balance_transaction", f"txn_{kind}", **{**given, "source": None})
    one["source"] = source
    return one


def charge(number: int = 1, **fields: Any) -> Any:
    """A charge of the payment of that number."""
    intent = made("payment_intent", f"pi_{number}")
    return made("charge", f"ch_{number}", **{"payment_intent": intent, "currency": "cad", **fields})


def transfer(number: int = 1, **fields: Any) -> Any:
    """A transfer; without a source and metadata unless given."""
    return made("transfer", f"tr_{number}", **{"source_transaction": None, "metadata": {}, **fields})


class Line(stripe.HTTPClient):
    """A line on which Stripe answers with given objects, by id. ``told``: the headers.

    A status and a code are a refusal; headers of its own may follow, also after a status and an object.
    """

    name = "given"

    def __init__(self, told: dict[str, str] | None = None, **objects: Any) -> None:
        super().__init__()
        self.told = told or {}
        self.objects = objects
        self.asked: list[str] = []
        self.urls: list[str] = []
        self.sent: list[dict[str, str]] = []
        self.keys: list[str | None] = []
        self.paces = 0

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_rest: Any) -> Any:
        """One call: the object whose id ends the path."""
        where = urlsplit(url)
        object_id = where.path.rpartition("/")[2]
        self.urls.append(unquote(f"{where.path}?{where.query}" if where.query else where.path))
        self.keys.append({name.lower(): value for name, value in headers.items()}.get("idempotency-key"))
        self.sent.append(dict(parse_qsl(str(post_data or ""), keep_blank_values=True)))
        self.asked.append(object_id)
        answer = self.objects[object_id]
        if isinstance(answer, list):
            answer = answer.pop(0)  # what is answered first, then, ...
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            status, code, *headers = answer
            kind = "idempotency_error" if code == "idempotency_error" else "invalid_request_error"
            body = (
                {"error": {"message": "No.", "code": code, "type": kind}} if isinstance(code, str) else code.to_dict()
            )
            return json.dumps(body), status, headers[0] if headers else self.told
        return json.dumps(answer.to_dict()), 200, self.told

    def close(self) -> None:
        """Nothing is open."""

    @property
    def client(self) -> stripe.StripeClient:
        """The official SDK on this line."""
        return stripe.StripeClient("sk_test_a1", http_client=self, max_network_retries=0)

    def pace(self) -> None:
        """Count the calls that were announced."""
        self.paces += 1


def joined(books: Books, **objects: Any) -> Line:
    """Join the transfers; the line that was used."""
    line = Line(**objects)
    books.join_transfers(line.client, line.pace)
    return line


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
