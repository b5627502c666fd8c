"""Faults that random histories found, each shrunk to the few acts that matter."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.money import FeeRate
from backend.domain.states import MoneyState
from backend.services.errors import Undecided
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.wide_world import pay_by_hand, sent_to, with_funds
from tests.routes.test_webhooks import heard

HOUR = 3_600
STORED: dict[str, Any] = {"status": 500, "cache": True}


def outcome_unknown(market: Marketplace) -> str:
    """A payment whose transfer was answered with a stored 500."""
    payment = market.paid()
    with_funds(market)
    market.fault("POST", "/v1/transfers", "before", STORED)
    with pytest.raises(Undecided):
        market.settle(payment)
    assert market.note(payment).startswith("unknown:0.0:")
    return payment


def test_an_unclear_transfer_is_held_once_the_unknown_outcome_is_old(market: Marketplace) -> None:
    """The sweep failed on it for ever: the old note stood in the way of the new one."""
    account = market.ready_coach()
    payment = outcome_unknown(market)
    pay_by_hand(market, account, 100, metadata={"paymentIntentId": f"{payment},pi_another"})

    market.clock.advance(HOUR)
    with pytest.raises(Undecided):
        market.settle(payment)
    market.clock.advance(3 * HOUR)

    assert market.settle(payment).state == MoneyState.HELD
    assert market.note(payment).startswith("held:unclear_transfers:")


def test_an_unclear_transfer_does_not_hide_that_an_outcome_is_unknown(market: Marketplace) -> None:
    """Its note took the place of the young one; explained, the rest was sent, and then the 500 came true: 85.04."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.fault("POST", "/v1/transfers", "before", {**STORED, "late": 2 * HOUR})
    with pytest.raises(Undecided):
        market.settle(payment)
    unclear = pay_by_hand(market, account, 100, metadata={"paymentIntentId": f"{payment},pi_another"})
    with pytest.raises(Undecided):
        market.settle(payment)
    market.stripe.v1.transfers.update(unclear, {"metadata": {"paymentIntentId": payment}})

    with pytest.raises(Undecided):
        market.settle(payment)
    market.clock.advance(2 * HOUR)
    market.settle(payment)

    assert sent_to(market, account) == 4252


def test_a_damaged_record_is_noted_once_the_unknown_outcome_is_old(market: Marketplace) -> None:
    """The note said for ever that an outcome was unknown."""
    market.ready_coach()
    payment = outcome_unknown(market)
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": ""}})

    market.clock.advance(HOUR)
    assert market.settle(payment).state == MoneyState.HELD
    assert market.note(payment).startswith("unknown:")
    market.clock.advance(3 * HOUR)
    assert market.settle(payment).state == MoneyState.HELD

    assert market.note(payment).startswith("held:unreadable:")


@pytest.mark.parametrize("paid", [True, False])
def test_another_amount_that_waits_is_other_news(market: Marketplace, paid: bool) -> None:
    """A refund changes what waits under the same slot: a host app that keeps ids would have dropped the news."""
    account = market.register()
    if paid:
        market.onboard(account)
    payment = market.paid()
    market.deliver()
    if paid:
        market.clock.advance(9 * 24 * HOUR)  # the coach's bank has the money

    with heard(signals.transfer_held) as held, heard(signals.clawback_pending) as pending:
        for amount in (1000, 700):
            market.refund_in_dashboard(payment, amount)
            market.deliver()

    told = pending if paid else held
    assert len({one["amount"] for one in told}) == 2
    assert {one["id"] for one in told if told.count(one) and one["amount"] == told[0]["amount"]} == {told[0]["id"]}
    assert len({one["id"] for one in told}) == 2


@pytest.mark.parametrize(("lost", "reason"), [("account", "account_gone"), ("entry", "no_account")])
@pytest.mark.parametrize("minutes", [1, 30 * 60])
def test_a_coach_who_is_not_ready_may_become_one_without_an_account(
    market: Marketplace, lost: str, reason: str, minutes: int
) -> None:
    """The note went on asking the coach to finish onboarding an account that was not there any more."""
    payment = market.paid()
    account = market.register()
    if lost == "account":
        payment = market.paid()
    market.clock.advance(2 * HOUR)
    market.deliver()
    assert market.note(payment).startswith("held:coach_not_ready:")
    market.clock.advance(60 * minutes)
    if lost == "account":
        market.stripe.v1.accounts.delete(account)
    else:
        (entry,) = market.all("products")
        market.stripe.v1.products.update(entry["id"], {"metadata": {"account": ""}})
    market.app = market.another_backend()  # which remembers no binding

    market.reconcile()

    assert market.note(payment).startswith(f"held:{reason}:")
    note = market.note(payment)
    market.reconcile()
    assert market.note(payment) == note


@pytest.mark.parametrize("how", ["source", "group"])
def test_a_late_event_does_not_pay_beside_a_part_paid_by_hand(how: str) -> None:
    """A sweep sent the rest under the second slot; the event, within the hour, took the transfers to be none: 18.90 twice."""
    market = Marketplace(NOW, fee_rate=FeeRate.from_percent("60"))
    account = market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    with_funds(market)
    group = market.stripe.v1.payment_intents.retrieve(payment).transfer_group
    source = {"source_transaction": market.charge(payment)}
    pay_by_hand(
        market, account, 421, **(source if how == "source" else {"transfer_group": group, "metadata": {"for": payment}})
    )
    assert market.settle(payment).moved == 1890 - 421

    assert market.send(event) == 200

    assert sent_to(market, account) == 1890
