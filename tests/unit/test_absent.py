"""Absent is None; the coach of an account is in its metadata."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from backend.services.reads import (
    get_or_none,
    id_of,
    list_all,
    metadata_of,
)
from tests.unit.given import Line, made, pages, refund

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
