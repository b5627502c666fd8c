"""Scenarios of what every call shares: keys, metadata, empty values, lists, search and versions."""

from __future__ import annotations

from tests.drift.calls import INTENTS, USD, get, post, refused
from tests.drift.play import Scenario

_KEYED = {"Idempotency-Key": "drift-{run}"}
MANNERS = (
    Scenario(
        "a key makes one payment",
        "5.x",
        (
            post(INTENTS, USD, headers={"Idempotency-Key": "drift-one-{run}"}),
            post(INTENTS, USD, headers={"Idempotency-Key": "drift-one-{run}"}),
            get(f"{INTENTS}/{{0.id}}"),
        ),
        {"status": 200},
    ),
    Scenario(
        "a key with other parameters is refused",
        "5.x",
        (post(INTENTS, USD, headers=_KEYED), post(INTENTS, {**USD, "amount": "3000"}, headers=_KEYED)),
        {"status": 400, "error.type": "idempotency_error"},
    ),
    Scenario(
        "metadata has forty letters a key",
        "docs metadata",
        (post("/v1/customers", {f"metadata[{'k' * 41}]": "v"}),),
        {"status": 400, "error.param": "metadata"},
    ),
    Scenario(
        "metadata has five hundred letters a value",
        "docs metadata",
        (post("/v1/customers", {"metadata[k]": "v" * 501}),),
        {"status": 400, "error.param": "metadata"},
    ),
    Scenario(
        "an empty value removes its key",
        "docs metadata",
        (
            post("/v1/customers", {"metadata[a]": "1", "metadata[b]": "2"}),
            post("/v1/customers/{0.id}", {"metadata[a]": ""}),
        ),
        {"metadata.a": None, "metadata.b": "2"},
    ),
    Scenario(
        "an empty text about a customer is taken",
        "stripe-dotnet threads; not in the specification",
        (post("/v1/customers", {"name": "", "description": "", "phone": ""}),),
        {"status": 200, "name": None},
        open=True,
    ),
    Scenario(
        "an empty second line of an address is taken",
        "as shops send it; not in the specification",
        (post("/v1/customers", {"address[line1]": "1 Main St", "address[line2]": ""}),),
        {"status": 200},
        open=True,
    ),
    Scenario(
        "a false that says nothing is taken",
        "as SDKs send it",
        (post(INTENTS, {**USD, "off_session": "false"}),),
        {"status": 200},
        open=True,
    ),
    Scenario(
        "the email filter is exact",
        "6.6",
        (
            post("/v1/customers", {"email": "Drift-{run}@example.com"}),
            get("/v1/customers", {"email": "drift-{run}@example.com"}),
        ),
        {"status": 200, "data.0.id": None},
    ),
    Scenario(
        "a list has at most a hundred", "docs pagination", (get("/v1/charges", {"limit": "101"}),), {"status": 400}
    ),
    Scenario("a list has at least one", "docs pagination", (get("/v1/charges", {"limit": "0"}),), {"status": 400}),
    Scenario(
        "an unknown cursor is refused",
        "docs pagination",
        (get("/v1/charges", {"starting_after": "ch_gone"}),),
        refused("resource_missing", "starting_after"),
    ),
    Scenario(
        "search knows its fields",
        "docs search",
        (get(f"{INTENTS}/search", {"query": "nonsense:'x'"}),),
        {"status": 400, "error.param": "query"},
        open=True,
    ),
    Scenario(
        "a Product's id is taken once",
        "status and code open",
        (
            post("/v1/products", {"id": "drift-{run}", "name": "P"}),
            post("/v1/products", {"id": "drift-{run}", "name": "P"}),
        ),
        {"status": 400, "error.code": "resource_already_exists"},
        open=True,
    ),
    *(
        Scenario(
            f"{version} may name its methods",
            "0.2, changelog",
            (post(INTENTS, {**USD, "payment_method_types[]": "card"}, version=version),),
            {"status": 200, "payment_method_types.0": "card"},
        )
        for version in ("2020-08-27", "2022-11-15", "2024-06-20", "2025-03-31.basil")
    ),
    *(
        Scenario(
            f"{version} confirms {'without' if plain else 'only with'} a return_url",
            "0.4, changelog 2023-08-16",
            (post(INTENTS, {**USD, "confirm": "true", "payment_method": "pm_card_visa"}, version=version),),
            {"status": 200 if plain else 400},
        )
        for version, plain in (("2020-08-27", True), ("2022-11-15", True), ("2023-08-16", False), ("2024-06-20", False))
    ),
    *(
        Scenario(
            f"a charge through null expands: {path}",
            "docs expand",
            (post(INTENTS, {**USD, "expand[]": path}),),
            {"status": 200},
            open=path != "latest_charge.balance_transaction",
        )
        for path in ("latest_charge.balance_transaction", "review.charge", "customer.default_source")
    ),
)
