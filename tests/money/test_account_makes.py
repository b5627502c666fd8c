"""Accounts of two makes: whichever way this platform has, a coach has one account, is onboarded, paid, and read alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend.domain.account_requests import BOTH, LEAST, AccountTerms, ConnectAccounts, account_request
from backend.domain.namespace import UNNAMED
from backend.domain.requests import NewCoach
from tests.builders import Marketplace
from tests.money.workers import Meanwhile
from tests.routes.test_commands import run

V1, V2 = "POST /v1/accounts", "POST /v2/core/accounts"


def choose(market: Marketplace, **choices: Any) -> None:
    """Stripe is to this platform as the switches say."""
    assert market.control("POST", "/behaviour", choices).status_code == 200


def settings(market: Marketplace, accounts: ConnectAccounts = "auto", capabilities: Any = None) -> None:
    """Go on with a backend that is set up so."""
    market.settings = replace(market.settings, account_terms=AccountTerms(accounts, capabilities))
    market.app = market.another_backend()
    market.http = market.app.test_client()


def ask(market: Marketplace, **changes: Any) -> Any:
    """The answer to create-account."""
    body = {"coachId": "coach-1", "coachName": "Dana", "email": "coach-1@example.com", "sport": "badminton"}
    return market.post("/api/connect/create-account", {**body, **changes})


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
