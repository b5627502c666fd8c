"""The catalogue: the contract's defaults, and every way in which a file can be wrong."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from backend.config.settings import DEFAULT_CATALOGUE
from backend.domain.catalogue import CatalogueError, NotOffered, parse_catalogue

DOCUMENT = tomllib.loads(DEFAULT_CATALOGUE.read_text())


def test_the_default_is_the_contracts_table() -> None:
    """Prices in CAD cents, clips and days."""
    catalogue = parse_catalogue(DOCUMENT)

    prices = {
        sport: [o.price for o in catalogue.offers if o.sport == sport and o.package_type == "package"]
        + [catalogue.offer(sport, "subscription", None).price]
        for sport in catalogue.sports
    }
    assert catalogue.currency == "cad"
    assert prices == {"badminton": [4725, 5400, 6075, 9450], "golf": [5400, 6075, 6750, 10125]}
    assert [(o.clips, o.days) for o in catalogue.offers[:4]] == [(5, 3), (7, 5), (10, 7), (50, 30)]


def _changed(path: str, value: Any) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    *outer, last = path.split(".")
    place: Any = document
    for key in outer:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("prices.golf.1", 47.25),
        ("prices.golf.1", "4725"),
        ("prices.golf.1", True),
        ("prices.golf.1", 49),
        ("prices.golf.1", 100_000_000),
        ("prices.golf.9", 5000),
        ("prices.golf.subscription", None),
        ("prices.golf", 5),
        ("packages.1", 5),
        ("packages.1.clips", 0),
        ("packages.1.days", None),
        ("packages.1.weeks", 2),
        ("packages.x", {"clips": 1, "days": 1}),
        ("subscription.clips", True),
        ("currency", "kwd"),
        ("currency", 5),
        ("colour", "red"),
        ("packages", 5),
        ("packages", None),
        ("packages.0", {"clips": 1, "days": 1}),
        ("packages.01", {"clips": 1, "days": 1}),
        ("packages.1000001", {"clips": 1, "days": 1}),
        ("packages." + "9" * 5000, {"clips": 1, "days": 1}),
        ("packages.1.clips", 100_001),
        ("packages.1.days", 3_661),
        ("packages.1.days", 1.5),
        ("packages.4", {"clips": 1, "days": 1}),
        ("subscription", 5),
        ("subscription", None),
        ("prices", []),
        ("prices. ", DOCUMENT["prices"]["golf"]),
        ("prices." + "x" * 101, DOCUMENT["prices"]["golf"]),
        ("currency", "cadd"),
        ("prices.GOLF", DOCUMENT["prices"]["golf"]),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_wrong_entry_is_named(path: str, value: Any) -> None:
    """The backend does not start, and says where to look."""
    with pytest.raises(CatalogueError) as refusal:
        parse_catalogue(_changed(path, value))

    first, last = path.split(".", maxsplit=1)[0], path.rsplit(".", maxsplit=1)[-1]
    told = str(refusal.value)
    if value is None and "." not in path:
        first, last = "prices.badminton", "subscription" if path == "subscription" else "1"
    assert told.startswith(("the catalogue: ", first)) or f"no price for {last}" in told
    assert last.casefold() in told.casefold() or "two sports" in told


def test_a_catalogue_without_sports_is_refused() -> None:
    """There would be nothing to sell."""
    with pytest.raises(CatalogueError, match=r"\Aprices: at least one sport is needed\Z"):
        parse_catalogue({"packages": {}, "prices": {}})


def test_every_missing_and_every_unknown_entry_is_listed() -> None:
    """One start is enough to see them all."""
    short = copy.deepcopy(DOCUMENT)
    del short["prices"]["golf"]["1"], short["prices"]["golf"]["3"]

    with pytest.raises(CatalogueError, match=r"\Aprices.golf: no price for 1, 3\Z"):
        parse_catalogue(short)
    with pytest.raises(CatalogueError, match=r"\Athe catalogue: unknown entry colour, size\Z"):
        parse_catalogue({**DOCUMENT, "colour": 1, "size": 2})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("packages.1.clips", 1),
        ("packages.1.clips", 100_000),
        ("packages.1.days", 1),
        ("packages.1.days", 3_660),
        ("prices.golf.1", 50),
        ("prices." + "x" * 100, DOCUMENT["prices"]["golf"]),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_limits_themselves_are_allowed(path: str, value: Any) -> None:
    """The least and the most of everything."""
    parse_catalogue(_changed(path, value))


def test_a_catalogue_that_names_no_currency_is_in_canadian_dollars() -> None:
    """The contract's default."""
    assert parse_catalogue(_changed("currency", None)).currency == "cad"


def test_a_catalogue_may_do_without_a_subscription() -> None:
    """Then nobody can buy one, and the field that asked for it is named."""
    document = copy.deepcopy(DOCUMENT)
    del document["subscription"]
    for prices in document["prices"].values():
        del prices["subscription"]

    with pytest.raises(NotOffered, match=r"\AThere is no subscription for golf\.\Z") as refusal:
        parse_catalogue(document).offer("golf", "subscription", None)

    assert refusal.value.field == "packageType"


def test_sports_are_found_in_any_case() -> None:
    """And answered in the catalogue's spelling."""
    assert parse_catalogue(DOCUMENT).offer("GoLf", "package", 1).sport == "golf"


@pytest.mark.parametrize(
    ("order", "field", "choices"),
    [
        (("chess", "package", 1), "sport", "badminton, golf"),
        (("golf", "package", 4), "packageId", "1, 2, 3"),
        (("golf", "package", None), "packageId", "1, 2, 3"),
    ],
)
def test_what_is_not_offered_names_its_field_and_what_is(order: Any, field: str, choices: str) -> None:
    """So that the front end can say which."""
    with pytest.raises(NotOffered) as refusal:
        parse_catalogue(DOCUMENT).offer(*order)

    assert refusal.value.field == field
    assert str(refusal.value) == f"The {field.removesuffix('Id')} must be one of: {choices}."


def test_a_subscription_is_the_same_whatever_package_is_named() -> None:
    """The contract lets the front end send any."""
    catalogue = parse_catalogue(DOCUMENT)

    assert catalogue.offer("golf", "subscription", 2) == catalogue.offer("golf", "subscription", None)


def test_a_setting_replaces_the_currency() -> None:
    """``DEFAULT_CURRENCY``."""
    assert parse_catalogue(DOCUMENT, "usd").currency == "usd"
