"""News of coaches' accounts and payouts: every fact, and the log line beside it."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.builders import Marketplace
from tests.money.news_heard import lines, news


def test_an_account_that_is_ready_is_told_by_its_event(market: Marketplace) -> None:
    """With the coach; each event of a ready account is told under an id of its own."""
    account = market.register()
    market.deliver()
    market.onboard(account)
    event = market.event_of(account, "account.updated")

    with news() as told, capture_logs() as logs:
        market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    ready = {"id": f"{account}:ready:{event['id']}", "account_id": account, "coach_id": "coach-1"}
    assert told == [("account-ready", ready)]
    assert lines(logs, "account.updated") == [{"account": account, "ready": True, "payouts": True}]


def connected(market: Marketplace, account: str) -> None:
    """Deliver the newest ``account.updated`` of a coach."""
    event = market.event_of(account, "account.updated")
    assert market.send(event, market.settings.stripe_connect_webhook_secrets[0]) == 200


def test_a_coach_who_has_not_finished_onboarding_is_no_news(market: Marketplace) -> None:
    """Nobody was stopped."""
    account = market.register()

    with news() as told:
        market.control("POST", f"/accounts/{account}/disable", {})
        market.deliver()

    assert told == []


def test_a_coach_who_was_stopped_is_told_with_stripes_reason(market: Marketplace) -> None:
    """Once for each event that says that something about being paid has changed."""
    account = market.ready_coach()
    market.control("POST", f"/accounts/{account}/disable", {})
    event = market.event_of(account, "account.updated")
    secret = market.settings.stripe_connect_webhook_secrets[0]
    reason = market.stripe.v1.accounts.retrieve(account).requirements.disabled_reason

    with news() as told, capture_logs() as logs:
        market.send(event, secret)
        event["data"]["previous_attributes"] = {"email": "old@example.com"}
        market.send(event, secret)
        for field in ("capabilities", "requirements", "charges_enabled"):
            event["data"]["previous_attributes"] = {field: None}
            market.send({**event, "id": f"evt_{field}"}, secret)

    facts = {"account_id": account, "coach_id": "coach-1", "reason": reason}
    ids = [event["id"], "evt_capabilities", "evt_requirements", "evt_charges_enabled"]
    assert told == [("account-restricted", {"id": f"{account}:restricted:{one}", **facts}) for one in ids]
    assert lines(logs, "account.restricted") == [facts]


def test_an_event_that_does_not_say_what_changed_is_told(market: Marketplace) -> None:
    """Silence would be worse."""
    account = market.ready_coach()
    market.control("POST", f"/accounts/{account}/disable", {})
    event = market.event_of(account, "account.updated")
    del event["data"]["previous_attributes"]

    with news() as told:
        market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    assert [name for name, _ in told] == ["account-restricted"]


def test_a_rejected_coach_is_told_with_stripes_reason(market: Marketplace) -> None:
    """The id names the reason."""
    account = market.ready_coach()
    market.control("POST", f"/accounts/{account}/reject", {})
    event = market.event_of(account, "account.updated")
    reason = market.stripe.v1.accounts.retrieve(account).requirements.disabled_reason
    assert reason is not None

    with news() as told, capture_logs() as logs:
        connected(market, account)

    facts = {"account_id": account, "coach_id": "coach-1", "reason": reason}
    assert told == [("account-rejected", {"id": f"{account}:{reason}:{event['id']}", **facts})]
    assert lines(logs, "account.rejected") == [facts]


def test_an_account_that_was_cut_off_is_told(market: Marketplace) -> None:
    """By the event's id; nothing can be read there any more."""
    account = market.ready_coach()
    kind = "account.application.deauthorized"
    event: Any = {
        "id": "evt_1",
        "type": kind,
        "account": account,
        "livemode": False,
        "data": {"object": {"id": "ca_1"}},
    }
    market.forget_calls()

    with news() as told, capture_logs() as logs:
        market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    assert told == [("account-disconnected", {"id": f"{account}:evt_1", "account_id": account})]
    assert lines(logs, "account.deauthorized") == [{"account": account}]
    assert market.calls() == []


def test_a_strangers_account_is_no_news(market: Marketplace) -> None:
    """It carries no coach's id, or is not ours any more."""
    given: Any = {"type": "express", "capabilities": {"transfers": {"requested": True}}}
    account = market.stripe.v1.accounts.create(given).id
    market.onboard(account)
    event = market.event_of(account, "account.updated")
    secret = market.settings.stripe_connect_webhook_secrets[0]

    with news() as told:
        assert market.send(event, secret) == 200
        assert market.send({**event, "account": "acct_000000000000000"}, secret) == 200

    assert told == []


def test_a_second_account_of_a_coach_is_no_news(market: Marketplace) -> None:
    """The coach keeps the first."""
    market.ready_coach()
    given: Any = {
        "type": "express",
        "metadata": {"coachId": "coach-1"},
        "capabilities": {"transfers": {"requested": True}},
    }
    second = market.stripe.v1.accounts.create(given).id
    market.onboard(second)

    with news() as told:
        connected(market, second)

    assert told == []


@pytest.mark.parametrize(("kind", "code"), [("payout.paid", None), ("payout.failed", "account_closed")])
def test_a_payout_is_told_with_account_and_amount(market: Marketplace, kind: str, code: str | None) -> None:
    """Paid, or refused by the coach's bank with its reason."""
    account = market.ready_coach()
    payout = {"id": "po_1", "amount": 4252, "currency": "cad", "failure_code": code}
    event: Any = {"id": "evt_1", "type": kind, "account": account, "livemode": False, "data": {"object": payout}}

    with news() as told, capture_logs() as logs:
        market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    facts = {"account_id": account, "amount": 4252, "currency": "cad"}
    extra = {"code": code} if code else {}
    assert told == [(kind.replace(".", "-"), {"id": "po_1", **facts, **extra})]
    assert lines(logs, kind) == [{"payout": "po_1", **facts, **extra}]


def test_a_coachs_waiting_payments_that_fail_are_said_and_asked_for_again(market: Marketplace) -> None:
    """The first failure is the delivery's answer; the others are settled."""
    account = market.register()
    payments = []
    for _ in range(3):
        payments.append(market.paid())
        market.clock.advance(1)
    market.deliver()
    market.clock.advance(3_600)
    market.onboard(account)
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "cache": True})
    event = market.event_of(account, "account.updated")

    with news() as told, capture_logs() as logs:
        status = market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    assert status == 503
    assert lines(logs, "settlement.later") == [{"payment": payments[0], "error": "Undecided"}]
    assert [market.held(payment) for payment in payments] == [0, 4252, 4252]
    assert [facts["session"].payment_intent_id for name, facts in told if name == "session-opened"] == payments


def test_an_event_of_a_damaged_payment_is_acknowledged_and_said(market: Marketplace) -> None:
    """No session is told; what waits is."""
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": "many"}})

    with news() as told, capture_logs() as logs:
        assert market.send(market.event("payment_intent.succeeded")) == 200

    held = {"id": f"{payment}:unreadable:0", "payment_id": payment, "reason": "unreadable", "amount": None}
    assert told == [("transfer-held", held)]
    assert lines(logs, "payment.unreadable") == [{"payment": payment}]
