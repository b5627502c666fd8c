"""Accounts of either make: the first coach of any platform is registered and paid, and the wire is the same."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.account_requests import BOTH, LEAST, ConnectAccounts
from tests.builders import Marketplace
from tests.money.makes import ask, choose, settings

V1, V2 = "POST /v1/accounts", "POST /v2/core/accounts"


def asked(market: Marketplace) -> list[str]:
    """The requests to make an account, in their order."""
    return [call for call in market.calls() if call in (V1, V2)]


def applied(market: Marketplace, account_id: str) -> set[str]:
    """The capabilities that were asked for."""
    return set(market.stripe.v1.accounts.retrieve(account_id).capabilities.to_dict())


@pytest.mark.parametrize(
    ("platform", "calls", "kind", "capabilities"),
    [
        ({}, [V1], "express", LEAST),
        ({"transfers_alone": "refused"}, [V1, V1], "express", BOTH),
        ({"transfers_alone": "refused_in_some_countries"}, [V1, V1], "express", BOTH),
        ({"accounts_v1": "refused"}, [V1, V2], "none", LEAST),
        ({"accounts_v1": "refused", "transfers_alone": "refused"}, [V1, V2, V2], "none", BOTH),
        (
            {"accounts_v1": "refused", "transfers_alone": "refused_in_some_countries"},
            [V1, V2, V2],
            "none",
            BOTH,
        ),
    ],
    ids=["v1", "v1 both", "v1 both by country", "v2", "v2 both", "v2 both by country"],
)
def test_the_first_coach_of_any_platform_is_registered_and_paid(
    market: Marketplace, platform: Any, calls: list[str], kind: str, capabilities: Any
) -> None:
    """With the least that this platform may ask for, and no operator in between."""
    choose(market, **platform)
    market.forget_calls()

    account_id = market.register()

    made = market.stripe.v1.accounts.retrieve(account_id)
    assert (asked(market), made.type, set(made.capabilities.to_dict())) == (calls, kind, capabilities)
    market.onboard(account_id)
    payment = market.paid()
    market.deliver()
    assert market.held(payment) == 4252


def test_a_switch_that_the_operator_turned_is_seen_at_once(market: Marketplace) -> None:
    """The refusal stays under its key for a day; the next generation of the key goes past it."""
    settings(market, "v1")
    choose(market, accounts_v1="refused")
    assert ask(market).status_code == 502
    choose(market, accounts_v1="allowed")

    answer = ask(market)

    assert (answer.status_code, len(market.all("accounts"))) == (200, 1)


@pytest.mark.parametrize(
    ("accounts", "platform"),
    [
        ("v1", {"accounts_v1": "refused"}),
        ("auto", {"accounts_v1": "refused", "accounts_v2": "refused"}),
        ("v2", {"accounts_v2": "refused"}),
        ("auto", {"platform_profile": "not_signed_up"}),
        ("auto", {"platform_profile": "liability_unacknowledged"}),
        ("v2", {"platform_profile": "liability_unacknowledged"}),
    ],
)
def test_a_platform_that_may_not_make_accounts_is_the_operators_matter(
    market: Marketplace, accounts: ConnectAccounts, platform: Any
) -> None:
    """A coach is not told to send something else; nothing is made, and the coach may come again."""
    settings(market, accounts)
    choose(market, **platform)

    answer = ask(market)

    assert (answer.status_code, answer.json["error"]) == (502, "Payment provider error")
    assert (market.all("accounts"), market.all("products")) == ([], [])
    choose(market, accounts_v1="allowed", accounts_v2="allowed", platform_profile="complete")
    assert ask(market).status_code == 200


@pytest.mark.parametrize("accounts", ["v1", "v2", "auto"])
def test_a_country_that_stripe_refuses_is_the_coachs_matter(market: Marketplace, accounts: ConnectAccounts) -> None:
    """By either make, and with both sets tried at most."""
    settings(market, accounts)

    answer = ask(market, country="ZZ")

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")


@pytest.mark.parametrize(("accounts", "call"), [("v1", V1), ("v2", V2)])
def test_an_operator_chooses_the_make(market: Marketplace, accounts: ConnectAccounts, call: str) -> None:
    """And no other is tried."""
    settings(market, accounts)
    market.forget_calls()

    market.register()

    assert asked(market) == [call]


@pytest.mark.parametrize("capabilities", [LEAST, BOTH])
def test_an_operator_chooses_the_capabilities(market: Marketplace, capabilities: frozenset[str]) -> None:
    """They are asked for as they are, and never widened: where Stripe needs more, it is the operator's to mend."""
    settings(market, "auto", capabilities)

    assert applied(market, market.register()) == capabilities
    choose(market, transfers_alone="refused")
    assert ask(market, coachId="coach-2").status_code == (502 if capabilities == LEAST else 200)


def test_the_wire_is_the_same_for_either_make(market: Marketplace) -> None:
    """Every field of every answer about an account, but for ids, addresses and the coach's own words."""
    answers = []
    for make in ("v1", "v2"):
        settings(market, make)
        account_id = market.register(f"coach-{make}")
        answers.append(_all_answers(market, account_id, f"coach-{make}"))

    assert answers[0] == answers[1]


def _all_answers(market: Marketplace, account_id: str, coach_id: str) -> list[Any]:
    said = [_read(market, account_id, coach_id)]
    market.onboard(account_id)
    said.append(_read(market, account_id, coach_id))
    payment = market.paid(coach_id)
    market.deliver()
    said.append(market.held(payment))
    for path in ("balance", "payouts"):
        said.append(market.http.get(f"/api/connect/account/{account_id}/{path}").json)
    login = market.post(f"/api/connect/account/{account_id}/login-link", {})
    link = market.post(f"/api/connect/account/{account_id}/onboarding-link", {})
    said += [(login.status_code, set(login.json["loginLink"])), (link.status_code, set(link.json["onboardingLink"]))]
    assert isinstance(link.json["onboardingLink"]["expires_at"], int)
    return said


def _read(market: Marketplace, account_id: str, coach_id: str) -> Any:
    bodies = [
        market.http.get(f"/api/connect/account/{account_id}").json["account"],
        market.http.get(f"/api/connect/coach/{coach_id}/status").json["account"],
    ]
    own = {"id", "coachId", "stripeAccountId", "email", "created", "createdAt"}
    return [{name: value for name, value in body.items() if name not in own} for body in bodies]


@pytest.mark.parametrize("make", ["v1", "v2"])
def test_a_prefilled_profile_reaches_the_account(market: Marketplace, make: Any) -> None:
    """By v1's update, which both makes take."""
    settings(market, make)
    account_id = market.register()

    answer = market.http.put(
        f"/api/connect/account/{account_id}", json={"business_profile": {"url": "https://dana.example.org"}}
    )

    assert answer.status_code == 200
    assert market.stripe.v1.accounts.retrieve(account_id).business_profile.url == "https://dana.example.org"
