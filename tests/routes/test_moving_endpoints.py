"""``flask webhooks sync`` for both kinds of event: thin endpoints, the one of v2 accounts, and the move in two steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from dotenv import dotenv_values

from backend.domain.account_requests import AccountTerms
from backend.server import create_app
from backend.webhooks.handlers import CONNECTED_TYPES, PLATFORM_TYPES, V2_ACCOUNT_TYPES
from tests.builders import Marketplace
from tests.processes import served
from tests.routes.synced import URL, sync
from tests.routes.test_commands import run

PATH = "/api/webhooks/stripe"


def set_up(market: Marketplace, payload: Literal["snapshot", "thin"], **changes: Any) -> None:
    """Go on with a backend of that setting."""
    market.settings = replace(market.settings, webhook_payload=payload, **changes)
    market.app = market.another_backend()
    market.http = market.app.test_client()


def destinations(market: Marketplace) -> dict[str, Any]:
    """Those of thin events that the command made, by kind."""
    listed = market.stripe.v2.core.event_destinations.list({"include": ["webhook_endpoint.url"]})
    return {one.metadata["endpointKind"]: one for one in listed if one.event_payload == "thin"}


def secrets(file: Path) -> list[list[str]]:
    """The platform's, then the connected accounts'."""
    written = dotenv_values(file)
    names = ("STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET")
    return [(written.get(name) or "").split(",") for name in names]


def status(market: Marketplace) -> dict[str, str]:
    """Return the status of each endpoint of either kind, by its payload and kind."""
    listed = market.stripe.v2.core.event_destinations.list({"limit": 100})
    return {f"{one.event_payload} {one.metadata['endpointKind']}": one.status for one in listed}


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


def test_the_move_makes_the_new_beside_the_old(bare: Marketplace, tmp_path: Path) -> None:
    """Both kinds come, both secrets are believed, and a payment is settled once."""
    file = tmp_path / ".env"
    sync(bare, file)
    set_up(bare, "thin")

    _, output = sync(bare, file)

    assert set(status(bare).values()) == {"enabled"}
    assert len(status(bare)) == 4
    assert [len(one) for one in secrets(file)] == [2, 2]
    assert "--finish" in output
    bare.ready_coach()
    payment = bare.paid()
    bare.deliver()
    assert (bare.held(payment), len(bare.all("transfers"))) == (4252, 1)


@pytest.fixture
def moving(bare: Marketplace, tmp_path: Path) -> tuple[Marketplace, Path]:
    """Thin endpoints stand beside those of snapshots."""
    file = tmp_path / ".env"
    sync(bare, file)
    set_up(bare, "thin")
    return bare, file


def finish(
    market: Marketplace, file: Path, app: Any, *more: str, meanwhile: Callable[[], object] = lambda: None
) -> tuple[int, str]:
    """Move to a served application, and end the move there; ``meanwhile`` happens in between."""
    with served(app) as port:
        # Only where Stripe is on this machine may the backend be at an http address.
        settings = replace(market.settings, stripe_api_base="http://127.0.0.1:3002")
        market.app = create_app(settings, http_client=market.line, clock=market.clock.now)
        words = ("webhooks", "sync", f"http://127.0.0.1:{port}", "--env-file", str(file))
        assert run(market, *words)[0] == 0
        meanwhile()
        return run(market, *words, "--finish", *more)


def test_the_old_endpoints_go_when_every_machine_knows(moving: tuple[Marketplace, Path]) -> None:
    """They are disabled, not deleted; every event comes once from then on."""
    market, file = moving
    sync(market, file)

    code, output = finish(market, file, market.app)

    assert (code, "by 1 of 1 machines" in output) == (0, True)
    assert {name: one for name, one in status(market).items() if one == "disabled"} == {
        "snapshot platform": "disabled",
        "snapshot connected": "disabled",
    }


def test_a_machine_that_was_not_restarted_keeps_the_old_endpoints(moving: tuple[Marketplace, Path]) -> None:
    """It refuses the pings under the new secrets."""
    market, file = moving
    not_restarted = market.app
    sync(market, file)

    code, output = finish(market, file, not_restarted)

    assert (code, "0 of 40 pings were taken" in output, "Nothing was disabled" in output) == (1, True, True)
    assert set(status(market).values()) == {"enabled"}


def test_a_machine_that_nobody_heard_of_keeps_the_old_endpoints(moving: tuple[Marketplace, Path]) -> None:
    """MACHINES says how many there are."""
    market, file = moving
    set_up(market, "thin", machines=2)
    sync(market, file)

    code, output = finish(market, file, market.app)

    assert (code, "by 1 of 2 machines" in output) == (1, True)
    assert set(status(market).values()) == {"enabled"}


def test_a_new_endpoint_that_somebody_disabled_keeps_the_old_ones(moving: tuple[Marketplace, Path]) -> None:
    """Otherwise no event would come from anywhere."""
    market, file = moving
    sync(market, file)

    def disable() -> None:
        market.stripe.v2.core.event_destinations.disable(destinations(market)["platform"].id)

    code, output = finish(market, file, market.app, meanwhile=disable)

    assert (code, "Run this without --finish first" in output) == (1, True)
    assert {name for name, one in status(market).items() if one == "disabled"} == {"thin platform"}


def test_a_dry_run_of_the_end_disables_nothing(moving: tuple[Marketplace, Path]) -> None:
    """It says what would be disabled, and by its exit code that there is work."""
    market, file = moving
    sync(market, file)

    code, output = finish(market, file, market.app, "--dry-run")

    assert (code, output.count("would be disabled")) == (3, 2)
    assert set(status(market).values()) == {"enabled"}


def test_the_thin_endpoint_beside_snapshots_goes_with_them(bare: Marketplace, tmp_path: Path) -> None:
    """The thin endpoints of all accounts tell of v2 accounts too, so each event comes once."""
    file = tmp_path / ".env"
    bare.control("POST", "/behaviour", {"accounts_v1": "refused"})
    bare.register()
    sync(bare, file)
    set_up(bare, "thin")
    sync(bare, file)

    code, _ = finish(bare, file, bare.app)

    assert code == 0
    assert {name for name, one in status(bare).items() if one == "enabled"} == {"thin platform", "thin connected"}


def test_the_move_back_goes_the_same_way(moving: tuple[Marketplace, Path]) -> None:
    """Snapshots are enabled again, and thin endpoints go last."""
    market, file = moving
    sync(market, file)
    finish(market, file, market.app)
    set_up(market, "snapshot")
    sync(market, file)
    assert set(status(market).values()) == {"enabled"}

    code, _ = finish(market, file, market.app)

    assert code == 0
    assert {name for name, one in status(market).items() if one == "disabled"} == {"thin platform", "thin connected"}


def test_there_may_be_nothing_to_finish(bare: Marketplace, tmp_path: Path) -> None:
    """It says so, and changes nothing."""
    file = tmp_path / ".env"
    sync(bare, file)

    code, output = run(bare, "webhooks", "sync", URL, "--env-file", str(file), "--finish")

    assert (code, "no endpoint of the other kind" in output) == (0, True)
    assert set(status(bare).values()) == {"enabled"}
