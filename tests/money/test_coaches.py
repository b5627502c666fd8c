"""Accounts that another backend made: one whose coach is certain is kept, and nobody gets a second."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.bindings import DAY, EMAIL, account_of, accounts, adopt, ask, bound, rebind, reject
from tests.money.workers import CrashPoint, KilledError
from tests.routes.test_commands import run


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
@pytest.mark.parametrize("ready", [False, True])
def test_a_coach_whom_the_node_backend_onboarded_keeps_that_account(
    market: Marketplace, ready: bool, email: str
) -> None:
    """No second account is made, and the payments of before are paid to it."""
    account = account_of(market, ready=ready, email=email)

    answers = [ask(market).json["account"]["id"] for _ in range(2)]

    assert answers == [account, account]
    assert accounts(market) == {account}
    assert bound(market) == account


def test_a_payment_that_node_transferred_already_is_not_paid_to_a_second_account(market: Marketplace) -> None:
    """Node paid the older account; create-account and adopting the payment move nothing more."""
    account = account_of(market, ready=True)
    payment = market.node_payment()
    sent: Any = {
        "amount": 4252,
        "currency": "cad",
        "destination": account,
        "source_transaction": market.charge(payment),
    }
    market.stripe.v1.transfers.create(sent)

    ask(market)
    run(market, "reconcile", payment, "--adopt", "--rate", "1000")

    transfers = market.stripe.v1.transfers.list({"limit": 100}).data
    assert [(one.destination, one.amount) for one in transfers] == [(account, 4252)]


def test_another_email_neither_takes_an_account_over_nor_makes_a_second(market: Marketplace) -> None:
    """A coach id that is not registered yet is the account's all the same."""
    account = account_of(market, ready=True)

    answer = ask(market, email="eve@example.com")

    assert answer.status_code == 409
    assert answer.json["details"].startswith("email: ")
    assert (accounts(market), bound(market)) == ({account}, None)


def test_an_account_without_an_address_is_nobodys_by_itself(market: Marketplace) -> None:
    """Nothing tells the coach from a stranger: support does. Adopted, it is still opened for nobody."""
    account = market.stripe.v1.accounts.create(
        {"type": "express", "country": "CA", "metadata": {"coachId": "coach-1"}}
    ).id

    first = ask(market)
    adopted = adopt(market)
    second = ask(market)
    market.stripe.v1.accounts.update(account, {"email": EMAIL})

    assert (first.status_code, second.status_code, adopted[0]) == (409, 409, 0)
    assert "contact support" in first.json["message"]
    assert ask(market).json["account"]["id"] == account
    assert accounts(market) == {account}


@pytest.mark.parametrize("older_is_ready", [False, True])
def test_of_two_accounts_the_one_that_can_be_paid_is_the_coachs(market: Marketplace, older_is_ready: bool) -> None:
    """Whichever was made first."""
    older = account_of(market, ready=older_is_ready)
    newer = account_of(market, ready=not older_is_ready)

    assert ask(market).json["account"]["id"] == (older if older_is_ready else newer)
    assert len(accounts(market)) == 2


@pytest.mark.parametrize("ready", [False, True])
def test_between_two_equal_accounts_a_person_chooses(market: Marketplace, ready: bool) -> None:
    """409 until then, and no third account; the choice is a rebind, which needs no binding before."""
    mine, _other = account_of(market, ready=ready), account_of(market, ready=ready)

    refused = ask(market)
    chosen = rebind(market, mine)

    assert (refused.status_code, len(accounts(market))) == (409, 2)
    assert "contact support" in refused.json["message"]
    assert chosen[0] == 0
    assert ask(market).json["account"]["id"] == mine


def test_accounts_of_others_are_not_the_coachs(market: Marketplace) -> None:
    """Another coach's, one that names nobody, and one with the same address."""
    others = {account_of(market, "coach-2", ready=True), account_of(market, None, ready=True, email=EMAIL)}

    mine = ask(market).json["account"]["id"]

    assert mine not in others


def test_an_account_whose_registration_was_cut_off_is_found_days_later(market: Marketplace) -> None:
    """The process died after the account was made; the key that would find it is forgotten."""
    with market.line.watched(CrashPoint(5, "before")), pytest.raises(KilledError):
        ask(market)
    (made,) = accounts(market)
    market.clock.advance(3 * DAY)

    assert ask(market).json["account"]["id"] == made
    assert accounts(market) == {made}


def test_a_rejected_account_of_node_is_not_replaced_either(market: Marketplace) -> None:
    """It is registered, and the truth is told."""
    account = account_of(market, ready=True)
    reject(market, account)

    answer = ask(market)

    assert (answer.status_code, "rejected" in answer.json["message"]) == (409, True)
    assert (accounts(market), bound(market)) == ({account}, account)


def test_past_ten_pages_nobody_is_registered_until_the_accounts_are_adopted(market: Marketplace) -> None:
    """A thousand accounts are looked through, the oldest included; one more is a 503 and never a second account."""
    oldest, second = account_of(market, ready=True), account_of(market, "coach-2", ready=True)
    for _ in range(998):
        account_of(market, None)
    found = ask(market).json["account"]["id"]
    market.clock.advance(1)  # what shows in which order the accounts are listed
    account_of(market, None)
    market.clock.advance(DAY)

    refused = [ask(market, "coach-2"), ask(market, "coach-3")]
    adopt(market)
    market.forget_calls()
    new = ask(market, "coach-3")

    assert found == oldest
    assert [(one.status_code, one.json["error"]) for one in refused] == [(503, "Payment provider unavailable")] * 2
    assert (new.status_code, market.calls().count("GET /v1/accounts")) == (200, 1)
    assert ask(market, "coach-2").json["account"]["id"] == second
    assert len(accounts(market)) == 1_002
