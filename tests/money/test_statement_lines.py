"""A line of a statement: its month, its words, and the payments that it counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.domain.months import Month
from tests.builders import Marketplace
from tests.money.statement_rows import NOVEMBER, rows_of, services_of


@pytest.mark.parametrize(("second", "month"), [(-1, "2026-10"), (0, "2026-11")])
def test_a_month_begins_at_midnight_utc(second: int, month: str) -> None:
    """A sale of the last second of October is October's, one of the next second November's."""
    market = Marketplace(now=NOVEMBER.start + second)
    market.paid()

    for text in ("2026-10", "2026-11"):
        sales = [row["amount"] for row in rows_of(market, Month.read(text)) if row["kind"] == "sale"]
        assert sales == (["47.25"] if text == month else [])


def test_a_sale_says_who_bought_what_and_how_it_is_divided(market: Marketplace) -> None:
    """With the ids that lead to Stripe's own objects."""
    market.ready_coach()
    payment = market.paid(playerName="Pat", playerId="p-7", coachName="Dana")
    market.deliver()

    sale, transfer = rows_of(market)

    assert (sale["kind"], sale["coach_id"], sale["coach_name"], sale["player"]) == ("sale", "coach-1", "Dana", "Pat")
    assert (sale["bought"], sale["payment"], sale["object"]) == ("badminton package 1", payment, market.charge(payment))
    assert (sale["platform_fee"], sale["coach_share"]) == ("4.73", "42.52")
    assert (transfer["kind"], transfer["player"], transfer["payment"]) == ("transfer", "Pat", payment)
    assert (transfer["platform_fee"], transfer["coach_share"]) == ("", "")
    assert sale["time_utc"] == f"{datetime.fromtimestamp(market.clock.now(), UTC):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_name_is_no_formula(market: Marketplace, name: str) -> None:
    """A player or coach chose it; the operator opens it in a spreadsheet."""
    market.paid(playerName=name)

    assert rows_of(market)[0]["player"] == f"'{name}"


def test_the_payment_of_another_program_is_none_of_the_sales(market: Marketplace) -> None:
    """It is in the same books, so it is a line; but no coach's."""
    foreign = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    market.pay({"id": foreign.id, "client_secret": foreign.client_secret})

    assert [(row["kind"], row["amount"], row["coach_id"]) for row in rows_of(market)] == [("other", "5.00", "")]


def test_a_payment_of_the_node_backend_is_a_sale(market: Marketplace) -> None:
    """Its metadata says what was sold, and by whom; one coach's statement finds it too."""
    market.ready_coach()
    market.node_payment()
    market.clock.advance(600)

    for rows in (rows_of(market), rows_of(market, coach="coach-1")):
        assert [(row["kind"], row["amount"], row["coach_id"]) for row in rows] == [("sale", "47.25", "coach-1")]


def test_a_damaged_payment_is_still_a_sale(market: Marketplace) -> None:
    """The books do not lose it."""
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": ""}})

    assert [(row["kind"], row["coach_id"], row["platform_fee"]) for row in rows_of(market)] == [("sale", "coach-1", "")]


def test_all_coaches_cost_a_call_for_fifty_lines_at_most(market: Marketplace) -> None:
    """However many coaches there are."""
    for number in range(6):
        market.ready_coach(f"coach-{number}")
    for number in range(60):
        market.pay(market.buy(f"coach-{number % 6}"))
    market.deliver()
    market.forget_calls()

    lines = len(rows_of(market))

    assert lines == 120
    assert len(market.calls()) <= lines / 50


def test_one_coach_says_what_was_read_of_the_platforms_month(market: Marketplace) -> None:
    """The refunds of all coaches had to be looked through for those of one."""
    first, second = market.paid("coach-1"), market.paid("coach-2")
    for payment in (first, second):
        market.refund_in_dashboard(payment, 100)
    market.clock.advance(600)

    found = services_of(market).statements.read(NOVEMBER, "coach-1")

    assert any("its 2 lines of refunds, disputes and money that came back" in text for text in found.remarks)
    assert [str(line.kind) for line in found.lines] == ["sale", "refund"]
