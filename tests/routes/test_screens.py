"""The routes that the front ends' screens call: buying, onboarding, standing and the catalogue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.conftest import NOW
from tests.unit.test_addresses import TRICKS

BUY = "/api/payments/create-destination-charge"
START = "/api/connect/start-onboarding"
COACH = {"coachId": "coach-1", "coachName": "Dana", "email": "coach-1@example.com", "sport": "golf"}
ACCOUNT_KEYS = {"id", "type", "country", "email", "charges_enabled", "payouts_enabled", "details_submitted"}
STATUS_KEYS = set(
    "coachId stripeAccountId accountType country email chargesEnabled payoutsEnabled detailsSubmitted onboardingCompleted "
    "businessProfile createdAt updatedAt requirements".split()
)


def get(market: Marketplace, path: str) -> Any:
    """The answer to a GET, which has to be a 200."""
    answer = market.http.get(path)
    assert answer.status_code == 200, answer.json
    return answer.json


# Buying.


def test_a_screen_buys_as_create_intent_sells(market: Marketplace) -> None:
    """Every key, and one purchase path: paid, it is settled like every other."""
    market.ready_coach()

    answer = market.post(BUY, market.order(playerId="p-1"))
    market.pay(answer.json["paymentIntent"])
    market.deliver()

    assert answer.status_code == 200
    assert answer.json["packageInfo"] == {"clips": 5, "days": 3, "price": 4725}
    assert answer.json["feeBreakdown"] == {"totalAmount": 4725, "platformFee": 473, "coachAmount": 4252}
    assert market.held(answer.json["paymentIntent"]["id"]) == 4252


def test_one_key_is_one_purchase_at_both_addresses(market: Marketplace) -> None:
    """A front end that is half moved from one to the other does not buy twice."""
    market.ready_coach()
    answers = [
        market.post(path, market.order(), Idempotency_Key="the-first-click-of-player-1")
        for path in (BUY, "/api/payments/create-intent", BUY)
    ]

    assert len({answer.json["paymentIntent"]["id"] for answer in answers}) == 1


def test_a_coach_without_an_account_is_not_sold_for(market: Marketplace) -> None:
    """In the words that the client looks for; nothing is left at Stripe."""
    answer = market.post(BUY, market.order("coach-9"))

    assert (answer.status_code, answer.json["error"]) == (400, "Coach not ready for payments")
    assert answer.json["message"].startswith("Coach not ready for payments")
    assert not market.all("payment_intents")


def test_a_coach_who_cannot_be_paid_yet_is_sold_for(market: Marketplace) -> None:
    """The money waits."""
    market.register()

    bought = market.post(BUY, market.order()).json["paymentIntent"]
    market.pay(bought)
    market.deliver()

    assert str(market.note(bought["id"])).startswith("held:coach_not_ready")


def test_two_addresses_are_one_limit(market: Marketplace) -> None:
    """The two addresses of a purchase share one limit, so nobody has a second thirty."""
    market.ready_coach()
    market.go_live()
    paths = [BUY, "/api/payments/create-intent"]

    def buy(number: int) -> int:
        return market.http.post(paths[number % 2], json=market.order("coach-1")).status_code

    assert [buy(number) for number in range(31)] == [200] * 30 + [429]


# Onboarding.


def test_a_screen_starts_onboarding(market: Marketplace) -> None:
    """With the link that the client fails without; again: the same account, a fresh link."""
    answers: list[Any] = [market.post(START, {**COACH, "sport": sport}).json for sport in ("GOLF", "Golf")]
    first, again = answers

    assert first["success"] is True
    assert isinstance(first["message"], str)
    assert set(first["account"]) >= ACCOUNT_KEYS
    assert set(first["onboardingLink"]) == {"url", "expires_at"}
    assert again["account"]["id"] == first["account"]["id"]
    assert again["onboardingLink"]["url"] != first["onboardingLink"]["url"]
    assert market.stripe.v1.accounts.retrieve(first["account"]["id"]).metadata["sport"] == "golf"


@pytest.mark.parametrize("path", [START, "/api/connect/create-account"])
@pytest.mark.parametrize("sport", ["chess", "golf!", "gol", "golf golf"])
def test_a_coach_of_a_sport_that_is_not_sold_is_named(market: Marketplace, path: str, sport: str) -> None:
    """Before anything is made, also for a coach who is registered."""
    market.register()
    made = len(market.all("accounts"))

    answer = market.post(path, {**COACH, "sport": sport})

    assert (answer.status_code, answer.json["error"]) == (400, "Validation error")
    assert answer.json["details"].startswith("sport")
    assert len(market.all("accounts")) == made


def test_both_link_routes_give_a_fresh_link(market: Marketplace) -> None:
    """The second with the account; the first needs no body."""
    account = market.register()

    by_account = market.http.post(f"/api/connect/account/{account}/onboarding-link")
    by_coach = get(market, "/api/connect/coach/coach-1/onboarding-link")

    assert by_account.status_code == 200
    assert set(by_account.json or {}) == {"success", "onboardingLink"}
    assert set(by_coach["onboardingLink"]) == {"url", "expires_at"}
    assert by_coach["account"] == {
        "id": account,
        "type": "express",
        "country": "CA",
        "email": "coach-1@example.com",
    }
    assert market.finish_onboarding(by_coach["onboardingLink"]["url"]) == "http://localhost:3001/coach/earnings"


def test_a_coach_comes_back_where_the_front_end_wants(market: Marketplace) -> None:
    """At an address of its own: the one that is named, or the default."""
    market.settings = replace(market.settings, allowed_origins=("https://app.example.com",))
    market.http = market.another_backend().test_client()
    account = market.register()
    path = f"/api/connect/account/{account}/onboarding-link"

    link = market.post(path, {"return_url": "https://app.example.com/done?x=1"}).json["onboardingLink"]

    assert market.finish_onboarding(link["url"]) == "https://app.example.com/done?x=1"


@pytest.mark.parametrize("field", ["return_url", "refresh_url"])
def test_a_coach_is_sent_nowhere_else(market: Marketplace, field: str) -> None:
    """No trick of the corpus gets a link, at either route; and Stripe is not asked."""
    market.settings = replace(
        market.settings, allowed_origins=("https://app.example.com",), app_url="https://api.example.com"
    )
    market.http = market.another_backend().test_client()
    account = market.register()
    market.forget_calls()

    for address in TRICKS:
        if address.strip() in ("", "null", "https://app.example.com/"):
            continue  # "not given", and what is right once the spaces around it are gone, as everywhere
        posted = market.post(f"/api/connect/account/{account}/onboarding-link", {field: address})
        asked = market.http.get("/api/connect/coach/coach-1/onboarding-link", query_string={field: address})
        assert (posted.status_code, asked.status_code) == (400, 400), ascii(address)
    assert market.calls() == []


@pytest.mark.parametrize("what", ["rejected", "deleted"])
def test_a_link_to_an_account_that_can_never_be_paid_is_not_given(market: Marketplace, what: str) -> None:
    """A button that bounces helps nobody: the answer says what does."""
    account = market.register()
    if what == "deleted":
        market.stripe.v1.accounts.delete(account)
    else:
        market.stripe.v1.accounts.reject(account, {"reason": "fraud_other"})

    answer = market.http.get("/api/connect/coach/coach-1/onboarding-link")

    assert (answer.status_code, answer.json["error"]) == (409, "Conflict")
    assert answer.json["message"].endswith("Please contact support.")


# Standing.


def test_the_status_of_a_coach_goes_from_nothing_to_ready(market: Marketplace) -> None:
    """404 with a null account is "not connected"; all three true is "ready"."""
    path = "/api/connect/coach/coach-1/status?email=coach-1%40example.com"
    nobody = market.http.get(path)
    account = market.register()
    begun = get(market, path)["account"]
    market.onboard(account)
    ready = get(market, path)["account"]

    assert (nobody.status_code, nobody.json["account"], nobody.json["error"]) == (404, None, "Not found")
    assert set(begun) == set(ready) == STATUS_KEYS
    flags = ("onboardingCompleted", "chargesEnabled", "payoutsEnabled", "detailsSubmitted")
    assert [begun[flag] for flag in flags] == [False] * 4
    assert [ready[flag] for flag in flags] == [True] * 4
    assert (ready["coachId"], ready["stripeAccountId"], ready["accountType"]) == ("coach-1", account, "express")
    assert ready["createdAt"] == "2026-11-02T15:00:00.000Z"
    assert ready["updatedAt"] is None
    assert begun["requirements"]["currentlyDue"]
    assert all(sentence.endswith(".") for sentence in begun["requirements"]["currentlyDue"])
    assert ready["requirements"] == {"currentlyDue": [], "disabledReason": None}


@pytest.mark.parametrize("query", ["", "?email=", "?email=undefined", "?email=null", "?email=eve%40example.com"])
def test_the_email_is_a_hint_and_opens_nothing(market: Marketplace, query: str) -> None:
    """Whatever it says, the coach id decides."""
    market.register()

    assert get(market, f"/api/connect/coach/coach-1/status{query}")["account"]["email"] == "coach-1@example.com"
    assert market.http.get(f"/api/connect/coach/coach-2/status{query}").status_code == 404


@pytest.mark.parametrize("part", ["status", "transfers", "onboarding-link"])
@pytest.mark.parametrize(
    "coach_id", ["%00", "%1F", "%E2%80%AE", "%20", "x" * 501, "%ED%A0%80", "a%2Fb", "coach%E2%80%8B-1"]
)
def test_a_coach_id_that_none_can_have_is_not_found(market: Marketplace, part: str, coach_id: str) -> None:
    """Without a call to Stripe."""
    market.forget_calls()

    assert market.http.get(f"/api/connect/coach/{coach_id}/{part}").status_code == 404
    assert market.calls() == []


def test_a_coach_id_in_a_path_is_the_one_in_a_body(market: Marketplace) -> None:
    """In whichever of its two Unicode forms it is sent."""
    market.register("Ren\u00e9 7", email="rene@example.com")

    for spelled in ("Ren%C3%A9%207", "Rene%CC%81%207"):
        assert get(market, f"/api/connect/coach/{spelled}/status")["account"]["coachId"] == "Ren\u00e9 7"


# The catalogue.


def test_the_catalogue_is_what_is_sold(market: Marketplace) -> None:
    """Every offer at its price; no front end has to know them; Stripe is not asked."""
    market.forget_calls()

    answer = get(market, "/api/payments/packages")

    assert market.calls() == []
    assert (answer["currency"], answer["platformFeePercentage"]) == ("cad", 10)
    assert answer["sports"] == ["badminton", "golf"]
    assert len(answer["packages"]) == 8
    for one in answer["packages"]:
        order = {key: one[key] for key in ("sport", "packageType", "packageId")}
        sold = market.post("/api/payments/create-intent", market.order(**order)).json
        assert sold["packageInfo"] == {key: one[key] for key in ("clips", "days", "price")}
        assert sold["paymentIntent"]["amount"] == one["price"]
    assert market.clock.now() == NOW


# Placeholders.


@pytest.mark.parametrize("placeholder", ["temp_user", "temp_user_session", "temp_player", "player_1700000000"])
def test_a_placeholder_is_not_written_anywhere(market: Marketplace, placeholder: str) -> None:
    """Neither into the payment, nor as a customer, nor as the address of a receipt."""
    order = market.order(
        playerId=placeholder, playerName="Player", customerName="Player", customerEmail="player@example.com"
    )
    intent = market.post("/api/payments/create-intent", order).json["paymentIntent"]

    stored = market.stripe.v1.payment_intents.retrieve(intent["id"])

    assert not {"playerId", "playerName"} & set(stored.metadata.to_dict())
    assert (stored.customer, stored.receipt_email) == (None, None)
    assert not market.all("customers")


def test_a_session_is_confirmed_with_the_whole_order(market: Marketplace) -> None:
    """As the guide's example does, and in any spelling of the sport."""
    market.ready_coach()
    order = market.order(playerId="p-1", playerName="Pat", customerEmail="pat@example.com", customerName="Pat")
    payment = market.post(BUY, order).json["paymentIntent"]
    market.pay(payment)
    body = {"paymentIntentId": payment["id"], "sessionData": {**order, "sport": "Badminton", "price": 4725}}

    answer = market.post("/api/payments/confirm", body)

    assert (answer.status_code, answer.json["session"]["sport"]) == (200, "badminton")
