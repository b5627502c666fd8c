"""The sources of a sweep, one by one: what each asks for, what it takes in, and what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from backend.domain.namespace import Namespace
from backend.services.reconcile.findings import Findings
from backend.services.reconcile.joins import Verdict
from backend.services.reconcile.pace import Pace
from backend.services.reconcile.sources import Sources
from tests.conftest import NOW
from tests.unit.given import OURS, PURCHASE, TODAY, Line, charge, intent, made, transfer

DAY = 86_400
THREE_HOURS = 3 * 3_600
UNTIL = NOW - DAY
SINCE = UNTIL - THREE_HOURS
EXPANDED = "&expand[0]=data.source&expand[1]=data.source.payment_intent"
GONE = (404, "resource_missing")


class Stripes(Line):
    """A line on which every list is empty, unless an answer is given for its path."""

    def __init__(self, **lists: Any) -> None:
        names = ("balance_transactions", "refunds", "events", "search", "transfers", "products")
        super().__init__(TODAY, **{name: listed() for name in names} | {"sweep_mark": mark()} | lists)

    def asked_of(self, path: str) -> list[str]:
        """The queries to a path."""
        return [url.partition("?")[2] for url in self.urls if url.split("?")[0] == f"/v1/{path}"]


def listed(*items: Any, more: bool = False) -> Any:
    """A page of a list."""
    return made("list", "", data=[whole(one) for one in items], has_more=more, url="/v1/balance_transactions")


def whole(thing: Any) -> Any:
    """An object with those inside it, as plain values."""
    known = thing.to_dict() if isinstance(thing, stripe.StripeObject) else thing
    if isinstance(known, dict):
        return {key: whole(value) for key, value in known.items()}
    return known


def mark(until: int | None = UNTIL, *carried: str) -> Any:
    """The memory of the sweeps so far."""
    metadata = {"sweep_a": f"{until}"} if until is not None else {}
    return made("product", "sweep_mark", metadata=metadata | ({"sweep_a_0": ",".join(carried)} if carried else {}))


def sold(number: int = 1, **fields: Any) -> Any:
    """A succeeded payment of ours."""
    known = {**intent().to_dict(), "id": f"pi_{number}", "latest_charge": f"ch_{number}", "created": NOW}
    return made("payment_intent", "", **{**known, **fields})


def charged(number: int, paid: Any, **fields: Any) -> Any:
    """The charge that paid a payment."""
    return made("charge", "", **{**charge().to_dict(), "id": f"ch_{number}", "payment_intent": paid, **fields})


def refund(number: int = 1, status: str = "succeeded", at: int = NOW, **fields: Any) -> Any:
    """A refund of the payment of that number."""
    given = {"payment_intent": sold(number), "amount": 100, "status": status, "created": at}
    return made("refund", f"re_{number}", **{**given, **fields})


def paid_entry(number: int = 1, **fields: Any) -> Any:
    """The line of the books of a payment."""
    source = charged(number, sold(number), **fields)
    return made("balance_transaction", f"txn_{number}", type="charge", source=source, currency="cad")


def find(on: Line, since: int | None = None, adopt: bool = False, name: str = "") -> Findings:
    """The findings of a sweep."""
    client = on.client_of(name) if name else on.client
    return Sources(client, Pace(1_000_000), adopt).find(since)


def failures(found: Findings) -> set[tuple[str, str]]:
    """The sources and objects that could not be read, with the class of the failure."""
    return {(one.name, one.error) for one in found.unread}


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


# Bank debits that were booked before the window.


def debit(number: int = 1, status: str = "succeeded", method: str | None = "acss_debit") -> Any:
    """The line of the books of a debit, made when it began."""
    details = {"type": method} if method else None
    source = charged(number, sold(number, status=status), payment_method_details=details)
    return made("balance_transaction", f"txn_{number}", type="payment", source=source, currency="cad")


def debits(*items: Any, **lists: Any) -> tuple[Stripes, Findings]:
    """A sweep that looks at early debits a second time."""
    on = Stripes(balance_transactions=[listed(), listed(*items)], **lists)
    return on, find(on)


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
