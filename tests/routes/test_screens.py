"""The routes that the front ends' screens call: buying, onboarding, standing, earnings and the catalogue."""

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
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
ACCOUNT_KEYS = {"id", "type", "country", "email", "charges_enabled", "payouts_enabled", "details_submitted"}
STATUS_KEYS = set(
    "coachId stripeAccountId accountType country email chargesEnabled payoutsEnabled detailsSubmitted onboardingCompleted "
    "businessProfile createdAt updatedAt requirements".split()
)
_A_MINUTE = 61


def get(market: Marketplace, path: str) -> Any:
    """The answer to a GET, which has to be a 200."""
    answer = market.http.get(path)
    assert answer.status_code == 200, answer.json
    return answer.json


def earnings(market: Marketplace, coach_id: str = "coach-1", query: str = "") -> Any:
    """The coach's transfers, with their summary."""
    return get(market, f"/api/connect/coach/{coach_id}/transfers{query}")


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
        market.post(path, market.order(), Idempotency_Key="click-1")
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
    """Who tries stolen cards has no second thirty, and a player no second fifteen."""
    market.ready_coach()
    market.go_live()
    paths = [BUY, "/api/payments/create-intent"]

    def buy(number: int, **order: str) -> int:
        address = {"REMOTE_ADDR": f"203.0.113.{number if order else 1}"}
        body = market.order("coach-1", **order)
        return market.http.post(paths[number % 2], json=body, environ_overrides=address).status_code

    assert [buy(number) for number in range(31)] == [200] * 30 + [429]
    assert [buy(number, playerId="p-1") for number in range(2, 18)] == [200] * 15 + [429]


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
@pytest.mark.parametrize("coach_id", ["%00", "%1F", "%E2%80%AE", "%20", "x" * 501, "%ED%A0%80", "a%2Fb"])
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


# Earnings.


def test_a_coach_without_an_account_has_earned_nothing(market: Marketplace) -> None:
    """Empty lists and zeros."""
    answer = earnings(market)

    assert answer["transfers"] == []
    assert {
        answer["summary"][key] for key in ("totalEarnings", "pendingEarnings", "totalCustomers", "totalTransfers")
    } == {0}


def test_a_coach_sees_each_transfer_newest_first(market: Marketplace) -> None:
    """With what it is for, and who bought it."""
    market.ready_coach()
    payments = []
    for player in ("p-1", "p-2", "p-1"):
        payments.append(market.paid(playerId=player, playerName=player.upper()))
        market.deliver()
        market.clock.advance(60)

    answer = earnings(market)

    newest = answer["transfers"][0]
    assert [one["metadata"]["payment_intent_id"] for one in answer["transfers"]] == payments[::-1]
    assert newest["id"] == newest["transfer_id"]
    assert (newest["amount"], newest["currency"], newest["status"]) == (4252, "cad", "paid")
    assert (newest["metadata"]["player_id"], newest["metadata"]["playerName"]) == ("p-1", "P-1")
    assert newest["created_at"] == "2026-11-02T15:02:00.000Z"
    assert newest["description"] == "badminton package 1 with Dana"
    assert answer["summary"] == {
        "totalEarnings": 3 * 4252,
        "pendingEarnings": 0,
        "totalCustomers": 2,
        "totalTransfers": 3,
        "currency": "cad",
        "earningsByCurrency": {"cad": 3 * 4252},
        "partial": False,
    }


def test_the_limit_shortens_the_list_and_not_the_sums(market: Marketplace) -> None:
    """The totals are of everything."""
    market.ready_coach()
    for _ in range(3):
        market.paid()
    market.deliver()

    answer = earnings(market, query="?limit=1")

    assert len(answer["transfers"]) == 1
    assert (answer["summary"]["totalTransfers"], answer["summary"]["totalEarnings"]) == (3, 3 * 4252)


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "", "1.5", "\u0661"])
def test_a_limit_that_is_none_is_named(market: Marketplace, limit: str) -> None:
    """As everywhere."""
    answer = market.http.get("/api/connect/coach/coach-1/transfers", query_string={"limit": limit})

    assert (answer.status_code, answer.json["details"].split()[0].rstrip(":")) == (400, "limit")


def test_what_came_back_is_not_earned(market: Marketplace) -> None:
    """A partial refund, a full one, and a dispute."""
    market.ready_coach()
    partly, wholly, disputed, kept = (market.paid(playerId=f"p-{n}") for n in range(4))
    market.deliver()
    market.mature_funds()
    market.deliver()
    market.refund(partly, amount=1000)
    market.refund(wholly)
    market.dispute(disputed)
    market.deliver()

    answer = earnings(market)

    statuses = {one["metadata"]["payment_intent_id"]: one["status"] for one in answer["transfers"]}
    assert statuses == {partly: "partially_reversed", wholly: "reversed", disputed: "reversed", kept: "paid"}
    assert answer["summary"]["totalEarnings"] == market.held(partly) + 4252
    assert answer["summary"]["pendingEarnings"] == 0


def test_what_waits_is_pending_and_then_earned(market: Marketplace) -> None:
    """For a coach who is not onboarded yet; less what the player got back meanwhile. Search is a minute behind."""
    account = market.register()
    market.paid()
    refunded = market.paid(packageId=3)
    market.deliver()
    market.refund(refunded, amount=1000)
    market.deliver()
    market.clock.advance(_A_MINUTE)

    waiting = earnings(market)["summary"]
    market.onboard(account)
    market.deliver()
    paid = earnings(market)["summary"]

    share = 5075 - 508
    assert (waiting["pendingEarnings"], waiting["totalEarnings"]) == (4252 + share, 0)
    assert (paid["pendingEarnings"], paid["totalEarnings"]) == (0, 4252 + share)


def test_money_that_a_won_dispute_gave_back_waits_until_it_can_be_sent(market: Marketplace) -> None:
    """From the platform's balance, where it is short: as much as settle says."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    dispute = market.dispute(payment)
    market.deliver()
    assert market.control("POST", f"/disputes/{dispute}/win").status_code == 200
    market.deliver()
    note = str(market.note(payment))
    market.clock.advance(_A_MINUTE)

    summary = earnings(market)["summary"]

    assert note.startswith("held:platform_balance")
    assert (summary["pendingEarnings"], summary["totalEarnings"]) == (4252, 0)


@pytest.mark.parametrize("by", ["refund", "dispute"])
def test_what_a_coach_owes_is_not_pending(market: Marketplace, by: str) -> None:
    """A clawback that waits is the platform's."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(10 * 86_400)  # the coach's bank has the money
    market.deliver()
    market.refund(payment) if by == "refund" else market.dispute(payment)
    market.deliver()
    market.clock.advance(_A_MINUTE)

    summary = earnings(market)["summary"]

    assert str(market.note(payment)).startswith("held:clawback_pending")
    assert (summary["totalEarnings"], summary["pendingEarnings"]) == (4252, 0)


def test_a_transfer_by_hand_counts(market: Marketplace) -> None:
    """With the payment that it names: what was paid by hand does not wait any more."""
    account = market.register()
    payment = market.paid(playerId="p-1")
    market.deliver()
    market.onboard(account)
    market.paid_available()
    params: Any = {
        "amount": 4252,
        "currency": "cad",
        "destination": account,
        "description": "By hand",
        "metadata": {"paymentIntentId": payment},
    }
    market.stripe.v1.transfers.create(params)
    market.clock.advance(_A_MINUTE)

    answer = earnings(market)

    assert answer["summary"]["totalEarnings"] == 4252
    assert answer["summary"]["pendingEarnings"] == 0
    assert (answer["transfers"][0]["description"], answer["transfers"][0]["metadata"]["payment_intent_id"]) == (
        "By hand",
        payment,
    )


def test_another_currency_is_not_added_to_this_one(market: Marketplace) -> None:
    """It stands apart."""
    account = market.ready_coach()
    market.paid()
    market.deliver()
    usd = market.stripe.v1.payment_intents.create(
        {
            "amount": 9000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_bypassPending",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    params: Any = {"amount": 100, "currency": "usd", "destination": account, "source_transaction": usd.latest_charge}
    market.stripe.v1.transfers.create(params)

    summary = earnings(market)["summary"]

    assert (summary["totalEarnings"], summary["earningsByCurrency"]) == (4252, {"cad": 4252, "usd": 100})


def test_players_are_counted_once_and_placeholders_not_at_all(market: Marketplace) -> None:
    """By player id, else by the address that Stripe knows a customer by."""
    market.ready_coach()
    for given in (
        {"playerId": "p-1"},
        {"playerId": "p-1", "customerEmail": "pat@example.com"},
        {"playerId": "temp_user", "customerEmail": "lee@example.com"},
        {"customerEmail": "Lee@example.com"},
        {"playerId": "player_12345", "playerName": "Player", "customerEmail": "player@example.com"},
        {},
    ):
        market.paid(**given)
    market.deliver()

    assert earnings(market)["summary"]["totalCustomers"] == 2


def test_a_hundred_transfers_cost_three_calls_and_each_further_hundred_one(market: Marketplace) -> None:
    """And a second look within the minute one less."""
    account = market.ready_coach()
    _many(market, account, 100)
    for expected in (3, 2):
        market.forget_calls()
        market.app.extensions["payments"].registry._known.drop("coach-1") if expected == 3 else None
        assert earnings(market)["summary"]["totalTransfers"] == 100
        assert len(market.calls()) == expected, market.calls()

    _many(market, account, 101)
    market.forget_calls()
    assert earnings(market)["summary"]["totalTransfers"] == 201
    assert len(market.calls()) == 2 + 2


def test_past_ten_pages_the_summary_says_that_it_is_partial(market: Marketplace) -> None:
    """A thousand are looked at."""
    account = market.ready_coach()
    _many(market, account, 1_000)
    assert earnings(market)["summary"]["partial"] is False
    _many(market, account, 1)
    market.forget_calls()

    answer = earnings(market, query="?limit=1000")

    assert (answer["summary"]["partial"], answer["summary"]["totalTransfers"]) == (True, 1_000)
    assert len(answer["transfers"]) == 1_000
    assert sum(call == "GET /v1/transfers" for call in market.calls()) == 10


def test_with_search_down_the_earnings_are_shown_and_called_partial(market: Marketplace) -> None:
    """What waits cannot be told; what was sent can."""
    market.ready_coach()
    market.paid()
    market.deliver()
    market.fault("GET", "/v1/payment_intents/search", "before", {"status": 500}, 9)

    summary = earnings(market)["summary"]

    assert (summary["totalEarnings"], summary["partial"]) == (4252, True)


def test_money_on_an_account_that_was_replaced_is_still_the_coachs(market: Marketplace) -> None:
    """After a person bound the coach to another one."""
    first = market.ready_coach()
    market.paid()
    market.deliver()
    services = market.app.extensions["payments"]
    second = market.stripe.v1.accounts.create({"type": "express", "country": "CA", "email": "coach-1@example.com"}).id
    entry = services.registry.read("coach-1")
    services.registry.replace(entry, second, entry.email_hash, "closed the first")

    answer = earnings(market)

    assert first != second
    assert answer["summary"]["totalEarnings"] == 4252
    assert get(market, "/api/connect/coach/coach-1/status")["account"]["stripeAccountId"] == second


def _many(market: Marketplace, account: str, number: int) -> None:
    """So many small transfers to an account, from one large charge."""
    charge = market.stripe.v1.payment_intents.create(
        {
            "amount": 1_000_000,
            "currency": "cad",
            "confirm": True,
            "payment_method": "pm_card_bypassPending",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    ).latest_charge
    for _ in range(number):
        params: Any = {"amount": 1, "currency": "cad", "destination": account, "source_transaction": charge}
        market.stripe.v1.transfers.create(params)


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
