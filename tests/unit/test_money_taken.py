"""The amounts that refunds and disputes took, from Stripe's objects as the SDK gives them."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.namespace import UNNAMED, Namespace
from backend.domain.requirements import is_payable
from backend.services.disputes import UnclearDispute, disputed_by, disputes_of, taken_by
from backend.services.reads import coach_of, refunded_amount, refunded_by, refunds_of
from tests.unit.given import OURS, Line, charge, made, pages, payment, refund


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
