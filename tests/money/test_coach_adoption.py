"""``flask coaches adopt``: old accounts are registered once, and then only newer ones are looked at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.bindings import DAY, account_of, accounts, adopt, ask, bound, rebind
from tests.routes.test_commands import run


def test_adopting_registers_everybody_and_then_only_newer_accounts_are_looked_at(market: Marketplace) -> None:
    """Two runs, the second without a write; an account that Node makes afterwards is found by create-account."""
    old = {coach: account_of(market, coach, ready=True) for coach in ("a", "b", "c")}
    here = market.register("d")
    market.clock.advance(DAY)

    code, output = adopt(market)
    market.forget_calls()
    again, _ = adopt(market)
    writes = [call for call in market.calls() if not call.startswith("GET")]
    late = account_of(market, "e")
    market.forget_calls()
    found = ask(market, "e").json["account"]["id"]
    (looked,) = [call for call in market.sandbox.requests if (call.method, call.path) == ("GET", "/v1/accounts")]

    assert (code, again, writes) == (0, 0, [])
    assert "Coaches with an account: 4; 3 registered now." in output
    assert {coach: bound(market, coach) for coach in old} == old
    assert (bound(market, "d"), found) == (here, late)
    assert "created" in str(looked.params)


def test_adopting_dryly_writes_nothing_and_says_that_there_is_work(market: Marketplace) -> None:
    """Exit code 3; 0 once it is done."""
    account_of(market, ready=True)
    market.forget_calls()

    code, output = adopt(market, "--dry-run")

    assert (code, {call.split()[0] for call in market.calls()}) == (3, {"GET"})
    assert "coach coach-1: would be registered" in output
    adopt(market)
    assert adopt(market, "--dry-run")[0] == 0


def test_while_a_person_has_to_choose_the_accounts_are_not_called_adopted(market: Marketplace) -> None:
    """Exit code 1, both accounts by name, the others registered; a newer look would miss the old ones."""
    first, second = account_of(market, ready=True), account_of(market, ready=True)
    other = account_of(market, "coach-2")
    market.clock.advance(DAY)

    code, output = adopt(market, "--json")
    still = ask(market)
    rebind(market, second)
    done, _ = adopt(market)

    report = json.loads(output)
    assert (code, done, still.status_code) == (1, 0, 409)
    assert set(report["contested"]["coach-1"]) == {first, second}
    assert (report["registered"], bound(market, "coach-2")) == (["coach-2"], other)
    assert (len(accounts(market)), bound(market)) == (3, second)


@pytest.mark.parametrize("effect", ["server_error", "rate_limit", {"status": 403}])
def test_one_coach_who_cannot_be_registered_keeps_nobody_else(market: Marketplace, effect: Any) -> None:
    """Exit code 1, and the next run does the rest."""
    for coach in ("a", "b", "c"):
        account_of(market, coach)
    market.fault("POST", "/v1/products", "before", effect)

    code, output = adopt(market, "--json")
    registered = [coach for coach in ("a", "b", "c") if bound(market, coach)]
    again, _ = adopt(market)

    assert (code, len(registered), again) == (1, 2, 0)
    assert json.loads(output)["complete"] is False
    assert all(bound(market, coach) for coach in ("a", "b", "c"))


@pytest.mark.parametrize("damage", [{"adoptedAt": "soon"}, {"adoptedAt": ""}, {"adoptedAt": "-1"}])
def test_a_damaged_marker_widens_the_look(market: Marketplace, damage: dict[str, str]) -> None:
    """It never hides an account."""
    adopt(market)
    mine = account_of(market)
    market.clock.advance(30 * DAY)
    account_of(market, "coach-2")
    market.stripe.v1.products.update("coaches_adopted", {"metadata": damage})

    assert ask(market).json["account"]["id"] == mine


def test_the_sweep_moves_the_marker_and_never_makes_one(market: Marketplace) -> None:
    """So that a platform which grows stays within the ten pages."""

    def marker() -> int:
        known = [one for one in market.all("products") if one["id"] == "coaches_adopted"]
        return int(known[0]["metadata"]["adoptedAt"]) if known else 0

    market.register()
    run(market, "reconcile", "--rate", "1000")
    unmade = marker()
    adopt(market)
    first = marker()
    market.clock.advance(DAY)
    market.register("coach-2")
    run(market, "reconcile", "--rate", "1000")

    assert (unmade, marker() - first) == (0, DAY)


def test_the_marker_stays_while_a_person_has_to_choose(market: Marketplace) -> None:
    """Or the accounts to choose from would be looked past, and a third one made."""
    adopt(market)
    market.clock.advance(DAY)
    two = {account_of(market, ready=True) for _ in range(2)}
    market.clock.advance(3 * DAY)

    run(market, "reconcile", "--rate", "1000")
    market.clock.advance(DAY)

    assert (ask(market).status_code, accounts(market)) == (409, two)
