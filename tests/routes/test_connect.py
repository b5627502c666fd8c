"""Coaches register: one account per coach, and a link to complete it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders import Marketplace
from tests.routes.registering import BODY


def test_a_coach_gets_an_express_account_with_a_link_to_complete_it(market: Marketplace) -> None:
    """Every key of the contract."""
    answer = market.post("/api/connect/create-account", BODY)

    account = answer.json["account"]
    assert answer.status_code == 200
    assert answer.json["success"] is True
    assert isinstance(answer.json["message"], str)
    assert account["type"] == "express"
    assert account["country"] == "CA"
    assert account["email"] == "dana@example.com"
    assert (account["charges_enabled"], account["payouts_enabled"], account["details_submitted"]) == (
        False,
        False,
        False,
    )
    assert account["requirements"]["currently_due"]
    assert set(answer.json["onboardingLink"]) == {"url", "expires_at"}


def test_the_account_is_made_as_the_contract_says(market: Marketplace) -> None:
    """Capabilities requested, daily payouts, a profile named for the coach and sport, our metadata."""
    account_id = market.post("/api/connect/create-account", BODY).json["account"]["id"]

    account = market.stripe.v1.accounts.retrieve(account_id).to_dict()

    assert set(account["capabilities"]) == {"transfers"}
    assert account["settings"]["payouts"]["schedule"]["interval"] == "daily"
    assert "Dana" in account["business_profile"]["name"]
    assert "golf" in account["business_profile"]["name"]
    assert {"coachId", "coachName", "sport", "platform"} <= set(account["metadata"])


def test_asking_again_gives_the_same_account_and_a_new_link(market: Marketplace) -> None:
    """Links are single use; accounts are for ever."""
    first = market.post("/api/connect/create-account", BODY).json
    second = market.post("/api/connect/create-account", {**BODY, "sport": "badminton"}).json

    assert second["account"]["id"] == first["account"]["id"]
    assert second["onboardingLink"]["url"] != first["onboardingLink"]["url"]
    assert len(market.stripe.v1.accounts.list({}).data) == 1


def test_eight_requests_at_once_make_one_account(market: Marketplace) -> None:
    """However concurrently it is asked."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: market.fresh_post("/api/connect/create-account", body), [BODY] * 8))

    ids = {answer.json["account"]["id"] for answer in answers if answer.status_code == 200}
    assert len(ids) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(market.stripe.v1.accounts.list({}).data) == 1


def test_racing_for_a_coach_id_with_two_addresses_leaves_one_account(market: Marketplace) -> None:
    """The loser's account is deleted, and no link to it ever leaves."""
    with ThreadPoolExecutor(2) as pool:
        bodies = [BODY, {**BODY, "email": "eve@example.com"}]
        answers = list(pool.map(lambda b: market.fresh_post("/api/connect/create-account", b), bodies))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(market.stripe.v1.accounts.list({}).data) == 1


def test_a_coach_id_with_another_email_is_a_conflict(market: Marketplace) -> None:
    """A coach id cannot be taken over."""
    market.post("/api/connect/create-account", BODY)

    answer = market.post("/api/connect/create-account", {**BODY, "email": "eve@example.com"})

    assert answer.status_code == 409
    assert answer.json["error"] == "Conflict"


def _create(market: Marketplace, **changes: str) -> TestResponse:
    return market.post("/api/connect/create-account", {**BODY, **changes})


def _only_account(market: Marketplace) -> dict[str, Any]:
    (account,) = market.all("accounts")
    return account


@pytest.mark.parametrize(
    ("first", "again", "field"),
    [
        ({}, {"country": "US"}, "country"),
        ({"country": "US"}, {"country": "CA"}, "country"),
        ({}, {"businessType": "company"}, "businessType"),
        ({"businessType": "company"}, {"businessType": "individual"}, "businessType"),
        ({}, {"email": "eve@example.com"}, "email"),
        ({"country": "US"}, {"country": "US", "businessType": "company"}, "businessType"),
    ],
)
def test_asking_again_for_something_else_names_the_field_that_differs(
    market: Marketplace, first: dict[str, str], again: dict[str, str], field: str
) -> None:
    """The account stays as it is, and no 200 says otherwise."""
    _create(market, **first)
    before = _only_account(market)

    answer = _create(market, **again)

    assert (answer.status_code, answer.json["error"]) == (409, "Conflict")
    assert answer.json["details"].startswith(f"{field}: ")
    assert _only_account(market) == before


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"country": "US"},
        {"businessType": "company"},
        {"country": "US", "businessType": "company"},
        {"email": "DANA@example.com"},
        {"coachName": "Dana D.", "sport": "badminton"},
    ],
)
def test_what_is_left_out_or_the_same_or_only_words_differs_from_nothing(
    market: Marketplace, again: dict[str, str]
) -> None:
    """The name and the sport only fill the profile, which the coach may change at any time."""
    first = _create(market, country="US", businessType="company").json["account"]

    answer = _create(market, **again)

    assert (answer.status_code, answer.json["account"]["id"]) == (200, first["id"])
    assert answer.json["account"]["country"] == "US"


def test_what_stripe_does_not_know_yet_contradicts_nothing(market: Marketplace) -> None:
    """Of an account that another backend made without a type of business; its country is known, and compared."""
    made: Any = {"type": "express", "country": "FR", "email": BODY["email"], "metadata": {"coachId": BODY["coachId"]}}
    account = market.stripe.v1.accounts.create(made).id

    assert _create(market, businessType="company").json["account"]["id"] == account
    assert _create(market, country="CA").json["details"].startswith("country: ")


def test_two_countries_at_once_leave_one_account_and_one_conflict(market: Marketplace) -> None:
    """Whoever loses is told so, instead of getting the other's country."""
    with ThreadPoolExecutor(2) as pool:
        bodies = [BODY, {**BODY, "country": "US"}]
        answers = list(pool.map(lambda b: market.fresh_post("/api/connect/create-account", b), bodies))

    won = [body.get("country", "CA") for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) in ([200, 200], [200, 409])
    assert _only_account(market)["country"] == won[-1]


@pytest.mark.parametrize("onboarded", [False, True])
def test_a_deleted_account_is_a_conflict_that_says_what_to_do(market: Marketplace, onboarded: bool) -> None:
    """Neither a 404 nor, ever, a second account by itself; no id of Stripe's is told."""
    account = market.ready_coach() if onboarded else market.register()
    market.stripe.v1.accounts.delete(account)

    answer = _create(market, email="coach-1@example.com")

    assert (answer.status_code, answer.json["error"]) == (409, "Conflict")
    assert "closed" in answer.json["message"]
    assert "contact support" in answer.json["message"]
    assert "acct_" not in answer.get_data(as_text=True)
    assert market.all("accounts") == []


@pytest.mark.parametrize("reason", ["rejected.fraud", "rejected.listed", "rejected.platform_fraud", "rejected.other"])
def test_a_rejected_account_is_not_called_ready(market: Marketplace, reason: str) -> None:
    """Whoever rejected it, and why: there is nothing to onboard, and no link."""
    account = market.ready_coach()
    market.control("POST", f"/accounts/{account}/disable", {"reason": reason})

    answer = _create(market, email="coach-1@example.com")

    assert (answer.status_code, answer.json["error"]) == (409, "Conflict")
    assert "rejected" in answer.json["message"]
    assert "onboardingLink" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("reason", ["requirements.past_due", "under_review", "listed", "platform_paused"])
def test_an_account_that_is_only_stopped_gets_a_link_and_is_not_called_ready(market: Marketplace, reason: str) -> None:
    """The coach sees there what Stripe needs."""
    account = market.ready_coach()
    market.control("POST", f"/accounts/{account}/disable", {"reason": reason})

    answer = _create(market, email="coach-1@example.com")

    assert (answer.status_code, answer.json["account"]["id"]) == (200, account)
    assert "ready" not in answer.json["message"]
    assert answer.json["onboardingLink"]["url"]


def test_a_finished_coach_is_told_that_nothing_is_missing(market: Marketplace) -> None:
    """Before and after onboarding the sentence is another one."""
    new = _create(market).json
    market.onboard(new["account"]["id"])

    assert new["message"] == "The coach's account is ready for onboarding."
    assert _create(market).json["message"] == "The coach's account is set up."


def test_registering_costs_eight_calls_and_asking_again_three(market: Marketplace) -> None:
    """New: entry, marker, accounts of both makes, account, replaced entry, entry, link. Again: entry, account, link."""
    _create(market)
    first = market.calls()
    market.forget_calls()
    _create(market)

    assert (len(first), len(market.calls())) == (8, 3)


def test_a_day_later_it_is_still_the_same_account(market: Marketplace) -> None:
    """Stripe forgets keys after 24 hours; the registry does not."""
    first = market.register()
    market.clock.advance(3 * 86_400)

    assert market.register() == first
