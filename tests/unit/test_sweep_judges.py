"""What the sweep makes of the books: told, settled, adopted, carried, and each call announced."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from backend.domain.namespace import Namespace
from backend.services.reconcile.joins import Verdict
from backend.services.reconcile.pace import Pace
from backend.services.reconcile.sources import Sources
from tests.conftest import NOW
from tests.unit.given import OURS, PURCHASE, made, transfer
from tests.unit.sources_given import (
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
    whole,
)

# The payments of the books.


def sent_entry(number: int = 1) -> Any:
    """The line of the books of the whole share's transfer."""
    marks = {**OURS, "paymentIntentId": f"pi_{number}", "slot": "0"}
    one = transfer(f"tr_{number}", source_transaction=f"ch_{number}", metadata=marks)
    return made("balance_transaction", f"txn_t{number}", type="transfer", source=one, currency="cad")


BALANCED = (paid_entry(1), sent_entry(1))


def test_a_payment_that_balances_is_told() -> None:
    """There is nothing to settle."""
    found = find(Stripes(balance_transactions=listed(*BALANCED)))

    one = found.cases["pi_1"]
    assert (one.payment_id, one.balances, one.created) == ("pi_1", True, NOW)
    assert one.judgement.payment is not None
    assert one.judgement.payment.at == NOW


@pytest.mark.parametrize(
    ("memory", "lists"),
    [
        (mark(UNTIL, "pi_1"), {}),
        (mark(UNTIL, "re_1"), {"re_1": refund(1, "failed")}),
        (mark(), {"refunds": listed(refund(1, "pending", amount=0))}),
        (GONE, {"refunds": listed(refund(1, "failed"))}),
    ],
    ids=["carried", "a carried refund", "a pending refund", "a failed refund at first"],
)
def test_a_payment_that_seems_to_balance_is_settled_where_something_was_undone(memory: Any, lists: Any) -> None:
    """Or may still be."""
    found = find(Stripes(**{"sweep_mark": memory, "balance_transactions": listed(*BALANCED), **lists}))

    assert found.cases["pi_1"].judgement.verdict == Verdict.SETTLE


def test_a_failed_refund_of_the_window_changes_nothing() -> None:
    """Its failure has a line of its own in the books."""
    found = find(Stripes(balance_transactions=listed(*BALANCED), refunds=listed(refund(1, "failed"))))

    assert found.cases["pi_1"].balances


def test_a_payment_that_a_transfer_named_before_is_settled_though_it_seems_to_balance() -> None:
    """The transfer may have been counted for it."""
    named = transfer("tr_5", source_transaction=None, metadata={"for": "pi_6"})
    changed = made("event", "evt_1", type="transfer.updated", data={"object": whole(named)})
    changed.data["previous_attributes"] = {"metadata": {"for": "pi_1"}}
    on = Stripes(balance_transactions=listed(*BALANCED), events=listed(changed), tr_5=named)

    assert find(on).cases["pi_1"].judgement.verdict == Verdict.SETTLE


@pytest.mark.parametrize(("adopt", "cases"), [(False, []), (True, ["pi_1"])])
def test_the_node_backends_payments_are_looked_at_where_they_are_to_be_adopted(adopt: bool, cases: list[str]) -> None:
    """Otherwise they are left alone."""
    theirs = made("balance_transaction", "txn_1", type="charge", currency="cad")
    theirs["source"] = charged(1, sold(1, metadata=PURCHASE))

    assert list(find(Stripes(balance_transactions=listed(theirs)), adopt=adopt).cases) == cases


def test_a_deployment_with_a_name_knows_its_own_payments() -> None:
    """By its own mark."""
    metadata = {**PURCHASE, **Namespace("north").mark}
    on = Stripes(search=listed(sold(1, status="processing", metadata=metadata)), sweep_mark_north=mark())

    found = find(on, name="north")

    assert (found.pending, found.anothers) == ({"pi_1"}, set())


def test_a_payment_of_the_books_that_is_on_the_way_is_carried() -> None:
    """By its id."""
    assert find(Stripes(balance_transactions=[listed(debit(status="processing")), listed()])).pending == {"pi_1"}


def test_a_line_of_the_books_that_cannot_be_read_is_carried_and_reported() -> None:
    """With the reason."""
    bare = made("balance_transaction", "txn_9", type="charge", source="ch_9", currency="cad")

    found = find(Stripes(balance_transactions=[listed(bare), listed()]))

    assert ("txn_9", "not_expanded") in failures(found)
    assert found.unjoined == ["txn_9"]


def test_a_payment_of_which_only_a_transfer_is_known_is_looked_at() -> None:
    """Its creation is not known."""
    found = find(Stripes(balance_transactions=[listed(sent_entry(4)), listed()]))

    assert found.cases["pi_4"].created == 0


@pytest.mark.parametrize(("paid_at", "told"), [(None, True), (SINCE, True), (SINCE - 1, False)])
def test_an_early_debit_that_balances_is_told_if_it_was_paid_within_the_window(paid_at: int | None, told: bool) -> None:
    """Or if nobody has told of its session."""
    metadata = {**PURCHASE, **OURS, **({"paidAt": str(paid_at)} if paid_at else {})}
    paid = charged(1, sold(1, metadata=metadata), payment_method_details={"type": "acss_debit"})
    entry = made("balance_transaction", "txn_1", type="payment", source=paid, currency="cad")

    _, found = debits(entry, transfers=listed(sent_entry(1).source))

    assert [one.balances for one in found.cases.values()] == [True] * told


def test_every_call_of_a_sweep_is_announced_once() -> None:
    """It shares Stripe's rate limit with live traffic."""

    class Counted(Pace):
        """Counts the calls that are announced."""

        announced = 0

        def wait(self, calls: int) -> None:
            """Count."""
            self.announced += calls

    unsaid = transfer("tr_5", source_transaction="ch_9", metadata={})
    entry = made("balance_transaction", "txn_5", type="transfer", source=unsaid, currency="cad")
    on = Stripes(
        sweep_mark=mark(UNTIL, "re_8"),
        re_8=GONE,
        ch_9=charged(9, sold(9)),
        ch_1=charged(1, sold(1)),
        balance_transactions=[listed(entry, more=True), listed(), listed(debit())],
    )
    pace = Counted(1)

    Sources(on.client, pace).find()

    assert pace.announced == len(on.asked)
    assert {"re_8", "ch_9", "transfers", "search", "events"} <= set(on.asked)


@pytest.mark.parametrize(("memory", "name"), [((500, "no"), "mark"), (mark(UNTIL), "debits")])
def test_the_memory_and_the_second_look_are_sources_too(memory: Any, name: str) -> None:
    """Each is reported by its name."""
    on = Stripes(sweep_mark=memory)
    if name == "debits":
        on.objects["balance_transactions"] = [listed(), stripe.APIConnectionError("no line")]

    assert name in {one for one, _ in failures(find(on))}


def test_without_any_time_everything_is_read() -> None:
    """From the beginning of the books."""
    on = Stripes(sweep_mark=GONE)
    on.told = {}

    found = find(on)

    assert (found.since, found.until) == (None, None)
    assert on.asked_of("balance_transactions")[-1].startswith("limit=100")
    assert on.asked_of("refunds")[0].startswith("limit=100")
    assert on.asked_of("events")[0].startswith("type=transfer.updated")
