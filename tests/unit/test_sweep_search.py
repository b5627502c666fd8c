"""What the sweep finds by Search, on payments it cannot judge from the books, and when a source fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from backend.domain.namespace import Namespace
from backend.services.reconcile.joins import Verdict
from tests.conftest import NOW
from tests.unit.given import OURS, PURCHASE, made, transfer
from tests.unit.sources_given import (
    DAY,
    EXPANDED,
    GONE,
    SINCE,
    UNTIL,
    Stripes,
    charged,
    debit,
    debits,
    failures,
    find,
    listed,
    mark,
    paid_entry,
    refund,
    sold,
)

# Search.


@pytest.mark.parametrize(
    ("fields", "note", "case", "pending"),
    [
        ({}, f"held:refused:0.0:{NOW}", True, False),
        ({}, "manual", False, False),
        ({"status": "processing"}, None, False, True),
        ({"status": "processing"}, f"held:refused:0.0:{NOW}", True, True),
    ],
    ids=["noted", "by hand", "on the way", "both"],
)
def test_search_finds_what_waits_and_what_is_on_the_way(
    fields: dict[str, Any], note: str | None, case: bool, pending: bool
) -> None:
    """Of any age."""
    metadata = {**PURCHASE, **OURS, **({"settlement": note} if note else {})}
    on = Stripes(search=listed(sold(1, metadata=metadata, created=NOW - 400 * DAY, **fields)))

    found = find(on)

    assert (list(found.cases), found.pending) == (["pi_1"] * case, {"pi_1"} if pending else set())
    if case:
        one = found.cases["pi_1"]
        assert (one.payment_id, one.traces.intent.id) == ("pi_1", "pi_1")
        assert (one.judgement.verdict, one.created, one.balances) == (Verdict.SETTLE, NOW - 400 * DAY, False)
    (query,) = on.asked_of("payment_intents/search")
    assert query.startswith("query=")
    assert "limit=100" in query.split("&")
    assert 'status:"processing"+OR+-metadata["settlement"]:null' in query


def test_another_deployments_payment_is_counted_and_left_alone() -> None:
    """Found by Search, or in the books."""
    metadata = {**PURCHASE, **Namespace("x").mark, "settlement": f"held:refused:0.0:{NOW}"}
    one, two = (sold(number, metadata=metadata) for number in (1, 2))
    books = made("balance_transaction", "txn_2", type="charge", currency="cad", source=charged(2, two))
    on = Stripes(search=listed(one, sold(3, status="processing")), balance_transactions=listed(books))

    found = find(on)

    assert (found.anothers, list(found.cases), found.pending) == ({"pi_1", "pi_2"}, [], {"pi_3"})


def test_a_damaged_payment_that_is_on_the_way_is_ours() -> None:
    """A person has to mend it."""
    on = Stripes(search=listed(sold(1, status="processing", metadata={**PURCHASE, **OURS, "clips": ""})))

    assert find(on).pending == {"pi_1"}


def test_the_node_backends_payment_on_the_way_is_not_ours_to_carry() -> None:
    """Nor is a stranger's."""
    others = sold(1, status="processing", metadata=PURCHASE), sold(2, status="processing", metadata={})

    assert find(Stripes(search=listed(*others))).pending == set()


# Each source is its own boat.


@pytest.mark.parametrize(
    ("path", "name"),
    [("balance_transactions", "window"), ("refunds", "refunds"), ("events", "renamed"), ("search", "search")],
)
def test_a_source_that_fails_is_reported_by_its_name_and_the_others_are_looked_at(path: str, name: str) -> None:
    """With the class of the failure, in the log too."""
    lists = {
        "balance_transactions": listed(paid_entry(1)),
        "refunds": listed(refund(2, "pending")),
        "search": listed(sold(3, metadata={**PURCHASE, **OURS, "settlement": f"held:refused:0.0:{NOW}"})),
    }
    on = Stripes(**{**lists, path: stripe.APIConnectionError("no line")})
    with capture_logs() as logs:
        found = find(on)

    assert (name, "APIConnectionError") in failures(found)
    told = {"event": "sweep.unread", "log_level": "warning", "source": name, "kind": "APIConnectionError"}
    assert told in logs
    expected = {"pi_1": "balance_transactions", "pi_2": "refunds", "pi_3": "search"}
    assert set(found.cases) == {payment for payment, source in expected.items() if source != path}


def test_without_a_time_from_the_mark_the_books_are_asked_for_it() -> None:
    """The clock of this machine decides nothing."""

    class Dateless(Stripes):
        """The answer about the mark bears no date."""

        def request(self, method: str, url: str, *rest: Any, **more: Any) -> Any:
            """Answer; the mark without headers."""
            body, status, told = super().request(method, url, *rest, **more)
            return body, status, {} if "/products/" in url else told

    on = Dateless(sweep_mark=mark(UNTIL, "pi_9"))

    found = find(on)

    assert on.asked_of("balance_transactions")[0] == "limit=1"
    assert (found.mark.at, found.mark.until, found.mark.carried, found.mark.exists) == (NOW, UNTIL, ("pi_9",), True)
    assert found.mark.keys == {"sweep_a": f"{UNTIL}", "sweep_a_0": "pi_9"}


def test_a_debit_that_was_booked_early_is_looked_for_in_the_three_weeks_before_the_window() -> None:
    """By the first sweep of a day."""
    on, found = debits(debit())

    asked = f"type=payment&created[gte]={SINCE - 21 * DAY}&created[lt]={SINCE}&limit=100{EXPANDED}"
    assert on.asked_of("balance_transactions")[1] == asked
    assert "pi_1" in found.cases


@pytest.mark.parametrize(
    ("until", "looks"),
    [(UNTIL, 2), (NOW - 60, 1), (None, 1)],
    ids=["another day", "the same day", "the first sweep"],
)
def test_the_second_look_comes_once_a_day(until: int | None, looks: int) -> None:
    """A first sweep of all looks further back by itself."""
    on = Stripes(sweep_mark=mark(until) if until is not None else GONE)

    find(on)

    assert len(on.asked_of("balance_transactions")) == looks


@pytest.mark.parametrize("why", ["a given time", "search is down", "too much was carried"])
def test_the_second_look_comes_where_something_may_have_been_forgotten(why: str) -> None:
    """Also on the same day."""
    memory = f"{NOW - 60}:{NOW - 90}" if why == "too much was carried" else f"{NOW - 60}"
    on = Stripes(sweep_mark=made("product", "sweep_mark", metadata={"sweep_a": memory}))
    if why == "search is down":
        on.objects["search"] = (403, "no")

    find(on, since=500 if why == "a given time" else None)

    assert len(on.asked_of("balance_transactions")) == 2


@pytest.mark.parametrize(
    ("given", "looked_at", "followed"),
    [
        (debit, True, True),
        (lambda: debit(method=None), True, True),
        (lambda: debit(method="card"), False, False),
        (lambda: debit(status="canceled"), False, False),
        (lambda: debit(status="processing"), False, False),
    ],
    ids=["a debit", "no method", "a card", "failed", "on the way"],
)
def test_only_late_money_is_looked_at_a_second_time(given: Callable[[], Any], looked_at: bool, followed: bool) -> None:
    """Transfers and refunds are listed only where there is such."""
    on, found = debits(given())

    assert ("pi_1" in found.cases) is looked_at
    assert on.asked_of("transfers") == [f"created[gte]={SINCE - 21 * DAY}&limit=100"] * followed


def test_the_transfers_and_refunds_of_other_payments_are_not_looked_at() -> None:
    """They came with the debit's, and are another's."""
    other = transfer("tr_2", source_transaction=None, metadata={"for": "pi_2"})
    refunds = [listed(), listed(refund(3), refund(1))]

    _, found = debits(debit(), transfers=listed(other), refunds=refunds)

    assert list(found.cases) == ["pi_1"]
    assert list(found.cases["pi_1"].traces.refunds) == ["re_1"]
