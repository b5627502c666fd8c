"""Nothing anywhere in a body is of a name or a type that the SDK does not declare: hashes, lists, events, errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from backend.sandbox.resources import ROUTES
from tests.sandbox.conftest import Platform
from tests.sandbox.test_objects import CLASSES, _declared, _fits, _lived

BY_NAME: dict[Any, Any] = {cls.OBJECT_NAME: cls for cls in (*CLASSES, stripe.BankAccount)}  # type: ignore[attr-defined]
Found = tuple[str, Any, dict[str, Any]]


def _parts(where: str, cls: Any, body: dict[str, Any]) -> Iterator[Found]:
    """The body, and every hash and object inside it that the SDK has a class for."""
    yield where, cls, body
    if where == "event":
        body = {"object": body["data"]["object"]}
    for name, value in body.items():
        for item in _items(value):
            known = BY_NAME.get(item["object"]) if isinstance(item.get("object"), str) else None
            inner = known or getattr(cls, "_inner_class_types", {}).get(name)
            if inner:
                yield from _parts(item["object"] if known else f"{where}.{name}", inner, item)


def _items(value: Any) -> list[dict[str, Any]]:
    """The hashes of a value: itself, those of an array, those of a list object."""
    if isinstance(value, dict) and value.get("object") == "list":
        value = value["data"]
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


@pytest.fixture(scope="module")
def parts() -> list[Found]:
    """Of everything that a platform on which everything has happened once answers and tells."""
    return [part for body in _lived(Platform()) for part in _parts(body["object"], BY_NAME[body["object"]], body)]


def test_every_resource_that_is_served_is_walked(parts: list[Found]) -> None:
    """So that none is added without its fields being looked at."""
    assert {route.returns for route in ROUTES} <= {where for where, _, _ in parts}


def test_every_kind_of_event_body_is_an_object_of_the_sdks(parts: list[Found]) -> None:
    """Snapshots are whole objects."""
    told = {body["data"]["object"]["object"] for where, _, body in parts if where == "event"}

    assert len(told) > 10
    assert told <= set(BY_NAME)


def test_no_hash_has_a_field_of_our_own(parts: list[Found]) -> None:
    """However deep."""
    strange = {(where, name) for where, cls, body in parts for name in set(body) - set(_declared(cls))}

    assert strange == set()


def test_every_field_has_its_declared_type(parts: list[Found]) -> None:
    """However deep; null only where the SDK says Optional."""
    wrong = {
        (where, name, hint)
        for where, cls, body in parts
        for name, hint in _declared(cls).items()
        if name in body and not _fits(body[name], hint)
    }

    assert wrong == set()


LISTS = [one for one in ROUTES if one.shape == "list" and "<" not in one.path and one.path.startswith("/v1/")]


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.operation)
def test_lists_are_list_objects(platform: Platform, route: Any) -> None:
    """Four fields, and the address that they were asked for at."""
    customer = platform.v1.customers.create({"payment_method": "pm_card_visa"})
    needed = {"payment_methods.list": {"customer": customer.id}, "setup_attempts.list": {"setup_intent": "seti_1"}}
    given = needed.get(route.operation, {})
    body: dict[str, Any] = platform.raw("GET", route.path, query_string=given).json or {}

    assert (body["object"], body["url"], type(body["has_more"])) == ("list", route.path, bool)
    assert set(body) == {"object", "data", "has_more", "url"}
    assert {item["object"] for item in body["data"]} <= {route.returns}


@pytest.mark.parametrize("kind", ["customers", "payment_intents"])
def test_search_answers_search_results(platform: Platform, kind: str) -> None:
    """With next_page, and a total only when asked for."""
    query = {"query": 'metadata["a"]:"b"'}
    body: dict[str, Any] = platform.raw("GET", f"/v1/{kind}/search", query_string=query).json or {}

    assert body == {
        "object": "search_result",
        "data": [],
        "has_more": False,
        "next_page": None,
        "url": f"/v1/{kind}/search",
    }


def test_a_deleted_object_says_only_that(platform: Platform) -> None:
    """Id, kind and `deleted`."""
    made: dict[str, str] = {
        "account": platform.coach(),
        "customer": platform.v1.customers.create({}).id,
        "product": platform.v1.products.create({"name": "P"}).id,
        "webhook_endpoint": platform.v1.webhook_endpoints.create({"url": "http://a", "enabled_events": ["*"]}).id,
    }
    assert {one.returns for one in ROUTES if one.method == "DELETE" and one.path.startswith("/v1/")} == set(made)

    for kind, object_id in made.items():
        answer = platform.raw("DELETE", f"/v1/{kind}s/{object_id}").json
        assert answer == {"id": object_id, "object": kind, "deleted": True}


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/v1/customers", {"foo": "1"}),
        ("/v1/payment_intents/pi_gone/confirm", {}),
        ("/v1/refunds", {"charge": "ch_gone"}),
        ("/v1/payment_methods/pm_card_visa_chargeDeclined/attach", {"customer": ""}),
        (
            "/v1/payment_intents",
            {
                "amount": "500",
                "currency": "cad",
                "confirm": "true",
                "payment_method": "pm_card_visa_chargeDeclined",
                "return_url": "https://shop.test",
            },
        ),
    ],
)
def test_errors_are_error_objects(platform: Platform, path: str, given: dict[str, str]) -> None:
    """Of the SDK's fields, with the objects inside whole too."""
    error: dict[str, Any] = (platform.raw("POST", path, data=given).json or {})["error"]

    assert set(error) <= set(_declared(stripe.ErrorObject))
    assert error["type"] in {"card_error", "invalid_request_error"}
    assert ("doc_url" in error) == ("code" in error)
    for name in ("payment_intent", "payment_method"):
        assert name not in error or set(error[name]) <= set(_declared(BY_NAME[name]))
