"""A subscriber that fails is told again, and no event tells what is not news."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.news_heard import SIGNALS, news, only

# Failing subscribers, and news that is none.


def act_on(market: Marketplace, signal: str) -> None:
    """Something of which the signal tells."""
    account = market.ready_coach()
    payment = market.paid("coach-of-nobody" if signal == "transfer-held" else "coach-1")
    if signal in ("account-restricted", "account-rejected", "account-disconnected"):
        market.deliver()
        acts = {"account-restricted": "disable", "account-rejected": "reject", "account-disconnected": "disconnect"}
        market.control("POST", f"/accounts/{account}/{acts[signal]}")
    elif signal.startswith("dispute"):
        dispute = market.dispute(payment)
        if signal == "dispute-closed":
            market.control("POST", f"/disputes/{dispute}/lose")
    elif signal in ("refund-made", "session-revoked", "refund-failed"):
        refund = market.refund(payment).json["refund"]["id"]
        if signal == "refund-failed":
            market.control("POST", f"/refunds/{refund}/fail")
    elif signal == "fraud-warning":
        market.control("POST", "/early_fraud_warnings", {"charge": market.charge(payment)})


@pytest.mark.parametrize(
    "name",
    "session-opened transfer-made transfer-held refund-made refund-failed session-revoked dispute-opened dispute-closed "
    "fraud-warning account-restricted account-rejected account-disconnected".split(),
)
def test_what_a_subscriber_did_not_take_is_told_again_under_the_same_id(market: Marketplace, name: str) -> None:
    """It fails at the first telling of each id."""
    (signal,) = [one for one in SIGNALS if one.name == name]
    told: list[str] = []

    def take(_sender: object, **facts: Any) -> None:
        told.append(facts["id"])
        if told.count(facts["id"]) == 1:
            raise RuntimeError

    with signal.connected_to(take):
        act_on(market, name)
        market.deliver()
        market.clock.advance(2 * 3_600)
        market.deliver()

    assert told
    assert min(told.count(one) for one in told) >= 2


def test_events_of_the_other_mode_and_of_a_connected_account_are_no_news(market: Marketplace) -> None:
    """Their ids are those of our own payments all the same."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund(payment)
    dispute_of_another = market.paid()
    market.dispute(dispute_of_another)
    kinds = ("payment_intent.succeeded", "refund.created", "charge.refunded", "charge.dispute.created")
    (connect,) = market.settings.stripe_connect_webhook_secrets
    events = [market.event(kind) for kind in kinds]

    with news() as told:
        answers = {market.send({**event, "livemode": True}) for event in events}
        answers |= {market.send({**event, "account": "acct_1"}, secret=connect) for event in events}

    assert (answers, told) == ({200}, [])


def test_an_event_whose_copy_says_refunded_revokes_nothing(market: Marketplace) -> None:
    """The payment is read as it is now."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund(payment, amount=100)
    event = market.event("charge.refunded")
    event["data"]["object"].update(amount_refunded=4725, refunded=True)

    with news() as told:
        market.send(event)

    assert only(told, "session-revoked") == []
    assert market.confirm(payment).status_code == 200


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("how", ["reject", "disconnect"])
def test_money_for_an_account_that_is_gone_is_held_as_that(market: Marketplace, how: str, noted: bool) -> None:
    """Also where it was noted first as a coach who is not ready; and settling again writes nothing more."""
    account = market.register()
    payment = market.paid()
    if noted:
        market.deliver()
        assert (market.note(payment) or "").startswith("held:coach_not_ready:")
    market.control("POST", f"/accounts/{account}/{how}")
    market.deliver()
    market.settle(payment)

    note = market.note(payment)
    market.forget_calls()
    market.settle(payment)

    assert (note or "").startswith("held:account_gone:")
    assert (market.note(payment), [call for call in market.calls() if call.startswith("POST")]) == (note, [])
    asked = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}
    answer = market.post("/api/connect/transfer", asked)
    assert (answer.status_code, "closed or rejected" in answer.json["message"]) == (409, True)
