"""News of disputes, fraud warnings and declined payments: every fact, and the log line beside it."""

from __future__ import annotations

from structlog.testing import capture_logs

from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.news_heard import DAY, lines, news, only
from tests.money.odd_money import arrive, debit, dispute


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
        market.control("POST", f"/disputes/{one}/lose", {})  # the bank is not content with the answer
        market.deliver()

    assert [(facts["id"], facts["status"]) for _, facts in only(told, "dispute-opened")] == [
        (one, "warning_needs_response"),
        (f"{one}:escalated", "needs_response"),
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
