"""``flask webhooks sync`` moves between the two kinds of event in two steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.server import create_app
from tests.builders import Marketplace
from tests.processes import served
from tests.routes.destinations import destinations, secrets, set_up
from tests.routes.synced import URL, sync
from tests.routes.test_commands import run


def status(market: Marketplace) -> dict[str, str]:
    """Return the status of each endpoint of either kind, by its payload and kind."""
    listed = market.stripe.v2.core.event_destinations.list({"limit": 100})
    return {f"{one.event_payload} {one.metadata['endpointKind']}": one.status for one in listed}


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
