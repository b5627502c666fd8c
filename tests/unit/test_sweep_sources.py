"""The sources of a sweep, one by one: what each asks for, what it takes in, and what it leaves out."""

from __future__ import annotations

import re
from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from backend.services.reconcile.joins import Verdict
from tests.conftest import NOW
from tests.unit.given import OURS, made, transfer
from tests.unit.sources_given import (
    DAY,
    EXPANDED,
    GONE,
    SINCE,
    UNTIL,
    Stripes,
    failures,
    find,
    listed,
    mark,
    paid_entry,
    refund,
    whole,
)

# The window.


def test_the_books_are_read_from_the_mark() -> None:
    """Three hours before it, whole pages with their objects; the first page's time is the next mark."""
    on = Stripes()

    found = find(on)

    assert f"created[gte]={SINCE}&limit=100{EXPANDED}" in on.asked_of("balance_transactions")
    assert (found.since, found.until, found.whole) == (SINCE, NOW, True)
    assert found.mark.until == UNTIL


def test_every_page_of_the_books_is_read() -> None:
    """The payments of each are looked at."""
    on = Stripes(balance_transactions=[listed(paid_entry(1), more=True), listed(paid_entry(2))])
    later = Stripes(balance_transactions=[listed(paid_entry(1), more=True), stripe.APIConnectionError("no line")])

    assert set(find(on).cases) == {"pi_1", "pi_2"}
    found = find(later)
    assert (set(found.cases), found.whole) == ({"pi_1"}, False)
    assert ("window", "APIConnectionError") in failures(found)


@pytest.mark.parametrize("adopt", [False, True])
def test_a_sweep_from_a_given_time_reads_from_there(adopt: bool) -> None:
    """Counted back from Stripe's time."""
    assert find(Stripes(), since=500, adopt=adopt).since == NOW - 500


def test_a_sweep_that_adopts_looks_further_back() -> None:
    """Earlier ones have passed by the Node backend's payments."""
    assert find(Stripes(), adopt=True).since == NOW - 35 * DAY


def test_the_first_sweep_looks_back_five_weeks() -> None:
    """There is no mark."""
    found = find(Stripes(sweep_mark=GONE))

    assert (found.since, found.mark.exists) == (NOW - 35 * DAY, False)


# Carried on.


def test_what_was_carried_is_looked_at_by_its_id() -> None:
    """A payment at no call; a refund, a transfer and a line of the books are read."""
    ours = transfer("tr_3", source_transaction=None, metadata={**OURS, "paymentIntentId": "pi_3"})
    on = Stripes(
        sweep_mark=mark(UNTIL, "pi_9", "re_2", "pyr_4", "tr_3", "txn_1", "tr_8", "re_8", "txn_8"),
        re_2=refund(2, at=NOW - 60 * DAY),
        pyr_4=refund(4, at=NOW - 60 * DAY),
        tr_3=ours,
        txn_1=paid_entry(1),
        tr_8=GONE,
        re_8=GONE,
        txn_8=GONE,
    )

    found = find(on)

    assert set(found.cases) == {"pi_9", "pi_2", "pi_4", "pi_3", "pi_1"}
    assert {one.judgement.verdict for one in found.cases.values()} == {Verdict.SETTLE}
    assert on.asked_of("refunds/re_2") == ["expand[0]=payment_intent"]
    assert on.asked_of("balance_transactions/txn_1") == ["expand[0]=source&expand[1]=source.payment_intent"]


def test_what_cannot_be_read_is_carried_on_and_keeps_nobody_from_the_next() -> None:
    """By its id, in the report and in the log."""
    on = Stripes(sweep_mark=mark(UNTIL, "re_8", "pi_9"), re_8=(403, "not_allowed"))
    with capture_logs() as logs:
        found = find(on)

    (failure,) = (one for one in found.unread if one.name == "re_8")
    assert (found.unjoined, list(found.cases)) == (["re_8"], ["pi_9"])
    told = {"event": "sweep.unread", "log_level": "warning", "id": "re_8", "kind": failure.error}
    assert told in logs
    assert re.fullmatch(r"\w+Error", failure.error)


# Refunds.


def test_refunds_are_listed_from_the_start_of_the_window() -> None:
    """Those that were under way the last time are carried by id."""
    on = Stripes()

    find(on)

    assert on.asked_of("refunds")[0] == f"created[gte]={SINCE}&limit=100&expand[0]=data.payment_intent"


@pytest.mark.parametrize("memory", [GONE, made("product", "sweep_mark", metadata={"sweep_a": f"{UNTIL}:{UNTIL - 99}"})])
def test_where_little_is_remembered_refunds_of_ninety_days_are_listed(memory: Any) -> None:
    """A first sweep, and one after more was under way than fits."""
    on = Stripes(sweep_mark=memory)

    find(on)

    assert on.asked_of("refunds")[0].startswith(f"created[gte]={NOW - 90 * DAY}&limit=100")


@pytest.mark.parametrize(
    ("status", "age", "taken"),
    [
        ("succeeded", 0, True),
        ("succeeded", -1, True),
        ("succeeded", 1, False),
        ("failed", 1, False),
        ("canceled", 1, False),
        ("pending", 1, True),
        ("requires_action", 1, True),
    ],
)
def test_an_old_refund_is_looked_at_while_it_is_under_way(status: str, age: int, taken: bool) -> None:
    """One that has come to its end before the window is old news. ``age``: seconds before the window."""
    on = Stripes(refunds=listed(refund(1, status, at=SINCE - age)))

    found = find(on)

    assert ("pi_1" in found.cases) is taken
    assert ("re_1" in found.pending) is (status in ("pending", "requires_action"))


@pytest.mark.parametrize(("status", "taken"), [("failed", True), ("canceled", True), ("succeeded", False)])
def test_the_first_sweep_looks_at_old_refunds_that_failed(status: str, taken: bool) -> None:
    """Nobody has seen them fail."""
    on = Stripes(sweep_mark=GONE, refunds=listed(refund(1, status, at=NOW - 60 * DAY)))

    assert ("pi_1" in find(on).cases) is taken


def test_a_strangers_pending_refund_is_not_carried() -> None:
    """Nor one of which the payment is not known."""
    stranger = made("payment_intent", "pi_2", metadata={}, status="succeeded", created=NOW)
    given = refund(2, "pending", payment_intent=stranger), refund(3, "pending", payment_intent="pi_3")
    on = Stripes(refunds=listed(*given))

    assert find(on).pending == set()


# Transfers whose metadata changed.


def test_a_transfer_that_names_another_payment_now_has_both_looked_at() -> None:
    """The one that it named before, and the one that it names as it is now."""
    now_named = transfer("tr_5", source_transaction=None, metadata={"for": "pi_6"})
    changed = made("event", "evt_1", type="transfer.updated", data={"object": whole(now_named)})
    changed.data["previous_attributes"] = {"metadata": {"for": "pi_7"}}
    on = Stripes(events=listed(changed), tr_5=now_named)

    found = find(on)

    assert {"pi_6", "pi_7"} <= set(found.cases)
    assert on.asked_of("events") == [f"created[gte]={SINCE}&type=transfer.updated&limit=100"]
