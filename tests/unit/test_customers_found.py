"""A purchase's customer: one for an address, found before it is made, and remembered for an hour."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from backend.domain.metadata import email_hash
from backend.domain.namespace import Namespace
from backend.services.errors import Conflict, InvalidRequest, Undecided
from backend.services.purchases.customers import Customers, names_no_customer
from backend.stripe_client.platform import PlatformClient
from tests.conftest import NOW
from tests.unit.given import OURS, Line, made, pages

EMAIL = "dana@example.com"
KEY = f"customer:{email_hash(EMAIL)}"


def customer(name: str = "cus_1", created: int = 5, **fields: Any) -> Any:
    """A customer of the address."""
    return made("customer", name, **{"created": created, "email": EMAIL, "metadata": {}, **fields})


def customers(on: Line, seconds: list[float] | None = None) -> Customers:
    """The customers on a line; ``seconds``: the clock, which a test may change."""
    clock = seconds or [float(NOW)]
    return Customers(on.client, lambda: clock[0])


def test_the_oldest_customer_of_an_address_is_the_one() -> None:
    """Of one second the one whose id comes first; and it is remembered for an hour."""
    seconds = [float(NOW)]
    on = Line(customers=pages(customer("cus_3", 7), customer("cus_2", 5), customer("cus_1", 5)))
    found = customers(on, seconds)

    assert found.remembered(EMAIL) is None
    assert found.find(EMAIL) == "cus_1"
    assert on.urls == [f"/v1/customers?email={EMAIL}&limit=100"]
    seconds[0] += 3_599
    assert found.remembered(EMAIL) == "cus_1"
    seconds[0] += 1
    assert found.remembered(EMAIL) is None


def test_an_address_is_looked_for_in_lower_case_first() -> None:
    """Older customers may be as the player typed them."""
    on = Line(customers=[pages(), pages(customer())])

    assert customers(on).find("Dana@Example.com") == "cus_1"
    assert on.urls == [f"/v1/customers?email={one}&limit=100" for one in (EMAIL, "Dana@Example.com")]


def test_an_address_without_a_customer_has_none_and_is_not_remembered() -> None:
    """One call for a spelling."""
    on = Line(customers=pages())
    found = customers(on)

    assert (found.find(EMAIL), found.remembered(EMAIL)) == (None, None)
    assert len(on.asked) == 1


def test_another_deployments_customer_is_not_ours() -> None:
    """A customer without a mark is everybody's."""
    on = Line(customers=pages(customer("cus_1", metadata=Namespace("blue").mark), customer("cus_2", metadata=OURS)))

    assert customers(on).find(EMAIL) == "cus_2"


def test_a_customer_is_made_under_the_addresss_own_key() -> None:
    """With the name that was given; marked; and remembered."""
    on = Line(customers=[customer()])
    found = customers(on)

    assert found.create("Dana@example.com", "Dana") == "cus_1"
    assert on.keys == [f"{KEY}:g0"]
    assert on.sent == [{"email": EMAIL, "metadata[app]": "coaching-payments", "name": "Dana"}]
    assert found.remembered("Dana@example.com") == "cus_1"


@pytest.mark.parametrize("name", [None, ""])
def test_a_nameless_customer_is_made_without_a_name(name: str | None) -> None:
    """Under the same key: another name is another request."""
    on = Line(customers=[customer()])
    customers(on).create(EMAIL, name)

    assert on.sent == [{"email": EMAIL, "metadata[app]": "coaching-payments"}]


def test_a_named_deployment_marks_and_keys_its_own() -> None:
    """So that two do not share a customer."""
    on = Line(customers=[customer()])
    client = PlatformClient("sk_test_a1", namespace=Namespace("blue"), http_client=on, max_network_retries=0)
    Customers(client, lambda: 0.0).create(EMAIL, None)

    assert (on.keys, on.sent[0]["metadata[app]"]) == ([f"blue/{KEY}:g0"], "coaching-payments:blue")


def test_a_named_deployment_takes_its_own_customer_and_not_anothers() -> None:
    """By the mark that the customer bears."""
    blue, red = (customer(name, metadata=Namespace(mark).mark) for name, mark in (("cus_b", "blue"), ("cus_a", "red")))
    client = PlatformClient("sk_test_a1", namespace=Namespace("blue"), http_client=Line(customers=pages(red, blue)))

    assert Customers(client, lambda: 0.0).find(EMAIL) == "cus_b"


def test_a_key_that_was_used_with_another_name_leads_to_the_customer() -> None:
    """Whoever was first is the customer."""
    on = Line(customers=[(400, "idempotency_error"), pages(customer("cus_9")), pages(customer("cus_9"))])

    assert customers(on).create(EMAIL, "Dana") == "cus_9"


REPLAY = {"idempotent-replayed": "true"}


def test_a_customer_that_was_made_before_and_is_gone_is_made_anew() -> None:
    """Under the next generation of the key: the address must not stay without one for a day."""
    old, gone = (200, customer("cus_8"), REPLAY), customer("cus_8", deleted=True)
    on = Line(customers=[old, (200, customer("cus_9"), {})], cus_8=gone)

    assert customers(on).create(EMAIL, None) == "cus_9"
    assert on.keys == [f"{KEY}:g0", None, f"{KEY}:g1"]


def test_a_customer_that_was_made_before_and_is_there_is_the_one() -> None:
    """Read once, and not made again."""
    on = Line(customers=[(200, customer("cus_8"), REPLAY)], cus_8=customer("cus_8"))

    assert customers(on).create(EMAIL, None) == "cus_8"
    assert on.asked == ["customers", "cus_8"]


def test_a_key_that_is_taken_while_the_customer_is_made_answers_with_the_oldest() -> None:
    """The first use was under way; by the time it is seen, somebody made another one."""
    taken = (400, "idempotency_error")
    on = Line(customers=[taken, pages(), customer("cus_9"), pages(customer("cus_7", 3), customer("cus_9", 9))])

    assert customers(on).create(EMAIL, "Dana") == "cus_7"


def test_a_key_that_was_never_taken_costs_no_further_look() -> None:
    """The customer that was made is the answer."""
    on = Line(customers=[customer("cus_9")])

    assert customers(on).create(EMAIL, "Dana") == "cus_9"
    assert on.asked == ["customers"]


def test_a_customer_that_is_gone_is_not_remembered_while_it_is_looked_for() -> None:
    """A look that fails leaves nothing to believe."""
    on = Line(customers=[pages(customer("cus_1")), (500, "")])
    found = customers(on)
    found.find(EMAIL)
    with pytest.raises(stripe.APIError):
        found.look_again(EMAIL, None)

    assert found.remembered(EMAIL) is None


def test_an_address_that_stripe_refuses_is_the_callers_to_mend() -> None:
    """The field is named."""
    with pytest.raises(InvalidRequest) as raised:
        customers(Line(customers=[(400, "email_invalid")])).create(EMAIL, None)

    assert (raised.value.message, raised.value.field) == ("The email address is not valid.", "customerEmail")


def test_a_500_that_hides_a_customer_is_looked_behind() -> None:
    """It may have been made."""
    assert customers(Line(customers=[(500, ""), pages(customer())])).create(EMAIL, None) == "cus_1"


def test_a_fresh_500_is_tried_again() -> None:
    """The same request makes the customer, or finds it."""
    found = customers(Line(customers=[(500, ""), pages()]))
    with pytest.raises(Undecided):
        found.create(EMAIL, None)

    assert found.remembered(EMAIL) is None


def test_a_stored_500_lets_the_purchase_go_on_without_a_customer() -> None:
    """To wait would keep the address from buying for a day."""
    on = Line({"idempotent-replayed": "true"}, customers=[(500, ""), pages()])
    found = customers(on)

    assert (found.create(EMAIL, None), found.remembered(EMAIL)) == (None, None)


def test_a_request_under_way_is_a_conflict() -> None:
    """The same purchase is being made at this moment."""
    with pytest.raises(Conflict) as raised:
        customers(Line(customers=[(409, ""), pages()])).create(EMAIL, None)

    assert raised.value.message == "The same purchase is already being made. Please try again in a moment."


def test_a_remembered_customer_that_is_gone_is_looked_for_again() -> None:
    """And made where there is none any more."""
    on = Line(customers=[pages(customer("cus_1")), pages(customer("cus_2")), pages(), customer("cus_3")])
    found = customers(on)
    found.find(EMAIL)

    assert found.look_again(EMAIL, "Dana") == "cus_2"
    assert found.look_again(EMAIL, "Dana") == found.remembered(EMAIL) == "cus_3"
    assert on.sent[-1]["name"] == "Dana"


def gone(kind: str, **fields: Any) -> Any:
    """An event of a customer that had the address."""
    before = fields.pop("before", None)
    data = {"object": customer(**fields).to_dict()} | ({"previous_attributes": before} if before is not None else {})
    return made("event", "evt_1", type=kind, data=data)


def test_others_are_the_living_and_those_who_left_lately() -> None:
    """Deleted, or given another address; each once, without the one that is known."""
    events = pages(
        gone("customer.deleted", name="cus_3", email="DANA@example.com"),
        gone("customer.deleted", name="cus_x", email="other@example.com"),
        gone("customer.deleted", name="cus_y", email=None),
        gone("customer.updated", name="cus_4", email="new@example.com", before={"email": EMAIL}),
        gone("customer.updated", name="cus_z", before={"name": "Dana"}),
        gone("customer.updated", name="cus_w"),
        gone("customer.updated", name="cus_2", before={"email": EMAIL}),
    )
    on = Line(customers=pages(customer("cus_1"), customer("cus_2")), events=events)

    assert customers(on).others(EMAIL, "cus_1") == ["cus_2", "cus_3", "cus_4"]
    since = NOW - 25 * 3_600
    assert on.urls == [
        f"/v1/customers?email={EMAIL}&limit=100",
        f"/v1/events?types[0]=customer.deleted&types[1]=customer.updated&created[gte]={since}&limit=100",
    ]


def test_others_are_looked_for_in_both_spellings() -> None:
    """Two calls, and one for the events."""
    on = Line(customers=[pages(customer("cus_1")), pages(customer("cus_2"))], events=pages())

    assert customers(on).others("Dana@example.com", None) == ["cus_1", "cus_2"]


def test_a_key_that_may_not_read_events_finds_the_living() -> None:
    """Those who left are not known then."""
    on = Line(customers=pages(customer("cus_1")), events=(403, ""))

    assert customers(on).others(EMAIL, None) == ["cus_1"]


@pytest.mark.parametrize(
    ("code", "param", "said"),
    [
        ("resource_missing", "customer", True),
        ("resource_missing", "payment_method", False),
        ("parameter_invalid", "customer", False),
    ],
)
def test_a_refusal_names_the_customer_that_is_not_there(code: str, param: str, said: bool) -> None:
    """By its code and its parameter."""
    refusal = stripe.InvalidRequestError("No", param, code, http_status=400, json_body={"error": {"code": code}})

    assert names_no_customer(refusal) is said
