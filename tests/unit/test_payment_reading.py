"""A payment as it is read from Stripe: its charge, its marks, what refunds and disputes took of it."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from backend.domain.namespace import UNNAMED, Namespace
from backend.domain.requirements import is_payable
from backend.services.errors import NotFound, UnreadablePayment
from backend.services.reads import (
    Payment,
    UnclearDispute,
    captured,
    coach_of,
    disputed_by,
    disputes_of,
    get_or_none,
    id_of,
    list_all,
    metadata_of,
    payment_of,
    purchase_of,
    read_payment,
    refunded_amount,
    refunded_by,
    refunds_of,
    sold_payment,
    taken_by,
)
from backend.stripe_client.platform import PlatformClient
from tests.unit.test_books import OURS, Line, made
from tests.unit.test_judgements import PURCHASE, charge, intent, refund

TODAY = {"Date": "Mon, 02 Nov 2026 15:00:00 GMT"}
NOW = 1_793_631_600


def pages(*items: Any) -> Any:
    """A list of Stripe's, in one page."""
    data = [item.to_dict() for item in items]
    return made("list", "", data=data, has_more=False, url="/v1/x")


def payment(metadata: dict[str, str] | None = None, paid: Any = None, **fields: Any) -> Payment:
    """A payment of ours, paid by the given charge (None: unpaid)."""
    one = intent(metadata, latest_charge=paid, **fields)
    read = payment_of(one, UNNAMED)
    assert read is not None
    return read


# Absent is None.


@pytest.mark.parametrize(
    "answer", [(404, "resource_missing"), (404, ""), (400, "resource_missing"), (403, "account_invalid")]
)
def test_what_is_not_there_is_none(answer: tuple[int, str]) -> None:
    """In each of the ways in which Stripe says so."""
    client = Line(tr_1=answer).client

    assert get_or_none(lambda: client.v1.transfers.retrieve("tr_1")) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, "parameter_missing"), stripe.InvalidRequestError),
        ((400, ""), stripe.InvalidRequestError),
        ((403, ""), stripe.PermissionError),
        ((403, "resource_missing"), stripe.PermissionError),
        ((500, ""), stripe.APIError),
        ((429, "rate_limit"), stripe.RateLimitError),
    ],
    ids=str,
)
def test_any_other_refusal_is_raised(answer: tuple[int, str], kind: type[Exception]) -> None:
    """It does not say that the thing is not there."""
    client = Line(tr_1=answer).client

    with pytest.raises(kind):
        get_or_none(lambda: client.v1.transfers.retrieve("tr_1"))


def test_what_was_deleted_is_none_and_what_is_there_is_given() -> None:
    """A deleted object is answered with its id, and says so."""
    client = Line(cus_1=made("customer", "cus_1", deleted=True), cus_2=made("customer", "cus_2")).client
    found = get_or_none(lambda: client.v1.customers.retrieve("cus_2"))

    assert get_or_none(lambda: client.v1.customers.retrieve("cus_1")) is None
    assert found is not None
    assert found.id == "cus_2"


def test_a_list_is_read_to_its_end() -> None:
    """Each item of each page."""
    client = Line(refunds=pages(refund("re_1"), refund("re_2"))).client

    assert [one.id for one in list_all(client.v1.refunds.list({}))] == ["re_1", "re_2"]


@pytest.mark.parametrize(("reference", "name"), [("ch_1", "ch_1"), (None, None), (made("charge", "ch_1"), "ch_1")])
def test_a_reference_is_an_id_or_an_object(reference: Any, name: str | None) -> None:
    """Expanded or not, it names the same."""
    assert id_of(reference) == name


@pytest.mark.parametrize("thing", [made("x", "1"), made("x", "1", metadata=None), None])
def test_what_has_no_metadata_has_an_empty_one(thing: Any) -> None:
    """An object of another kind, or of nobody's."""
    assert metadata_of(thing) == {}


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


# What refunds and disputes took.


@pytest.mark.parametrize(
    ("status", "counts"),
    [("succeeded", True), ("pending", True), ("requires_action", True), ("failed", False), ("canceled", False)],
)
def test_a_refund_counts_until_it_came_back(status: str, counts: bool) -> None:
    """Then the player does not have the money."""
    assert refunded_by([refund(amount=1000, status=status), refund("re_2", 200)]) == (1200 if counts else 200)


def test_refunds_are_listed_by_charge_where_something_says_so() -> None:
    """Or where one is known of; otherwise it costs no call."""
    line = Line(refunds=pages(refund("re_1", 700), refund("re_2", 25, "failed")))
    quiet, told, unpaid = payment(paid=charge()), payment(paid=charge(amount_refunded=1)), payment(status="processing")

    assert refunds_of(line.client, quiet) == refunds_of(line.client, unpaid, known=True) == []
    assert line.asked == []
    assert [one.id for one in refunds_of(line.client, told)] == ["re_1", "re_2"]
    assert line.urls == ["/v1/refunds?charge=ch_1&limit=100"]
    assert [one.id for one in refunds_of(line.client, quiet, known=True)] == ["re_1", "re_2"]
    assert (refunded_amount(line.client, told), refunded_amount(line.client, quiet)) == (700, 0)


def dispute(status: str = "needs_response", *booked: int, currency: str = "cad", **fields: Any) -> Any:
    """A dispute of 30.00 with the amounts that were booked for it, in a currency."""
    entries = [{"amount": amount, "currency": fields.get("booked_in", "cad")} for amount in booked]
    return made("dispute", "dp_1", status=status, amount=3000, currency=currency, balance_transactions=entries)


@pytest.mark.parametrize(
    ("one", "taken"),
    [
        (dispute("needs_response", -3000), 3000),
        (dispute("won", -3000, 3000), 0),
        (dispute("won", -3000, 3500), 0),
        (dispute("lost", -3000, 1000), 2000),
        (dispute("warning_needs_response", -500), 500),
        (dispute("needs_response"), 3000),
        (dispute("lost"), 3000),
        (dispute("won"), 0),
        (dispute("prevented"), 0),
        (dispute("warning_needs_response"), 0),
        (dispute("warning_under_review"), 0),
        (dispute("warning_closed"), 0),
        (dispute("needs_response", -2100, booked_in="usd"), 3000),
        (dispute("lost", -2100, 1000, booked_in="usd"), 3000),
        (dispute("lost", -2100, 2100, booked_in="usd"), 0),
        (dispute("won", -2100, 2000, booked_in="usd"), 0),
        (dispute("won", -2100, booked_in="usd"), 3000),
        (dispute("won", -2100, -100, booked_in="usd"), 3000),
        (dispute("lost", -2100, 2000, booked_in="usd"), 3000),
        (dispute("won", currency="usd"), 0),
        (dispute("won", -2100, 1, booked_in="usd"), 0),
        (dispute("won", -2100, 0, booked_in="usd"), 3000),
        (dispute("won", -2100, -100, 2000, booked_in="usd"), 3000),
    ],
)
def test_a_dispute_takes_what_was_booked_for_it(one: Any, taken: int) -> None:
    """Fees aside; while nothing is booked, an inquiry nothing and any other its amount."""
    assert taken_by(one, "cad") == taken


def test_a_dispute_without_entries_takes_its_amount() -> None:
    """An older copy has no such field."""
    assert taken_by(made("dispute", "dp_1", status="lost", amount=3000, currency="cad"), "cad") == 3000


@pytest.mark.parametrize("booked", [(), (-2100,)])
def test_a_dispute_in_another_currency_is_unclear(booked: tuple[int, ...]) -> None:
    """It is unclear, for the part that it took of the payment cannot be told."""
    with pytest.raises(UnclearDispute):
        taken_by(dispute("needs_response", *booked, currency="usd", booked_in="usd"), "cad")


def test_disputes_are_listed_by_charge() -> None:
    """All of them, whatever became of each."""
    line = Line(disputes=pages(dispute("won"), dispute("lost")))

    assert [one.status for one in disputes_of(line.client, "ch_1")] == ["won", "lost"]
    assert line.urls == ["/v1/disputes?charge=ch_1&limit=100"]


def test_disputes_add_up() -> None:
    """In the payment's currency."""
    assert disputed_by([dispute("lost", -3000), dispute("lost", -200), dispute("won")], "cad") == 3200


# The coach's account.


@pytest.mark.parametrize(
    ("kind", "metadata", "coach"),
    [
        ("express", {"coachId": "coach-1", **OURS}, "coach-1"),
        ("express", {"coachId": "coach-1"}, "coach-1"),
        ("express", {}, None),
        ("standard", {"coachId": "coach-1", **OURS}, None),
        ("none", {"coachId": "coach-1", **OURS}, "coach-1"),
        ("none", {"coachId": "coach-1"}, None),
        ("express", {"coachId": "coach-1", **Namespace("blue").mark}, None),
    ],
    ids=str,
)
def test_the_coach_of_an_account_is_in_its_metadata(kind: str, metadata: dict[str, str], coach: str | None) -> None:
    """Of an Express account that no other deployment made."""
    assert coach_of(made("account", "acct_1", type=kind, metadata=metadata), UNNAMED) == coach


@pytest.mark.parametrize(
    ("capabilities", "payable"),
    [
        ({"transfers": "active"}, True),
        ({"transfers": "inactive"}, False),
        ({"card_payments": "active"}, False),
        (None, False),
    ],
    ids=str,
)
def test_transfers_are_gated_by_their_capability(capabilities: dict[str, str] | None, payable: bool) -> None:
    """And by nothing else."""
    account = made("account", "acct_1", capabilities=capabilities, payouts_enabled=not payable)

    assert is_payable(account) is payable
