"""A coach's earnings: what was sent, what is still held, what waits; and what that costs in calls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Marketplace
from tests.routes.test_screens import get

_A_MINUTE = 61


def earnings(market: Marketplace, coach_id: str = "coach-1", query: str = "") -> Any:
    """The coach's transfers, with their summary."""
    return get(market, f"/api/connect/coach/{coach_id}/transfers{query}")


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
    """The totals are called partial: what was sent is told, what waits cannot be."""
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
