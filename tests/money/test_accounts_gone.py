"""Accounts that are gone: nothing is sold for them, and what is frozen to them is released to the coach's new one."""

from __future__ import annotations

import pytest

from tests.builders import Marketplace
from tests.money.bindings import account_of, rebind, reject, restart
from tests.routes.test_commands import run


@pytest.mark.parametrize("how", ["deleted", "rejected.fraud", "rejected.platform_other"])
def test_nothing_is_sold_for_an_account_that_is_gone_until_the_coach_is_rebound(market: Marketplace, how: str) -> None:
    """409 and no intent; a copy that refuses asks again, so the first sale after the rebind goes through."""
    account = market.ready_coach()
    if how == "deleted":
        market.stripe.v1.accounts.delete(account)
    else:
        reject(market, account, how)
    selling = market.http

    refused = selling.post("/api/payments/create-intent", json=market.order(customerEmail="pat@example.com"))
    intents, customers = market.all("payment_intents"), market.all("customers")
    new = account_of(market, ready=True)
    restart(market)
    rebind(market, new)
    sold = selling.post("/api/payments/create-intent", json=market.order())

    assert (refused.status_code, refused.json["error"]) == (409, "Conflict")
    assert "acct_" not in refused.get_data(as_text=True)
    assert (intents, customers) == ([], [])
    intent = market.stripe.v1.payment_intents.retrieve(sold.json["paymentIntent"]["id"])
    assert intent.metadata["coachAccountId"] == new


@pytest.mark.parametrize("reason", [None, "requirements.past_due", "under_review", "platform_paused"])
def test_a_coach_who_cannot_be_paid_yet_can_be_bought_from(market: Marketplace, reason: str | None) -> None:
    """The money waits."""
    account = market.register()
    if reason:
        market.control("POST", f"/accounts/{account}/disable", {"reason": reason})

    payment = market.paid()
    market.deliver()
    market.onboard(account)
    market.deliver()

    assert market.held(payment) == 4252


def test_the_account_is_asked_for_once_a_minute(market: Marketplace) -> None:
    """A first sale costs two reads, one in the same minute none; a minute later the account is looked at again."""
    account = market.ready_coach()
    restart(market)

    def reads() -> int:
        market.forget_calls()
        market.buy()
        return sum(call.startswith("GET") for call in market.calls())

    costs = [reads(), reads()]
    market.clock.advance(59)
    costs.append(reads())
    market.clock.advance(1)
    costs.append(reads())
    market.clock.advance(60)
    market.stripe.v1.accounts.delete(account)

    assert costs == [2, 0, 0, 2]
    assert market.post("/api/payments/create-intent", market.order()).status_code == 409


def _frozen_to_nothing(market: Marketplace, how: str = "deleted") -> tuple[str, str]:
    """A payment that is frozen to an account that went before it was paid, and that account."""
    account = market.ready_coach()
    payment = market.paid()
    if how == "deleted":
        market.stripe.v1.accounts.delete(account)
    else:
        reject(market, account)
    market.deliver()
    assert market.held(payment) == 0
    return payment, account


@pytest.mark.parametrize("how", ["deleted", "rejected"])
def test_what_is_frozen_to_an_account_that_is_gone_is_released_to_the_coachs_new_one(
    market: Marketplace, how: str
) -> None:
    """Once, with the whole share; which account it was stays in the payment."""
    payment, old = _frozen_to_nothing(market, how)
    new = account_of(market, ready=True)
    rebind(market, new)

    code, output = run(market, "settle", payment, "--release", new)
    again, _ = run(market, "settle", payment, "--release", new)
    run(market, "reconcile", "--rate", "1000")

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert (code, "It balances." in output, again) == (0, True, 1)
    assert [(one.destination, one.amount) for one in market.transfers(payment)] == [(new, 4252)]
    assert (metadata["coachAccountId"], metadata["coachAccountWas"]) == (new, old)


def test_what_was_sold_before_the_coach_registered_is_released_too(market: Marketplace) -> None:
    """It is frozen to nothing, but was refused for the account that is gone."""
    payment = market.paid()
    old = market.register()
    market.stripe.v1.accounts.delete(old)
    market.deliver()
    new = account_of(market, ready=True)
    rebind(market, new)

    code, _ = run(market, "settle", payment, "--release", new)

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
    assert (code, [one.destination for one in market.transfers(payment)]) == (0, [new])
    assert "coachAccountWas" not in metadata


def test_a_payment_is_released_as_often_as_accounts_go(market: Marketplace) -> None:
    """Every account that it was frozen to is remembered."""
    payment, first = _frozen_to_nothing(market)
    second = account_of(market)
    rebind(market, second)
    run(market, "settle", payment, "--release", second)
    market.stripe.v1.accounts.delete(second)
    third = account_of(market, ready=True)
    rebind(market, third)

    code, _ = run(market, "settle", payment, "--release", third)
    market.clock.advance(4 * 3_600)
    run(market, "settle", payment)

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert (code, metadata["coachAccountWas"]) == (0, f"{first},{second}")
    assert [one.destination for one in market.transfers(payment)] == [third]


def test_nothing_is_released_to_an_account_that_is_gone_itself(market: Marketplace) -> None:
    """Before the coach is rebound it says how to do that."""
    payment, old = _frozen_to_nothing(market)

    code, output = run(market, "settle", payment, "--release", old)

    assert (code, "flask coaches rebind coach-1" in output) == (1, True)
    assert market.stripe.v1.payment_intents.retrieve(payment).metadata["coachAccountId"] == old


def test_nothing_is_released_while_the_frozen_account_is_there(market: Marketplace) -> None:
    """Though the coach was bound to another, and the account cannot be paid yet."""
    old = market.register()
    payment = market.paid()
    market.deliver()
    new = account_of(market, ready=True)
    rebind(market, new)

    code, output = run(market, "settle", payment, "--release", new)

    assert (code, "had an account at purchase" in output) == (1, True)
    assert market.stripe.v1.payment_intents.retrieve(payment).metadata["coachAccountId"] == old
    assert market.transfers(payment) == []


@pytest.mark.parametrize("back", [0, 4251])
def test_what_an_account_still_holds_is_not_released(market: Marketplace, back: int) -> None:
    """Paid, perhaps partly taken back, then closed: paying the new account would pay the coach twice."""
    old = market.ready_coach()
    payment = market.paid()
    market.deliver()
    if back:
        market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, {"amount": back})
    market.stripe.v1.accounts.delete(old)
    new = account_of(market, ready=True)
    rebind(market, new)

    code, output = run(market, "settle", payment, "--release", new)

    assert (code, "still holds" in output) == (1, True)
    assert [one.destination for one in market.transfers(payment)] == [old]


def test_nothing_is_released_while_stripe_may_still_carry_out_the_last_transfer(market: Marketplace) -> None:
    """A 500 can come true for three hours."""
    old = market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": f"unknown:0.0:{market.clock.now()}"}})
    market.stripe.v1.accounts.delete(old)
    new = account_of(market, ready=True)
    rebind(market, new)

    code, output = run(market, "settle", payment, "--release", new)

    assert (code, "three hours" in output) == (1, True)
    assert market.transfers(payment) == []
