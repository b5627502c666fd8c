"""The news for the host app: every fact of every signal, and the log line beside it."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.builders import Marketplace
from tests.money.news_heard import DAY, lines, news, only
from tests.money.odd_money import arrive, choose, debit
from tests.money.wide_world import with_funds


def test_a_paid_coach_is_told_with_the_transfer(market: Marketplace) -> None:
    """Once, whatever the number of events."""
    account = market.ready_coach()
    payment = market.paid()

    with news() as told, capture_logs() as logs:
        market.deliver()

    transfer = market.transfers(payment)[0].id
    made = {"id": transfer, "payment_id": payment, "amount": 4252, "currency": "cad", "account_id": account}
    assert only(told, "transfer-made") == [("transfer-made", made)]
    assert lines(logs, "payment.succeeded") == [{"payment": payment, "outcome": "settled"}]
    assert [name for name, _ in told] == ["session-opened", "transfer-made"]


def test_a_transfer_by_hand_is_told_like_our_own(market: Marketplace) -> None:
    """It was for this payment; the log says that it was seen."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    by_hand = market.stripe.v1.transfers.create(
        {"amount": 4252, "currency": "cad", "destination": account, "metadata": {"for": payment}}
    )

    with news() as told, capture_logs() as logs:
        market.send(market.event("transfer.created"))

    made = {"id": by_hand.id, "payment_id": payment, "amount": 4252, "currency": "cad", "account_id": account}
    assert only(told, "transfer-made") == [("transfer-made", made)]
    assert lines(logs, "transfer.seen") == [{"payment": payment, "transfer": by_hand.id, "amount": 4252}]
    assert lines(logs, "transfer.remembered") == [{"payment": payment, "transfer": by_hand.id}]


def test_a_strangers_transfer_is_no_news(market: Marketplace) -> None:
    """It names no payment, or one that was not sold here."""
    account = market.ready_coach()
    with_funds(market)
    market.deliver()
    for metadata in ({}, {"for": "pi_000000000000000000000000"}):
        given: Any = {"amount": 100, "currency": "cad", "destination": account, "metadata": metadata}
        market.stripe.v1.transfers.create(given)

        with news() as told:
            assert market.send(market.event("transfer.created")) == 200

        assert told == []


def test_money_that_waits_is_told_with_reason_and_amount(market: Marketplace) -> None:
    """The id is the payment's, with the reason, the slot and the amount."""
    market.register()
    payment = market.paid()

    with news() as told:
        market.deliver()

    held = {
        "id": f"{payment}:coach_not_ready:0:4252",
        "payment_id": payment,
        "reason": "coach_not_ready",
        "amount": 4252,
    }
    assert only(told, "transfer-held", "clawback-pending") == [("transfer-held", held)]
    assert type(only(told, "transfer-held")[0][1]["reason"]) is str


def test_a_debt_is_told_with_its_amount(market: Marketplace) -> None:
    """By slot; and the session is revoked by the refund."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(7 * DAY)
    market.deliver()
    market.refund(payment)

    with news() as told:
        market.deliver()

    refund = market.refunds(payment)[0].id
    assert only(told, "transfer-held", "clawback-pending") == [
        ("clawback-pending", {"id": f"{payment}:0r0:4252", "payment_id": payment, "amount": 4252})
    ]
    session = f"session_{payment.removeprefix('pi_')}"
    revoked = {"id": f"{session}:{refund}", "session_id": session, "payment_id": payment, "reason": "refunded"}
    assert only(told, "session-revoked") == [("session-revoked", revoked)]
    assert only(told, "session-opened") == []


def test_the_last_refund_revokes_the_session_and_no_earlier_one(market: Marketplace) -> None:
    """A part that is still with the platform keeps the session open."""
    payment = market.paid()
    market.deliver()
    with news() as told:
        market.refund_in_dashboard(payment, 4724)
        market.deliver()
        assert only(told, "session-revoked") == []
        market.clock.advance(5)
        market.refund_in_dashboard(payment, 1)
        market.deliver()

    last = max(market.refunds(payment), key=lambda refund: refund.created).id
    assert [facts["id"].split(":")[1] for _, facts in only(told, "session-revoked")] == [last]


def test_a_debit_that_bounced_revokes_the_session_under_the_banks_entry(market: Marketplace) -> None:
    """The reason is not a refund."""
    choose(market, debit_bounces_as="failure")
    payment = debit(market)
    arrive(market, payment)
    market.deliver()
    charge = market.charge(payment)
    market.control("POST", f"/charges/{charge}/bounce", {})

    with news() as told:
        market.deliver()

    entry = market.stripe.v1.charges.retrieve(charge).failure_balance_transaction
    session = f"session_{payment.removeprefix('pi_')}"
    revoked = {"id": f"{session}:{entry}", "session_id": session, "payment_id": payment, "reason": "returned"}
    assert only(told, "session-revoked") == [("session-revoked", revoked)]


def test_each_state_of_a_refund_is_news_of_its_own(market: Marketplace) -> None:
    """Requested; then made."""
    choose(market, refund_begins="requires_action")
    payment = market.paid()
    market.deliver()
    refund = market.stripe.v1.refunds.create({"payment_intent": payment, "amount": 2000}).id
    with news() as told, capture_logs() as logs:
        market.deliver()
        market.control("POST", f"/refunds/{refund}/succeed", {})
        market.deliver()

    facts = {"payment_id": payment, "amount": 2000, "currency": "cad"}
    assert only(told, "refund-requested", "refund-made", "refund-failed") == [
        ("refund-requested", {"id": f"{refund}:requested", "refund_id": refund, **facts, "status": "requires_action"}),
        ("refund-made", {"id": refund, **facts, "status": "succeeded"}),
    ]
    assert lines(logs, "refund.seen") == [
        {"payment": payment, "refund": refund, "status": status} for status in ("requires_action", "succeeded")
    ]


@pytest.mark.parametrize(("amount", "opened"), [(4725, True), (4724, False)])
def test_a_refund_that_fails_is_told_and_opens_what_it_had_closed(
    market: Marketplace, amount: int, opened: bool
) -> None:
    """With Stripe's reason; only a whole refund had closed the session."""
    payment = market.paid()
    market.deliver()
    refund = market.stripe.v1.refunds.create({"payment_intent": payment, "amount": amount}).id
    market.deliver()
    market.control("POST", f"/refunds/{refund}/fail", {})

    with news() as told:
        market.send(market.event("refund.failed"))

    reason = market.stripe.v1.refunds.retrieve(refund).failure_reason
    failed = {
        "id": f"{refund}:failed",
        "refund_id": refund,
        "payment_id": payment,
        "amount": amount,
        "currency": "cad",
        "status": "failed",
        "reason": reason,
    }
    assert reason
    assert only(told, "refund-failed") == [("refund-failed", failed)]
    session = f"session_{payment.removeprefix('pi_')}"
    assert [facts["id"] for _, facts in only(told, "session-opened")] == [session] + [f"{session}:{refund}"] * opened


def test_a_strangers_refund_is_no_news(market: Marketplace) -> None:
    """Nor is one that has no payment."""
    stranger = market.stripe.v1.payment_intents.create({"amount": 5000, "currency": "cad"})
    market.pay({"id": stranger.id, "client_secret": stranger.client_secret})
    market.refund_in_dashboard(stranger.id, 1000)
    event = market.event("refund.created")

    with news() as told:
        assert market.send(event) == 200
        event["data"]["object"]["payment_intent"] = None
        market.forget_calls()
        assert market.send(event) == 200

    assert (told, market.calls()) == ([], [])
