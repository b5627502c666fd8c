"""The scenarios that are compared with Stripe hold on the sandbox, and a difference is told."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.drift.__main__ import OURS, differences, lines, main
from tests.drift.play import Scenario, on_sandbox, play
from tests.drift.scenarios import SCENARIOS


def test_there_are_a_hundred_scenarios_with_a_name_each() -> None:
    """And each says where it is known from."""
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= 100
    assert all(scenario.fact for scenario in SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_sandbox_shows_what_is_on_record(scenario: Scenario) -> None:
    """Status, codes and fields."""
    assert play(scenario, on_sandbox(), OURS, "run") == scenario.shows


def test_a_stripe_that_differs_is_told() -> None:
    """Another answer to an open question settles it; everything else on record stays untold."""
    elsewhere = on_sandbox(publishable_key_status=401, charge_follows_metadata=True)
    told = {scenario.name: list(lines(scenario, shown)) for scenario, shown in differences(elsewhere, OURS)}

    assert told["a publishable key may not read the balance"] == [
        "settled: a publishable key may not read the balance (1.9; the status is open)",
        "    status: 401, on record 403",
    ]
    assert told["later metadata stays with the intent"][1] == "    metadata.a: 'b', on record None"
    assert not [line for found in told.values() for line in found if line.startswith("differs")]


def test_what_is_on_record_and_not_so_is_a_difference() -> None:
    """It fails the command."""
    scenario = SCENARIOS[0]._replace(shows={"status": 201})
    shown = play(scenario, on_sandbox(), OURS, "run")

    assert next(iter(lines(scenario, shown or {}))).startswith("differs: ")


def test_a_scenario_whose_key_is_missing_is_left_out() -> None:
    """A scenario of a browser needs a publishable key."""
    without = {name: key for name, key in OURS.items() if name != "publishable"}
    told = {scenario.name for scenario, _ in differences(on_sandbox(), without)}

    assert "a publishable key may not read the balance" not in told


def test_without_a_key_it_says_that_stripe_was_not_asked() -> None:
    """And how much is still open."""
    done = CliRunner().invoke(main, [])

    assert (done.exit_code, "Stripe was not asked" in done.output) == (0, True)


@pytest.mark.parametrize("key", ["sk_live_x", "pk_live_x", "rk_live_x"])
def test_a_live_key_is_refused(key: str) -> None:
    """Before anything is asked of anybody."""
    assert CliRunner().invoke(main, ["--key", key]).exit_code == 2
