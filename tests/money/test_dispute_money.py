"""Disputes take what was booked, and warnings and closed accounts are told."""

from __future__ import annotations

from typing import Any

import pytest

from backend.webhooks import signals
from tests.builders import Marketplace
from tests.money.odd_money import HOUR, choose, dispute, share
from tests.money.wide_world import with_funds
from tests.routes.test_webhooks import heard

# Disputes.


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"amount": 2000}, 2725),
        ({"amount": 9000}, 0),
        ({"inquiry": True}, 4725),
        ({"case_type": "block"}, 4725),
        ({"amount": 4725, "taken": 1000}, 3725),
    ],
)
def test_a_dispute_takes_what_its_balance_transactions_took(
    market: Marketplace, given: dict[str, Any], kept: int
) -> None:
    """Partial, larger than the charge, an inquiry, prevented, or booked at another amount."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    dispute(market, payment, **given)
    market.deliver()

    assert market.held(payment) == share(kept)


@pytest.mark.parametrize("pays", ["refund", "dispute"])
def test_a_resolution_is_counted_once_however_it_is_booked(market: Marketplace, pays: str) -> None:
    """By a refund of its own, or by a balance transaction of the dispute; also at the look after."""
    choose(market, prevented_pays=pays)
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    dispute(market, payment, case_type="resolution")
    market.deliver()
    market.clock.advance(2 * HOUR)
    market.settle(payment)

    assert market.held(payment) == 0


def test_several_disputes_of_one_charge_are_added(market: Marketplace) -> None:
    """One is won, and its part comes back."""
    market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.deliver()
    first = dispute(market, payment, amount=1000)
    dispute(market, payment, amount=2000)
    market.deliver()
    assert market.held(payment) == share(1725)

    market.control("POST", f"/disputes/{first}/win", {})
    market.deliver()

    assert market.held(payment) == share(2725)


@pytest.mark.parametrize("lag", [-60, 0, 3600])
def test_a_won_dispute_pays_when_the_money_is_back(market: Marketplace, lag: int) -> None:
    """Before, with or after the word ``won``."""
    market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.deliver()
    one = dispute(market, payment)
    market.deliver()
    assert market.held(payment) == 0

    market.control("POST", f"/disputes/{one}/win", {"lag": lag})
    market.deliver()
    if lag > 0:
        assert market.held(payment) == 0
    market.clock.advance(2 * HOUR)
    market.deliver()

    assert market.held(payment) == 4252


def test_a_decision_that_is_appealed_is_news(market: Marketplace) -> None:
    """Lost, appealed, and won: each told under an id of its own; the share follows the money."""
    market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.deliver()
    one = dispute(market, payment)

    with heard(signals.dispute_opened) as opened, heard(signals.dispute_closed) as closed:
        market.deliver()
        for path in ("lose", "appeal", "win"):
            assert market.control("POST", f"/disputes/{one}/{path}", {}).status_code == 200
            market.deliver()

    assert len({told["id"] for told in opened}) == 2
    assert list(dict.fromkeys(told["outcome"] for told in closed)) == ["lost", "won"]
    assert market.held(payment) == 4252


# What else is told.


def test_a_fraud_warning_is_told(market: Marketplace) -> None:
    """It moves no money."""
    payment = market.paid()
    market.control("POST", "/early_fraud_warnings", {"charge": market.charge(payment)})

    with heard(signals.fraud_warning) as warnings:
        market.deliver()

    assert {(told["payment_id"], told["actionable"]) for told in warnings} == {(payment, True)}


def test_an_account_that_is_rejected_restricted_or_disconnected_is_told(market: Marketplace) -> None:
    """And ready again under another id."""
    account, other = market.ready_coach(), market.ready_coach("coach-2")
    with heard(signals.account_restricted) as restricted, heard(signals.account_rejected) as rejected:
        market.control("POST", f"/accounts/{account}/disable", {})
        market.deliver()
        market.control("POST", f"/accounts/{other}/reject", {})
        market.deliver()
    with heard(signals.account_ready) as ready, heard(signals.account_disconnected) as disconnected:
        market.onboard(account)
        market.deliver()
        market.control("POST", f"/accounts/{account}/disconnect", {})
        market.deliver()

    assert {told["account_id"] for told in restricted} == {account}
    assert {told["account_id"] for told in rejected} == {other}
    assert {told["account_id"] for told in ready} == {account}
    assert {told["account_id"] for told in disconnected} == {account}
