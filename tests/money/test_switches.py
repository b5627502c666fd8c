"""The money is right whichever way Stripe is, where no source settles it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.sandbox.state.switches import SWITCHES
from tests.builders import Marketplace
from tests.money.oracle import books_of, check_always, check_at_rest

# Where the platform may make no account at all there is no coach to pay: tests/money/test_account_makes.py. And how many calls
# a second Stripe takes is no question about money: with a frozen clock every call is of one second.
ASKED = [one for one in SWITCHES if one.name not in ("platform_profile", "accounts_v2", "rate_limits")]
CHOICES = [(one.name, choice) for one in ASKED for choice in one.choices]
DAY = 86_400
# Settling reads what the charge counts, and so hears of a refund that waits uncounted when it is carried out.
TOGETHER = [one for one in ASKED if one.name != "pending_refund_counts"]


@pytest.fixture(params=[*CHOICES, "all of the other choices"], ids=str)
def odd_market(request: pytest.FixtureRequest, market: Marketplace) -> Marketplace:
    """A marketplace at a Stripe that is as somebody else may read it."""
    last = {one.name: one.choices[-1] for one in TOGETHER}
    chosen = last if isinstance(request.param, str) else dict([request.param])
    assert market.control("POST", "/behaviour", chosen).status_code == 200
    return market


def _rest(market: Marketplace) -> None:
    market.deliver()
    check_always(market)
    market.mature_funds()
    market.deliver()
    market.reconcile()
    check_always(market)
    check_at_rest(market)


def test_a_payment_ends_where_it_should(odd_market: Marketplace) -> None:
    """Declined, challenged in vain, paid, refunded in part, disputed, won back, refunded in full."""
    market = odd_market
    market.ready_coach()
    intent = market.buy()
    market.decline(intent)
    assert market.refund(intent["id"]).status_code == 409
    market.pay(intent, "pm_card_authenticationRequired")
    path = f"/payment_intents/{intent['id']}/authenticate"
    assert market.control("POST", path, {"passed": False}).status_code == 200
    market.deliver()
    assert books_of(market) == []

    market.pay(intent)
    market.deliver()
    assert market.held(intent["id"]) == 4252
    assert market.refund(intent["id"], amount=1_000).status_code == 200
    _rest(market)
    assert market.held(intent["id"]) == 3352

    dispute = market.dispute(intent["id"])
    market.paid_available()
    _rest(market)
    assert market.held(intent["id"]) == 0
    assert market.control("POST", f"/disputes/{dispute}/win").status_code == 200
    market.deliver()
    check_always(market)

    assert market.refund(intent["id"]).status_code == 200
    _rest(market)
    assert market.held(intent["id"]) == 0


def test_a_won_dispute_is_paid_again(odd_market: Marketplace) -> None:
    """From the charge if Stripe gives its room back, else from the balance."""
    market = odd_market
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    dispute = market.dispute(payment)
    market.deliver()
    assert market.held(payment) == 0
    for _ in range(2):
        market.pay(market.buy("coach-2"), "pm_card_bypassPending")

    market.control("POST", f"/disputes/{dispute}/win")
    _rest(market)

    assert market.held(payment) == 4252


def test_a_late_coach_is_paid_once(odd_market: Marketplace) -> None:
    """Registered twice at once, bought from before onboarding, and told of it by every event there is."""
    market = odd_market
    coach = {"coachId": "coach-1", "coachName": "Dana", "email": "coach-1@example.com", "sport": "badminton"}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: market.fresh_post("/api/connect/create-account", coach), range(2)))
    assert 200 in {answer.status_code for answer in answers}
    account = market.register()
    payment = market.paid()
    market.deliver()
    check_always(market)

    market.onboard(account)
    _rest(market)

    assert market.held(payment) == 4252
    assert {books.destinations for books in books_of(market)} == {frozenset({account})}
    assert len(market.transfers(payment)) == 1


def test_the_ledger_of_a_payment_balances(odd_market: Marketplace) -> None:
    """After everything has been told twice and out of order."""
    market = odd_market
    market.ready_coach()
    payment = market.paid()
    market.refund(payment, amount=1_000)
    events: list[Any] = list(market.stripe.v1.events.list({"limit": 100}).auto_paging_iter())
    for event in [*events, *events[::-1]]:
        assert market.send(event.to_dict()) in {200, 503}
    market.deliver()

    answer = market.app.test_cli_runner().invoke(args=["ledger", payment])

    assert answer.exit_code == 0, answer.output
    assert market.held(payment) == 3352


def test_a_deleted_registry_entry_stops_nobody_else(odd_market: Marketplace) -> None:
    """The sweep puts it back; where Stripe holds its id for taken, the sweep says so and goes on."""
    market = odd_market
    market.ready_coach()
    (product,) = market.stripe.v1.products.list({}).data
    market.stripe.v1.products.delete(product.id)
    market.app = market.another_backend()
    market.http = market.app.test_client()

    listed = market.app.test_cli_runner().invoke(args=["reconcile"])
    body = {"coachId": "coach-1", "coachName": "Dana", "email": "coach-1@example.com", "sport": "badminton"}
    answer = market.post("/api/connect/create-account", body)

    bound = product.id in [one.id for one in market.stripe.v1.products.list({}).data]
    assert listed.exit_code == 0, listed.output
    assert ("registry entry restored" in listed.output) == bound
    assert ("Stripe does not take the registry entry back" in listed.output) != bound
    assert (answer.status_code == 200) == bound, answer.json
    market.paid("coach-2")
    _rest(market)
