"""``flask webhooks sync`` makes and mends thin endpoints, and the one of v2 accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.domain.account_requests import AccountTerms
from backend.webhooks.handlers import CONNECTED_TYPES, PLATFORM_TYPES, V2_ACCOUNT_TYPES
from tests.builders import Marketplace
from tests.routes.destinations import destinations, secrets, set_up
from tests.routes.synced import URL, sync

PATH = "/api/webhooks/stripe"


def test_thin_endpoints_are_made_for_both_scopes(bare: Marketplace, tmp_path: Path) -> None:
    """With exactly the events that are handled, under their thin names, and those of v2 accounts in both."""
    set_up(bare, "thin")

    assert sync(bare, tmp_path / ".env")[0] == 0

    made = destinations(bare)
    assert {kind: one.events_from for kind, one in made.items()} == {"platform": ["@self"], "connected": ["@accounts"]}
    assert set(made["platform"].enabled_events) == {f"v1.{one}" for one in PLATFORM_TYPES} | V2_ACCOUNT_TYPES
    assert set(made["connected"].enabled_events) == {f"v1.{one}" for one in CONNECTED_TYPES} | V2_ACCOUNT_TYPES
    assert {one.webhook_endpoint.url for one in made.values()} == {URL + PATH}
    assert bare.stripe.v1.webhook_endpoints.list({}).data == []


@pytest.mark.parametrize("make", ["v1", "v2"])
def test_a_purchase_goes_through_with_thin_endpoints(bare: Marketplace, tmp_path: Path, make: Any) -> None:
    """Both secrets are believed, and both makes of account are told of."""
    set_up(bare, "thin", account_terms=AccountTerms(make))
    bare.control("POST", "/behaviour", {"v1_tells_of_v2_accounts": False})
    sync(bare, tmp_path / ".env")
    account_id = bare.register()
    payment = bare.paid()
    bare.deliver()
    assert bare.held(payment) == 0
    bare.onboard(account_id)
    bare.deliver()

    assert bare.held(payment) == 4252


def test_a_second_run_of_thin_endpoints_changes_nothing(bare: Marketplace, tmp_path: Path) -> None:
    """Here or at Stripe."""
    set_up(bare, "thin")
    file = tmp_path / ".env"
    sync(bare, file)
    before = file.read_bytes()
    bare.forget_calls()

    code, output = sync(bare, file)

    assert (code, file.read_bytes(), output.count("is as it should be")) == (0, before, 2)
    assert {call.split()[0] for call in bare.calls()} == {"GET"}


@pytest.mark.parametrize("change", ["address", "disabled", "events", "secret", "scope"])
def test_a_thin_endpoint_that_somebody_changed_is_mended(
    bare: Marketplace,
    tmp_path: Path,
    change: str,
) -> None:
    """A lost secret and another scope cannot be mended, so the destination is replaced."""
    set_up(bare, "thin")
    file = tmp_path / ".env"
    sync(bare, file)
    one = destinations(bare)["platform"]
    services = bare.stripe.v2.core.event_destinations
    match change:
        case "address":
            services.update(one.id, {"webhook_endpoint": {"url": "https://other.example.com"}})
        case "disabled":
            services.disable(one.id)
        case "events":
            services.update(one.id, {"enabled_events": ["v1.charge.refunded"]})
        case "secret":
            services.update(one.id, {"metadata": {"secretFingerprint": "0" * 16}})
        case _:
            bare.sandbox.world.events.endpoints[one.id].scopes = ("@self", "@accounts")

    assert sync(bare, file)[0] == 0

    after = destinations(bare)["platform"]
    assert (after.status, after.webhook_endpoint.url, after.events_from) == ("enabled", URL + PATH, ["@self"])
    assert len(after.enabled_events) == len(PLATFORM_TYPES | V2_ACCOUNT_TYPES)
    assert (after.id == one.id) == (change not in ("secret", "scope"))


def test_v1_accounts_need_no_thin_endpoint(bare: Marketplace, tmp_path: Path) -> None:
    """The v2 list has them too, and does not say which made them."""
    file = tmp_path / ".env"
    sync(bare, file)
    bare.register()

    sync(bare, file)

    assert (destinations(bare), [len(one) for one in secrets(file)]) == ({}, [1, 1])


@pytest.mark.parametrize("accounts", [0, 1])
def test_v2_accounts_have_a_thin_endpoint_beside_snapshots(
    bare: Marketplace,
    tmp_path: Path,
    accounts: int,
) -> None:
    """Once there is one; it hears of both scopes, and its secret is kept beside the connected accounts'."""
    bare.control("POST", "/behaviour", {"accounts_v1": "refused"})
    file = tmp_path / ".env"
    sync(bare, file)
    assert destinations(bare) == {}
    for _ in range(accounts):
        bare.register()

    sync(bare, file)

    made = destinations(bare)
    assert list(made) == ["accounts"] * accounts
    assert [len(one) for one in secrets(file)] == [1, 1 + accounts]
    if accounts:
        assert set(made["accounts"].events_from) == {"@self", "@accounts"}
        assert set(made["accounts"].enabled_events) == V2_ACCOUNT_TYPES
