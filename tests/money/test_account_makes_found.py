"""Accounts of either make are found again: after a lost answer, a race, a closed account and a lost registry."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.account_requests import BOTH, LEAST, account_request
from backend.domain.namespace import UNNAMED
from backend.domain.requests import NewCoach
from tests.builders import Marketplace
from tests.money.makes import ask, choose, settings
from tests.money.workers import Meanwhile
from tests.routes.test_commands import run


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("shows", [True, False])
@pytest.mark.parametrize("lost", ["answer", "registration"])
def test_a_lost_answer_makes_no_second_account(market: Marketplace, lists: bool, shows: bool, lost: str) -> None:
    """Whatever v1 shows of v2 accounts: the same coach finds the first, even when v1 is allowed by then."""
    choose(market, accounts_v1="refused", v1_lists_v2_accounts=lists, v1_shows_v2_metadata=shows)
    path = "/v2/core/accounts" if lost == "answer" else "/v1/products"
    market.fault("POST", path, "after" if lost == "answer" else "before", {"status": 500}, times=9)
    assert ask(market).status_code >= 500
    market.sandbox.faults.clear()
    choose(market, accounts_v1="allowed")

    answer = ask(market)

    assert answer.status_code == 200, answer.json
    (made,) = market.stripe.v2.core.accounts.list({"limit": 100}).data
    assert answer.json["account"]["id"] == made.id


def test_an_account_that_v1_does_not_show_yet_is_no_reason_to_make_another(market: Marketplace) -> None:
    """The coach is asked to come again, and then has the account that was made the first time."""
    settings(market, "v2")
    choose(market, v1_lists_v2_accounts=False)
    market.fault("GET", "/v1/accounts/acct_.*", "before", {"status": 404}, times=20)
    assert ask(market).status_code == 503
    assert ask(market).status_code == 503
    market.sandbox.faults.clear()

    answer = ask(market)

    (made,) = market.stripe.v2.core.accounts.list({"limit": 100}).data
    assert (answer.status_code, answer.json["account"]["id"]) == (200, made.id)


def test_an_account_that_was_closed_before_it_was_registered_is_made_anew(market: Marketplace) -> None:
    """Stripe keeps the answer under its key for thirty days; that account can be paid no more."""
    settings(market, "v2")
    market.fault("POST", "/v1/products", "before", {"status": 500}, times=9)
    assert ask(market).status_code >= 500
    market.sandbox.faults.clear()
    (closed,) = market.stripe.v2.core.accounts.list({"limit": 100}).data
    market.stripe.v2.core.accounts.close(closed.id, {"applied_configurations": ["recipient"]})

    answer = ask(market)

    (made,) = market.stripe.v2.core.accounts.list({"limit": 100}).data
    assert (answer.status_code, answer.json["account"]["id"]) == (200, made.id)
    assert made.id != closed.id


def test_yesterdays_request_is_found_by_todays_backend(market: Marketplace) -> None:
    """An account that asked for both capabilities, made a moment before a deploy and never registered."""
    coach = NewCoach("coach-1", "Dana", "coach-1@example.com", "badminton")
    request = account_request(coach, "v1", BOTH, UNNAMED)
    earlier = market.stripe.v1.accounts.create(request.params, {"idempotency_key": f"{request.key_in(UNNAMED)}:g0"})  # type: ignore[arg-type]

    assert ask(market).json["account"]["id"] == earlier.id
    assert len(market.all("accounts")) == 1


@pytest.mark.parametrize("make", ["v1", "v2"])
def test_the_loser_of_a_race_closes_its_own_account(market: Marketplace, make: Any) -> None:
    """By the way it was made; the coach is answered with the winner's, and only one is open."""
    settings(market, make)
    winner = market.register("rival")
    market.stripe.v1.accounts.update(winner, {"email": "coach-1@example.com"})

    def register_first() -> None:
        market.stripe.v1.products.create(
            {
                "id": UNNAMED.registry_id("coach-1"),
                "name": "x",
                "active": False,
                "metadata": {**UNNAMED.mark, "account": winner, "coachId": "coach-1"},
            }
        )

    # After the look-up of the coach and the lists of accounts; for v2 the account is read once more in v1's shape.
    with market.line.watched(Meanwhile(5 if make == "v1" else 6, register_first)):
        answer = ask(market)

    assert (answer.status_code, answer.json["account"]["id"]) == (200, winner)
    assert [one.id for one in market.stripe.v2.core.accounts.list({"limit": 100}).data] == [winner]


@pytest.mark.parametrize("shows", [True, False])
def test_an_account_that_v1_shows_without_metadata_is_still_the_coachs(market: Marketplace, shows: bool) -> None:
    """It is read, linked and paid; a repeated registration answers with it."""
    choose(market, accounts_v1="refused", v1_shows_v2_metadata=shows)
    account_id = market.register()

    assert market.http.get(f"/api/connect/account/{account_id}").status_code == 200
    assert market.post(f"/api/connect/account/{account_id}/onboarding-link", {}).status_code == 200
    assert market.register() == account_id
    payment = market.paid()
    market.deliver()
    assert market.held(payment) == 0
    market.onboard(account_id)
    market.deliver()
    assert market.held(payment) == 4252


def test_a_closed_account_is_gone_by_either_make(market: Marketplace) -> None:
    """As a v1 account that was deleted: nothing is made in its place."""
    settings(market, "v2")
    account_id = market.register()
    market.stripe.v2.core.accounts.close(account_id, {"applied_configurations": ["recipient"]})

    assert ask(market).status_code == 409
    assert market.http.get(f"/api/connect/account/{account_id}").status_code == 404


def test_a_standard_account_of_somebody_is_no_coachs(market: Marketplace) -> None:
    """A coach's id alone, on an account without our mark and without an Express dashboard, opens nothing."""
    account_id = market.register()
    row: Any = market.sandbox.world.must(account_id)
    row.update(type="standard", metadata={"coachId": "coach-1"})
    row["controller"]["stripe_dashboard"] = {"type": "full"}

    assert market.http.get(f"/api/connect/account/{account_id}").status_code == 404


def test_v2_accounts_are_restored_to_a_lost_registry(market: Marketplace) -> None:
    """By the sweep, though v1 neither lists them nor shows whose they are."""
    choose(market, accounts_v1="refused", v1_lists_v2_accounts=False, v1_shows_v2_metadata=False)
    account_id = market.register()
    (entry,) = market.all("products")
    market.stripe.v1.products.delete(entry["id"])

    market.reconcile()

    assert account_id in {product["metadata"].get("account") for product in market.all("products")}


@pytest.mark.parametrize("shows", [True, False])
def test_a_coach_of_v1_may_be_bound_to_an_account_of_v2(market: Marketplace, shows: bool) -> None:
    """By an operator; from then on purchases are paid to it."""
    market.ready_coach()
    choose(market, v1_shows_v2_metadata=shows)
    coach = NewCoach("coach-1", "Dana", "coach-1@example.com", "badminton")
    request: Any = account_request(coach, "v2", LEAST, UNNAMED).params
    newer = market.stripe.v2.core.accounts.create(request).id
    market.onboard(newer)

    assert run(market, "coaches", "rebind", "coach-1", "--to", newer, "--why", "moved to v2")[0] == 0

    market.paid()
    market.deliver()
    assert [(one["destination"], one["amount"]) for one in market.all("transfers")] == [(newer, 4252)]
