"""The news for the host app: every fact of every signal, and the log line beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from blinker import NamedSignal
from structlog.testing import capture_logs

from backend.services import Services
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.test_slow_money import arrive, choose, debit, dispute
from tests.money.test_world import with_funds

DAY = 86_400
SIGNALS = [one for one in vars(signals).values() if isinstance(one, NamedSignal)]


@contextmanager
def news() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every signal that is sent, by its name, without repeats."""
    told: list[tuple[str, dict[str, Any]]] = []
    ears = []
    for signal in SIGNALS:

        def listen(sender: Any, name: str = str(getattr(signal, "name", "")), **facts: Any) -> None:
            one = (name if isinstance(sender, Services) else f"{name}, sent by {sender!r}", facts)
            if one not in told:
                told.append(one)

        ears.append(listen)
        signal.connect(listen)
    try:
        yield told
    finally:
        for signal, ear in zip(SIGNALS, ears, strict=True):
            signal.disconnect(ear)


def only(told: list[tuple[str, dict[str, Any]]], *names: str) -> list[tuple[str, dict[str, Any]]]:
    """The news of these names."""
    return [one for one in told if one[0] in names]


def lines(logs: Any, event: str) -> list[dict[str, Any]]:
    """The log lines of one event, without its name and level, and without repeats."""
    found: list[dict[str, Any]] = []
    for line in logs:
        facts = {key: value for key, value in line.items() if key not in ("event", "log_level")}
        if line["event"] == event and facts not in found:
            found.append(facts)
    return found


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


def test_a_dispute_is_told_with_every_fact_and_its_end(market: Marketplace) -> None:
    """The end has an id of its own."""
    payment = market.paid()
    market.deliver()
    one = dispute(market, payment, amount=2000)
    reason = market.stripe.v1.disputes.retrieve(one).reason
    with news() as told, capture_logs() as logs:
        market.deliver()
        market.control("POST", f"/disputes/{one}/lose", {})
        market.deliver()

    facts = {"dispute_id": one, "payment_id": payment, "amount": 2000, "currency": "cad"}
    booked = len(market.stripe.v1.disputes.retrieve(one).balance_transactions)
    assert only(told, "dispute-opened", "dispute-closed") == [
        ("dispute-opened", {"id": one, **facts, "reason": reason, "status": "needs_response"}),
        ("dispute-closed", {"id": f"{one}:lost:{booked}", **facts, "outcome": "lost"}),
    ]
    assert lines(logs, "dispute.seen") == [
        {"status": status, "reason": reason, **facts} for status in ("needs_response", "lost")
    ]


def test_an_inquiry_and_its_escalation_are_two_pieces_of_news(market: Marketplace) -> None:
    """The first is a warning; the second a dispute of the same id at Stripe."""
    payment = market.paid()
    market.deliver()
    one = dispute(market, payment, inquiry=True)
    with news() as told:
        market.deliver()

    assert [(facts["id"], facts["status"]) for _, facts in only(told, "dispute-opened")] == [
        (one, "warning_needs_response")
    ]


def test_an_inquiry_that_is_closed_has_ended(market: Marketplace) -> None:
    """It is told as closed, with Stripe's word."""
    payment = market.paid()
    market.deliver()
    one = dispute(market, payment, inquiry=True)
    market.deliver()
    market.control("POST", f"/disputes/{one}/win", {})

    with news() as told:
        market.deliver()

    assert {facts["outcome"] for _, facts in only(told, "dispute-closed")} == {"warning_closed"}


def test_an_appeal_is_told_under_an_id_of_its_own(market: Marketplace) -> None:
    """With the word ``appeal``."""
    payment = market.paid()
    one = dispute(market, payment)
    market.control("POST", f"/disputes/{one}/lose", {})
    market.deliver()
    market.control("POST", f"/disputes/{one}/appeal", {})

    with news() as told:
        market.deliver()

    assert [facts["id"] for _, facts in only(told, "dispute-opened")] == [f"{one}:appeal"]


def test_a_dispute_without_a_payment_is_left_alone(market: Marketplace) -> None:
    """No call, no news."""
    market.dispute(market.paid())
    event = market.event("charge.dispute.created")
    event["data"]["object"]["payment_intent"] = None
    market.forget_calls()

    with news() as told:
        assert market.send(event) == 200

    assert (told, market.calls()) == ([], [])


def test_a_fraud_warning_is_told_and_told_again_when_it_is_over(market: Marketplace) -> None:
    """Each under an id of its own."""
    payment = market.paid()
    market.deliver()
    charge = market.charge(payment)
    warning = market.control("POST", "/early_fraud_warnings", {"charge": charge}).json
    with news() as told, capture_logs() as logs:
        market.deliver()
        event = market.event("radar.early_fraud_warning.created")
        event["data"]["object"]["actionable"] = False
        market.send(event)

    kind = warning["fraud_type"]
    facts = {"payment_id": payment, "charge_id": charge, "fraud_type": kind}
    assert only(told, "fraud-warning") == [
        ("fraud-warning", {"id": warning["id"], **facts, "actionable": True}),
        ("fraud-warning", {"id": f"{warning['id']}:over", **facts, "actionable": False}),
    ]
    assert lines(logs, "fraud.warned")[0] == {
        "payment": payment,
        "warning": warning["id"],
        "fraud_type": kind,
        "actionable": True,
    }


def test_a_fraud_warning_of_a_damaged_payment_is_told_and_a_strangers_is_not(market: Marketplace) -> None:
    """Ours is ours, readable or not."""
    payment = market.paid()
    market.deliver()
    market.control("POST", "/early_fraud_warnings", {"charge": market.charge(payment)})
    event = market.event("radar.early_fraud_warning.created")
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": ""}})
    with news() as told:
        market.send(event)
        market.stripe.v1.payment_intents.update(payment, {"metadata": {"app": ""}})
        market.send(event)
        event["data"]["object"]["payment_intent"] = None
        market.send(event)

    assert [name for name, _ in told] == ["fraud-warning"]


def test_a_declined_payment_is_told_by_its_attempt(market: Marketplace) -> None:
    """The id names the failed charge; a cancellation has none."""
    intent = market.buy()
    market.decline(intent)
    with news() as told, capture_logs() as logs:
        market.deliver()
        market.stripe.v1.payment_intents.cancel(intent["id"])
        market.deliver()

    (declined, canceled) = [facts for _, facts in only(told, "payment-failed")]
    charge = market.stripe.v1.charges.list({"payment_intent": intent["id"]}).data[0].id
    assert declined == {
        "id": f"{intent['id']}:{charge}",
        "payment_id": intent["id"],
        "status": "requires_payment_method",
        "code": "card_declined",
        "decline_code": "generic_decline",
    }
    assert (canceled["id"], canceled["status"]) in {
        (f"{intent['id']}:{charge}", "canceled"),
        (f"{intent['id']}:canceled", "canceled"),
    }
    assert lines(logs, "payment.failed")[0] == {
        "payment": intent["id"],
        "status": "requires_payment_method",
        "code": "card_declined",
    }


def test_a_purchase_that_was_given_up_untried_is_told_by_its_status(market: Marketplace) -> None:
    """There is no attempt to name."""
    intent = market.buy()
    market.stripe.v1.payment_intents.cancel(intent["id"])

    with news() as told:
        market.deliver()

    canceled = {
        "id": f"{intent['id']}:canceled",
        "payment_id": intent["id"],
        "status": "canceled",
        "code": None,
        "decline_code": None,
    }
    assert told == [("payment-failed", canceled)]


def test_a_strangers_declined_payment_is_no_news(market: Marketplace) -> None:
    """It has no marker."""
    stranger = market.stripe.v1.payment_intents.create({"amount": 5000, "currency": "cad"})
    market.stripe.v1.payment_intents.cancel(stranger.id)

    with news() as told:
        market.deliver()

    assert told == []


def test_a_debits_session_counts_from_the_event_that_says_when_it_was_paid(market: Marketplace) -> None:
    """The delivery comes two hours late; the session does not begin later for it."""
    market.ready_coach()
    payment = debit(market)
    market.clock.set(NOW + 3 * DAY)
    arrive(market, payment)
    event = market.event("payment_intent.succeeded")
    market.clock.advance(7_200)

    with news() as told:
        market.send(event)

    (session,) = [facts["session"] for name, facts in told if name == "session-opened"]
    assert session.created_at == "2026-11-05T15:00:00.000Z"


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
