"""Finding things: form encoding, lists against a brute-force reading of the rules, expansions, Search."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from backend.sandbox.calls.lists import page
from backend.sandbox.state.search_query import parse
from backend.sandbox.state.store import Collection, Row
from backend.sandbox.wire.bounds import in_range
from backend.sandbox.wire.errors import StripeError
from backend.sandbox.wire.forms import decode
from tests.sandbox.conftest import Platform


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
        ("a[0][b]=1&a[1][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("expand%5B0%5D=x&created%5Bgte%5D=1", {"expand": ["x"], "created": {"gte": "1"}}),
        ("metadata[0]=x&metadata[7]=y", {"metadata": {"0": "x", "7": "y"}}),
        ("a=1&a=2", {"a": "2"}),
        ("a=%C3%A9+b%26", {"a": "é b&"}),
    ],
)
def test_forms_are_read_as_stripe_reads_them(encoded: str, decoded: dict[str, Any]) -> None:
    """Brackets raw or encoded, positions or none; the caller's own words are never taken for positions."""
    assert decode(encoded) == decoded


@pytest.mark.parametrize("encoded", ["a=1&a[b]=2", "[x]=1", "a[b=1", "a=%ff", "a" + "[b]" * 500 + "=1"])
def test_forms_that_make_no_sense_are_refused(encoded: str) -> None:
    """With a 400, never a 500."""
    with pytest.raises(StripeError):
        decode(encoded)


@given(st.text(max_size=60))
def test_no_form_breaks_the_reader(encoded: str) -> None:
    """It understands, or refuses in its own words."""
    with contextlib.suppress(StripeError):
        decode(encoded)


ROWS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.booleans()), max_size=25)
BOUNDS = st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(0, 9), max_size=2)


@given(ROWS, BOUNDS, st.sampled_from(["a", "b", None]), st.integers(1, 8), st.booleans(), st.data())
def test_lists_obey_their_rules(
    rows: Any, bounds: dict[str, int], group: str | None, limit: int, sort: bool, data: st.DataObject
) -> None:
    """Filters, cursors, bounds and deletions together give what a plain reading of the rules gives."""
    collection = Collection("charges")
    alive = []
    for place, (created, value, kept) in enumerate(sorted(rows, key=lambda row: row[0]) if sort else rows):
        row = Row("charges", "acct", {"id": f"ch_{place}", "created": created, "transfer_group": value})
        collection.add(row)
        alive += [row] if kept else []
        if not kept:
            collection.remove(row)
    wanted = [
        row for row in reversed(alive) if in_range(row["created"], bounds) and group in (None, row["transfer_group"])
    ]
    params: dict[str, Any] = {"limit": limit, "created": bounds}
    cursor = data.draw(st.sampled_from([None, *alive]))
    if cursor is not None:
        way = data.draw(st.sampled_from(["starting_after", "ending_before"]))
        params[way] = cursor["id"]
        after = way == "starting_after"
        wanted = [row for row in wanted if (row.seq < cursor.seq) == after and row.seq != cursor.seq]
        wanted = wanted if after else wanted[::-1]
    expected = wanted[:limit] if params.get("ending_before") is None else wanted[:limit][::-1]

    found = page(collection, params, "/v1/charges", "charge", transfer_group=group)

    assert found["data"] == expected
    assert found["has_more"] == (len(wanted) > limit)


def test_an_index_follows_a_change() -> None:
    """A row is found by the value it has, no longer by the one it had."""
    collection = Collection("customers")
    row = Row("customers", "acct", {"id": "cus_1", "email": "a@a.aa", "created": 1})
    collection.add(row)
    row["email"] = "b@b.bb"
    collection.reindex(row)

    assert collection.find(email="a@a.aa") == []
    assert collection.find(email="b@b.bb") == [row]


def test_the_email_filter_is_exact(platform: Platform) -> None:
    """Upper and lower case included, and an address is nobody's alone."""
    for email in ("Player@example.com", "player@example.com", "player@example.com"):
        platform.v1.customers.create({"email": email})

    assert len(platform.v1.customers.list({"email": "player@example.com"}).data) == 2
    assert len(platform.v1.customers.list({"email": "PLAYER@example.com"}).data) == 0


def test_an_unknown_cursor_is_refused(platform: Platform) -> None:
    """It is a parameter, so 400."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.charges.list({"starting_after": "ch_gone"})

    assert (refusal.value.http_status, refusal.value.param) == (400, "starting_after")


def test_expansions_reach_through_objects_and_lists(platform: Platform) -> None:
    """On retrieve, on create and on lists, to four levels; refunds only when asked for."""
    payment = platform.paid(expand=["latest_charge.balance_transaction", "latest_charge.refunds"])
    charge: Any = payment.latest_charge
    platform.v1.refunds.create({"payment_intent": payment.id, "amount": 100})
    platform.clock.advance(2)
    listed: Any = platform.v1.payment_intents.list({"expand": ["data.latest_charge.balance_transaction"]}).data[0]
    again: Any = platform.v1.charges.retrieve(charge.id, {"expand": ["refunds.data.balance_transaction"]})

    assert (charge.balance_transaction, charge.refunds.data) == (None, [])
    assert listed.latest_charge.balance_transaction.net == 9_680
    assert again.refunds.data[0].balance_transaction.amount == -100
    assert not hasattr(platform.v1.charges.retrieve(charge.id), "refunds")


@pytest.mark.parametrize(
    "path", ["nonsense", "latest_charge.nonsense", "data.latest_charge", "a.b.c.d.e", "latest_charge.refunds.nonsense"]
)
def test_an_expansion_that_makes_no_sense_stops_the_call(platform: Platform, path: str) -> None:
    """Before anything is done."""
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.payment_intents.create({"amount": 500, "currency": "cad", "expand": [path]})

    assert platform.v1.payment_intents.list({}).data == []


STATE = {"amount": 500, "status": "succeeded", "metadata": {"coach": "Dana O'Neil", "n": "7"}, "customer": None}


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ('status:"succeeded"', True),
        ("status:'SUCCEEDED'", True),
        ('-status:"succeeded"', False),
        ('metadata["n"]:"7" AND amount>=500', True),
        ('metadata["n"]:"8" OR amount<501', True),
        ('metadata["n"]:"8" OR amount<500', False),
        ('metadata["coach"]~"neil"', True),
        ('metadata["coach"]:"Dana O\'Neil"', True),
        ("customer:null", True),
        ('-metadata["n"]:null', True),
        ('metadata["gone"]:null', True),
    ],
)
def test_the_query_language(query: str, matches: bool) -> None:
    """Equality, substrings, numbers, absence, negation; AND or OR."""
    assert parse(query).matches(STATE) is matches


@pytest.mark.parametrize(
    "query",
    [
        "",
        "status",
        'status:"a" AND status:"b" OR status:"c"',
        'status~"ab"',
        'status>"a"',
        'metadata:"x"',
        'nonsense["k"]:"v"',
        'status:"a" nonsense',
        " AND ".join(['status:"a"'] * 11),
    ],
)
def test_queries_that_make_no_sense_are_refused(query: str) -> None:
    """With Stripe's kind of refusal."""
    with pytest.raises(StripeError):
        parse(query)


def test_search_shows_the_past(platform: Platform) -> None:
    """A change is searched for in vain for a minute, while the old state is still found."""
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad", "metadata": {"k": "old"}})
    platform.clock.advance(60)
    platform.v1.payment_intents.update(intent.id, {"metadata": {"k": "new"}})

    def found(value: str) -> int:
        return len(platform.v1.payment_intents.search({"query": f'metadata["k"]:"{value}"'}).data)

    assert (found("old"), found("new")) == (1, 0)
    platform.clock.advance(60)
    assert (found("old"), found("new")) == (0, 1)


def test_search_has_pages(platform: Platform) -> None:
    """Newest first, with a total only when asked."""
    made = [platform.v1.payment_intents.create({"amount": 500, "currency": "cad"}).id for _ in range(5)]
    platform.clock.advance(60)
    first: Any = platform.v1.payment_intents.search({"query": "amount>1", "limit": 2, "expand": ["total_count"]})
    rest: Any = {"query": "amount>1", "limit": 9, "page": first.next_page}

    assert ([found.id for found in first.data], first.total_count) == (made[:2:-1], 5)
    assert [found.id for found in platform.v1.payment_intents.search(rest).data] == made[2::-1]


def test_search_knows_only_its_fields(platform: Platform) -> None:
    """An unsearchable field is refused, not ignored."""
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.payment_intents.search({"query": 'transfer_group:"g"'})
