"""A signed document is an event of the shape that the handlers read, or it is refused by the name of the field."""

from __future__ import annotations

from typing import Any

import pytest

from backend.webhooks.event import Event, NotAnEvent, read_event

HANDLED = ("transfer.created", "payout.paid", "charge.refunded", "transfer.reversed", "payment_intent.payment_failed")
LONG, TOO_LONG = "x" * 500, "x" * 501


def document(kind: str = "charge.refunded", **fields: Any) -> dict[str, Any]:
    """An event's JSON; the object has these fields."""
    sound = {"amount": 0, "currency": "cad"} if kind.startswith(("transfer", "payout")) else {}
    data = {"object": {"id": "obj_1", **sound, **fields}}
    return {"id": "evt_1", "type": kind, "account": None, "livemode": False, "created": 7, "data": data}


def refused(given: Any) -> str:
    """The field for which a document is refused."""
    with pytest.raises(NotAnEvent) as raised:
        read_event(given, HANDLED)
    return str(raised.value)


def test_an_event_has_the_fields_of_its_document() -> None:
    """And its object as it was."""
    given = document(metadata={"a": "b"}) | {"account": "acct_1", "livemode": True}
    given["data"]["previous_attributes"] = {"metadata": {"a": None}}

    event = read_event(given, ())

    assert event == Event(
        id="evt_1",
        type="charge.refunded",
        account="acct_1",
        livemode=True,
        created=7,
        object={"id": "obj_1", "metadata": {"a": "b"}},
        previous={"metadata": {"a": None}},
    )
    assert event.metadata == {"a": "b"}


def test_what_an_event_does_not_say_is_none_and_not_live() -> None:
    """Only its id, its type and an object are asked for."""
    event = read_event({"id": "evt_1", "type": "x", "data": {"object": {}}}, HANDLED)

    assert (event.account, event.livemode, event.created, event.previous, event.metadata) == (
        None,
        False,
        None,
        None,
        {},
    )


@pytest.mark.parametrize("given", [None, [], "{}", 1])
def test_a_document_that_is_no_object_is_refused(given: Any) -> None:
    """The field is the body itself."""
    assert refused(given) == "body"


@pytest.mark.parametrize("data", [None, [], "x"])
def test_an_event_without_data_is_refused(data: Any) -> None:
    """By its name."""
    assert refused(document() | {"data": data}) == "data"


@pytest.mark.parametrize("value", [None, [], "obj_1"])
def test_an_object_that_is_only_named_is_refused(value: Any) -> None:
    """Also of a type that nobody handles."""
    given = document("other.type")
    given["data"]["object"] = value

    assert refused(given) == "data.object"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", "x" * 256),
        ("id", 1),
        ("type", None),
        ("type", ""),
        ("type", "x" * 256),
        ("account", ""),
        ("account", "acct_"),
        ("account", "acct_1/x"),
        ("account", "acct_" + "1" * 65),
        ("account", 1),
        ("livemode", "true"),
        ("livemode", 0),
        ("created", -1),
        ("created", 10**10),
        ("created", 1.5),
        ("created", True),
        ("created", "7"),
    ],
)
def test_a_damaged_event_is_refused_by_name(name: str, value: Any) -> None:
    """Whoever signed it."""
    assert refused(document() | {name: value}) == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "x"),
        ("id", "x" * 255),
        ("type", "x"),
        ("type", "x" * 255),
        ("account", "acct_1"),
        ("account", "acct_" + "a" * 64),
        ("created", 0),
        ("created", 10**10 - 1),
        ("created", None),
        ("livemode", None),
    ],
)
def test_the_longest_and_the_smallest_are_taken(name: str, value: Any) -> None:
    """The limits are those of what is sound."""
    read = getattr(read_event(document() | {name: value}, HANDLED), name)

    assert read == (value if value is not None or name != "livemode" else False)


@pytest.mark.parametrize(
    "previous", [[], "x", {"metadata": "x"}, {"metadata": 1}, {"metadata": {"a": 1}}, {"metadata": [1]}], ids=str
)
def test_damaged_previous_attributes_are_refused(previous: Any) -> None:
    """The metadata in them is read for the payments that it named."""
    given = document()
    given["data"]["previous_attributes"] = previous

    assert refused(given) == "previous_attributes"


@pytest.mark.parametrize(
    "previous", [{}, {"metadata": None}, {"metadata": {}}, {"metadata": {"a": None, "b": "c"}}], ids=str
)
def test_sound_previous_attributes_are_kept(previous: Any) -> None:
    """A key that was not there before is null."""
    given = document()
    given["data"]["previous_attributes"] = previous

    assert read_event(given, HANDLED).previous == previous


def test_an_event_names_the_payments_of_now_and_of_before() -> None:
    """By what its object's metadata says, and said."""
    given = document(metadata={"for": "pi_new"})
    given["data"]["previous_attributes"] = {"metadata": {"for": "pi_old", "note": None}}
    event = read_event(given, HANDLED)

    assert [*event.named_payments, *event.payments_named_before] == ["pi_new", "pi_old"]


# The object of a type that somebody handles.


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("charge.refunded", "id", None),
        ("charge.refunded", "id", "a/b"),
        ("charge.refunded", "id", "x" * 256),
        ("charge.refunded", "payment_intent", 1),
        ("charge.refunded", "payment_intent", "pi/1"),
        ("charge.refunded", "payment_intent", {}),
        ("charge.refunded", "payment_intent", {"id": "pi 1"}),
        ("charge.refunded", "charge", []),
        ("charge.refunded", "failure_balance_transaction", 1),
        ("transfer.created", "source_transaction", 1),
        ("transfer.created", "destination", 1),
        ("charge.refunded", "status", 1),
        ("charge.refunded", "status", TOO_LONG),
        ("charge.refunded", "currency", 1),
        ("charge.refunded", "fraud_type", []),
        ("charge.refunded", "failure_code", {}),
        ("charge.refunded", "transfer_group", 1),
        ("charge.refunded", "amount", -1),
        ("charge.refunded", "amount", 10**12),
        ("charge.refunded", "amount", 1.0),
        ("charge.refunded", "amount", True),
        ("charge.refunded", "metadata", []),
        ("charge.refunded", "metadata", {"a": 1}),
        ("charge.refunded", "metadata", {"a": None}),
        ("charge.refunded", "actionable", "yes"),
        ("payment_intent.payment_failed", "last_payment_error", "declined"),
        ("payment_intent.payment_failed", "last_payment_error", {"code": 1}),
        ("payment_intent.payment_failed", "last_payment_error", {"decline_code": TOO_LONG}),
        ("payment_intent.payment_failed", "last_payment_error", {"charge": {}}),
        ("transfer.reversed", "reversals", []),
        ("transfer.reversed", "reversals", {"data": {}}),
        ("transfer.reversed", "reversals", {"data": ["trr_1"]}),
        ("transfer.reversed", "reversals", {"data": [{"metadata": {"a": 1}}]}),
        ("transfer.created", "amount", None),
        ("transfer.created", "currency", None),
        ("payout.paid", "amount", None),
        ("payout.paid", "currency", None),
    ],
)
def test_a_damaged_object_is_refused_by_the_name_of_its_field(kind: str, name: str, value: Any) -> None:
    """Nothing of it reaches a handler."""
    assert refused(document(kind, **{name: value})) == name


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("charge.refunded", "id", "x" * 255),
        ("charge.refunded", "status", LONG),
        ("charge.refunded", "amount", 0),
        ("charge.refunded", "amount", 10**12 - 1),
        ("charge.refunded", "amount", None),
        ("charge.refunded", "currency", None),
        ("charge.refunded", "metadata", {}),
        ("charge.refunded", "metadata", {"a": ""}),
        ("charge.refunded", "actionable", True),
        ("payment_intent.payment_failed", "last_payment_error", {}),
        ("payment_intent.payment_failed", "last_payment_error", {"code": LONG, "decline_code": None, "charge": "ch_1"}),
        ("transfer.reversed", "reversals", {}),
        ("transfer.reversed", "reversals", {"data": None}),
        ("transfer.reversed", "reversals", {"data": []}),
        ("transfer.reversed", "reversals", {"data": [{}, {"metadata": None}, {"metadata": {"a": "b"}}]}),
        ("transfer.created", "amount", 1),
        ("payout.paid", "currency", ""),
    ],
)
def test_a_sound_object_is_kept_as_it_is(kind: str, name: str, value: Any) -> None:
    """Stripe leaves out or nulls what does not apply."""
    assert read_event(document(kind, **{name: value}), HANDLED).object[name] == value


@pytest.mark.parametrize(
    "name", ["payment_intent", "charge", "source_transaction", "destination", "failure_balance_transaction"]
)
@pytest.mark.parametrize(("value", "read"), [("x_1", "x_1"), ({"id": "x_1", "more": 2}, "x_1"), (None, None)])
def test_a_reference_is_read_as_an_id(name: str, value: Any, read: str | None) -> None:
    """Expanded or not."""
    assert read_event(document(**{name: value}), HANDLED).object[name] == read


def test_the_rest_of_an_event_is_kept_when_its_ids_are_read() -> None:
    """Its account, its mode, its times and what changed."""
    given = document("transfer.created", amount=5, note=[1]) | {"account": "acct_1", "livemode": True}
    given["data"]["previous_attributes"] = {"amount": 4}
    event = read_event(given, HANDLED)

    assert (event.id, event.account, event.livemode, event.created) == ("evt_1", "acct_1", True, 7)
    assert (event.previous, event.object["amount"], event.object["note"]) == ({"amount": 4}, 5, [1])


def test_of_an_object_that_nobody_handles_nothing_is_asked() -> None:
    """Other types have other fields."""
    given = document("price.created", amount="free", id=None, metadata=3)

    assert read_event(given, HANDLED).object == given["data"]["object"]
