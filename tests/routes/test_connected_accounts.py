"""A connected account: what it reads back, its profile, its balance and its payouts."""

from __future__ import annotations

from tests.builders import Marketplace
from tests.routes.registering import BODY


def test_an_account_reads_back_with_what_stripe_still_asks_for(market: Marketplace) -> None:
    """Profile and time of creation included."""
    account_id = market.register()

    account = market.http.get(f"/api/connect/account/{account_id}").json["account"]

    assert set(account) == {
        "id",
        "type",
        "country",
        "email",
        "charges_enabled",
        "payouts_enabled",
        "details_submitted",
        "requirements",
        "business_profile",
        "created",
    }


def test_finishing_onboarding_makes_the_coach_ready(market: Marketplace) -> None:
    """As a browser would."""
    link = market.post("/api/connect/create-account", BODY).json
    market.finish_onboarding(link["onboardingLink"]["url"])

    account = market.http.get(f"/api/connect/account/{link['account']['id']}").json["account"]

    assert (account["charges_enabled"], account["details_submitted"]) == (True, True)
    assert account["requirements"] == {"currently_due": [], "disabled_reason": None}


def test_the_link_returns_to_our_own_address_whatever_the_host_header_says(market: Marketplace) -> None:
    """Links are built from APP_URL alone."""
    answer = market.http.post("/api/connect/create-account", json=BODY, headers={"Host": "evil.example"})

    created = [r for r in market.sandbox.requests if r.path == "/v1/account_links"]
    assert answer.status_code == 200
    assert created[-1].params["return_url"].startswith(market.settings.app_url)


def test_strangers_and_the_platform_itself_are_not_found(market: Marketplace) -> None:
    """A made-up account, the platform's own, and a connected one that is no coach's."""
    own = market.stripe.v1.accounts.retrieve_current().id
    no_coach = market.stripe.v1.accounts.create({"type": "express", "country": "CA"}).id

    for account_id in (own, no_coach, "acct_0000000000000000"):
        for path in ("", "/balance", "/payouts"):
            answer = market.http.get(f"/api/connect/account/{account_id}{path}")
            assert answer.status_code == 404, (account_id, path)
        assert market.post(f"/api/connect/account/{account_id}/login-link", {}).status_code == 404


def test_a_coachs_public_profile_can_be_changed(market: Marketplace) -> None:
    """Only what is named is changed."""
    account_id = market.register()
    changes = {"business_profile": {"name": "Dana's courts"}}

    answer = market.http.put(f"/api/connect/account/{account_id}", json=changes)

    assert answer.status_code == 200
    assert answer.json["account"]["business_profile"]["name"] == "Dana's courts"


def test_what_stripe_no_longer_lets_us_change_is_a_conflict(market: Marketplace) -> None:
    """Identity is the coach's own from the first onboarding link on."""
    account_id = market.register()

    answer = market.http.put(f"/api/connect/account/{account_id}", json={"individual": {"first_name": "Eve"}})

    assert answer.status_code == 409


def test_a_login_link_needs_completed_onboarding(market: Marketplace) -> None:
    """409 before, a link after; Stripe gives it no time of expiry."""
    account_id = market.register()
    before = market.http.post(f"/api/connect/account/{account_id}/login-link")
    market.onboard(account_id)

    after = market.http.post(f"/api/connect/account/{account_id}/login-link")

    assert before.status_code == 409
    assert after.status_code == 200
    assert after.json["loginLink"]["url"].startswith("http")
    assert after.json["loginLink"]["expires_at"] is None


def test_a_balance_has_all_three_lists(market: Marketplace) -> None:
    """Empty lists included: Stripe leaves some out, the front end reads them all."""
    account_id = market.ready_coach()
    payment = market.paid()
    market.deliver()

    balance = market.http.get(f"/api/connect/account/{account_id}/balance").json["balance"]

    assert set(balance) == {"available", "pending", "instant_available"}
    amounts = [entry["amount"] for entry in balance["available"] + balance["pending"]]
    assert sum(amounts) == market.held(payment) == 4252


def test_payouts_are_paged(market: Marketplace) -> None:
    """Newest first, with a cursor."""
    account_id = market.ready_coach()
    for _ in range(3):
        market.paid()
        market.deliver()
        market.clock.advance(7 * 86_400)
        market.deliver()

    path = f"/api/connect/account/{account_id}/payouts"
    first = market.http.get(f"{path}?limit=2").json
    rest = market.http.get(f"{path}?limit=2&starting_after={first['payouts'][-1]['id']}").json

    assert len(first["payouts"]) == 2
    assert first["has_more"] is True
    assert len(rest["payouts"]) >= 1
    assert not {p["id"] for p in first["payouts"]} & {p["id"] for p in rest["payouts"]}
    assert set(first["payouts"][0]) == {
        "id",
        "amount",
        "currency",
        "status",
        "arrival_date",
        "created",
        "description",
    }
