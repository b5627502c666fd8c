"""Platforms with more accounts than a coach who registers can wait for: no coach ever has a second account."""

from __future__ import annotations

from typing import Any

import pytest

from backend.services.reads import metadata_of
from tests.builders import Marketplace
from tests.money.makes import ask, choose, settings
from tests.routes.test_commands import run

DAY = 86_400


def _strangers(market: Marketplace, many: int) -> None:
    """Accounts of v2 that are no coach's; the last is a second newer than the rest."""
    body: Any = {"contact_email": "someone@example.com", "dashboard": "express"}
    body["identity"] = {"country": "US", "entity_type": "individual"}
    body["defaults"] = {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}}
    body["configuration"] = {
        "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
    }
    for number in range(many):
        market.sandbox.clock.advance(number == many - 1)
        market.stripe.v2.core.accounts.create(body)


def _made(market: Marketplace) -> list[str]:
    """The ids of the accounts that say that they are the coach's."""
    listed = market.stripe.v2.core.accounts.list({"limit": 100}).auto_paging_iter()
    return [one.id for one in listed if metadata_of(one).get("coachId") == "coach-1"]


@pytest.fixture
def crowd(market: Marketplace) -> Marketplace:
    """A coach's account that was never registered, and a thousand newer ones, none of which v1 lists."""
    settings(market, "v2")
    choose(market, v1_lists_v2_accounts=False)
    market.fault("POST", "/v1/products", "before", {"status": 500}, times=9)
    assert ask(market).status_code >= 500
    market.sandbox.faults.clear()
    _strangers(market, 1_000)
    return market


def test_a_coach_behind_a_thousand_accounts_gets_no_second_one(crowd: Marketplace) -> None:
    """Another sport is another request, which Stripe would carry out: the coach is asked to come again."""
    assert ask(crowd, sport="golf").status_code == 503

    assert len(_made(crowd)) == 1


def test_coaches_of_a_crowd_register_once_it_is_adopted(crowd: Marketplace) -> None:
    """By the command that the log names: the first has the account that was made, a new one an own."""
    crowd.sandbox.clock.advance(DAY)
    assert run(crowd, "coaches", "adopt")[0] == 0
    crowd.sandbox.clock.advance(DAY)

    answer, newcomer = ask(crowd, sport="golf"), ask(crowd, coachId="coach-2", email="coach-2@example.com")

    assert answer.status_code == 200
    assert [answer.json["account"]["id"]] == _made(crowd)
    assert newcomer.status_code == 200
    assert newcomer.json["account"]["id"] != answer.json["account"]["id"]


def test_the_look_for_a_newcomer_ends_where_the_accounts_were_adopted(market: Marketplace) -> None:
    """One page of the v2 list, however many accounts there are."""
    settings(market, "v2")
    choose(market, v1_lists_v2_accounts=False)
    _strangers(market, 250)
    market.sandbox.clock.advance(DAY)
    assert run(market, "coaches", "adopt")[0] == 0
    market.sandbox.clock.advance(DAY)
    _strangers(market, 1)
    before = len(market.calls())

    assert ask(market).status_code == 200

    assert market.calls()[before:].count("GET /v2/core/accounts") == 1
