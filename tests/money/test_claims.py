"""Claims of a coach: where nobody signs in, money that waits goes to nobody who merely says to be the coach."""

from __future__ import annotations

import pytest

from backend.domain.states import MoneyState
from tests.builders import Marketplace
from tests.routes.test_commands import run


@pytest.fixture
def open_market(market: Marketplace) -> Marketplace:
    """A marketplace in production, where nobody signs in."""
    market.go_live(RATELIMIT_ENABLED="false")
    return market


def _claimed_after_purchase(market: Marketplace) -> tuple[str, str]:
    """A payment, and the account of somebody who registered as its coach afterwards and finished onboarding."""
    payment = market.paid()
    market.deliver()
    return payment, market.ready_coach()


def test_whoever_registers_after_the_purchase_is_not_paid_by_itself(open_market: Marketplace) -> None:
    """Not by the account's event, a redelivery, the manual transfer, the sweep, nor a settle without the account."""
    payment, account = _claimed_after_purchase(open_market)
    claim = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}

    transfer = open_market.post("/api/connect/transfer", claim)
    swept = run(open_market, "reconcile", "--rate", "1000")
    run(open_market, "settle", payment)

    assert transfer.status_code == 409
    assert swept[0] == 0
    assert open_market.transfers(payment) == []
    assert open_market.settle(payment).state == MoneyState.HELD


def test_an_operator_releases_it_by_naming_the_account(open_market: Marketplace) -> None:
    """Once, with the whole share; the sweep and a second release move nothing."""
    payment, account = _claimed_after_purchase(open_market)

    code, output = run(open_market, "settle", payment, "--release", account)
    again = run(open_market, "settle", payment, "--release", account)
    run(open_market, "reconcile", "--rate", "1000")

    assert (code, open_market.held(payment)) == (0, 4252)
    assert "It balances." in output
    assert (again[0], "had an account at purchase" in again[1]) == (1, True)
    assert len(open_market.transfers(payment)) == 1


def test_a_release_to_another_account_is_refused_and_says_who_is_registered(open_market: Marketplace) -> None:
    """A slip of the hand pays nobody."""
    payment, account = _claimed_after_purchase(open_market)
    other = open_market.ready_coach("coach-2")

    code, output = run(open_market, "settle", payment, "--release", other)

    assert (code, open_market.transfers(payment)) == (1, [])
    assert account in output


def test_there_is_nothing_to_release_to_before_the_coach_registers(open_market: Marketplace) -> None:
    """It says so, and the payment goes on waiting."""
    payment = open_market.paid()
    open_market.deliver()

    code, output = run(open_market, "settle", payment, "--release", "acct_0000000000000000")

    assert (code, "has not registered" in output) == (1, True)


def test_a_coach_who_was_registered_at_purchase_is_paid_as_ever(open_market: Marketplace) -> None:
    """Nobody could have claimed that id since."""
    open_market.ready_coach()
    payment = open_market.paid()
    open_market.deliver()

    assert open_market.held(payment) == 4252


def test_where_coaches_sign_in_late_ones_are_paid_by_themselves(market: Marketplace) -> None:
    """Only the coach's own token, or an admin's, could have registered the account."""
    payment, _ = _claimed_after_purchase(market)

    assert market.held(payment) == 4252


def test_a_payment_of_the_node_backend_is_released_before_it_is_adopted(open_market: Marketplace) -> None:
    """It names no account by its nature, so adopting alone pays nobody."""
    payment = open_market.node_payment()
    account = open_market.ready_coach()

    run(open_market, "reconcile", payment, "--adopt", "--rate", "1000")
    unreleased = open_market.stripe.v1.transfers.list({"destination": account}).data
    run(open_market, "settle", payment, "--release", account)
    run(open_market, "reconcile", payment, "--adopt", "--rate", "1000")

    assert unreleased == []
    assert [t.amount for t in open_market.stripe.v1.transfers.list({"destination": account}).data] == [4252]
