"""Results of settle: the state, the note, the log line, and the keys that it writes under."""

from __future__ import annotations

from structlog.testing import capture_logs

from backend.domain.settlement import Note, Reason
from backend.domain.states import MoneyState
from tests.builders import Marketplace
from tests.conftest import NOW

HOUR = 3_600


def test_a_payment_that_is_settled(market: Marketplace) -> None:
    """It says what was sent, in the result and in a log line with every fact that a person asks for."""
    account = market.ready_coach()
    payment = market.paid()

    with capture_logs() as logs:
        settlement = market.settle(payment)

    transfer = market.transfers(payment)[0]
    assert (settlement.state, settlement.moved, settlement.note) == (MoneyState.SETTLED, 4252, None)
    assert settlement.payment is not None
    assert settlement.payment.intent.id == payment
    assert [made.id for made in settlement.transfers] == [transfer.id]
    assert logs == [
        {
            "event": "transfer.made",
            "log_level": "info",
            "payment": payment,
            "amount": 4252,
            "currency": "cad",
            "transfer": transfer.id,
            "destination": account,
        }
    ]


def test_a_payment_that_was_settled_before(market: Marketplace) -> None:
    """Its transfers are told, nothing moves, and there is nothing to log."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)

    with capture_logs() as logs:
        settlement = market.settle(payment)

    assert (settlement.state, settlement.moved) == (MoneyState.SETTLED, 0)
    assert [made.id for made in settlement.transfers] == [market.transfers(payment)[0].id]
    assert logs == []


def test_money_that_is_taken_back(market: Marketplace) -> None:
    """It counts against what was moved, and the line names the reversal."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    market.mature_funds()
    market.refund_in_dashboard(payment, 2000)

    with capture_logs() as logs:
        settlement = market.settle(payment)

    transfer = market.transfers(payment)[0]
    reversal = market.stripe.v1.transfers.reversals.list(transfer.id).data[0]
    assert (settlement.state, settlement.moved) == (MoneyState.SETTLED, -1800)
    assert logs == [
        {
            "event": "transfer.taken_back",
            "log_level": "info",
            "payment": payment,
            "amount": 1800,
            "currency": "cad",
            "transfer": transfer.id,
            "reversal": reversal.id,
        }
    ]


def test_every_write_has_the_key_of_its_slot(market: Marketplace) -> None:
    """The payment and how many transfers it has; the transfer and how many reversals it has."""
    market.ready_coach()
    payment = market.paid()
    market.forget_calls()
    market.settle(payment)
    market.mature_funds()
    for refunded in (1000, 500):
        market.refund_in_dashboard(payment, refunded)
        market.settle(payment)

    transfer = market.transfers(payment)[0].id
    assert market.money_keys() == [f"transfer:{payment}:0", f"reversal:{transfer}:0", f"reversal:{transfer}:1"]


def test_a_coach_who_is_not_ready(market: Marketplace) -> None:
    """Held, with Stripe's own words in the log; the second time nothing new is said."""
    market.register()
    payment = market.paid()

    with capture_logs() as logs:
        first = market.settle(payment)
    with capture_logs() as silence:
        second = market.settle(payment)

    note = Note(MoneyState.HELD, Reason.COACH_NOT_READY, "0", 0, NOW, 4252, pinned=True)
    for settlement in (first, second):
        assert (settlement.state, settlement.note, settlement.moved) == (MoneyState.HELD, note, 0)
        assert settlement.payment is not None
        assert settlement.payment.intent.id == payment
        assert settlement.transfers == ()
    assert market.note(payment) == f"held:coach_not_ready:0.0:{NOW}p:4252"
    said = logs[0].pop("said")
    assert said.startswith("Your destination account needs to have at least one of the following capabilities")
    assert logs == [
        {
            "event": "stripe.refused",
            "log_level": "warning",
            "payment": payment,
            "code": "insufficient_capabilities_for_transfer",
        },
        {
            "event": "settlement.held",
            "log_level": "warning",
            "payment": payment,
            "reason": "coach_not_ready",
            "amount": 4252,
        },
    ]
    assert silence == []


def test_a_refusal_without_code_or_text(market: Marketplace) -> None:
    """Stripe's errors may have neither."""
    market.ready_coach()
    payment = market.paid()
    refusal = {"status": 400, "body": {"error": {"type": "invalid_request_error"}}}
    market.fault("POST", "/v1/transfers", "before", refusal, times=2)

    with capture_logs() as logs:
        market.settle(payment)

    assert market.note(payment) == f"held:refused:0.0:{NOW}:4252"
    assert (logs[0]["code"], logs[0]["said"]) == ("", "")


def test_what_is_not_there_and_what_is_not_ours(market: Marketplace) -> None:
    """Nothing happens; a payment of the Node backend is ours only when adopted."""
    market.ready_coach()
    foreign = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"}).id
    node = market.node_payment()
    market.forget_calls()

    for payment in ("pi_000000000000000000000000", foreign):
        settlement = market.settle(payment)
        assert (settlement.state, settlement.payment) == (MoneyState.NOT_OURS, None)
    settlement = market.settle(node)
    assert settlement.state == MoneyState.NOT_OURS
    assert settlement.payment is not None
    assert settlement.payment.intent.id == node
    assert {call.split()[0] for call in market.calls()} == {"GET"}


def test_a_payment_that_is_not_paid(market: Marketplace) -> None:
    """There is nothing to divide."""
    intent = market.buy()

    settlement = market.settle(intent["id"])

    assert settlement.state == MoneyState.NOT_PAID
    assert settlement.payment is not None
    assert settlement.payment.intent.id == intent["id"]


def test_a_payment_that_a_person_settles(market: Marketplace) -> None:
    """Its note says so."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": "manual"}})

    settlement = market.settle(payment)

    assert (settlement.state, settlement.note, settlement.transfers) == (MoneyState.MANUAL, Note(MoneyState.MANUAL), ())
    assert settlement.payment is not None
    assert settlement.payment.intent.id == payment


def test_the_sweep_always_reads_the_list(market: Marketplace) -> None:
    """Only the payment's own success may take its transfers to be none."""
    market.ready_coach()
    payment = market.paid()
    market.forget_calls()

    market.settle(payment)

    assert market.calls()[:2] == [f"GET /v1/payment_intents/{payment}", "GET /v1/transfers"]
