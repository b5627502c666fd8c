"""How settle ends and what it says of it: the result, the note, the log line, and the keys that it writes under."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from backend.domain.settlement import HELD, MANUAL, Note, Reason
from backend.services import Services
from backend.services.errors import Undecided
from backend.services.settlement import NOT_OURS, NOT_PAID, SETTLED
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.workers import Meanwhile

HOUR = 3_600


def refund_in_dashboard(market: Marketplace, payment: str, amount: int) -> None:
    """Nobody tells the backend."""
    market.stripe.v1.refunds.create({"payment_intent": payment, "amount": amount})


def keys(market: Marketplace) -> list[str | None]:
    """The idempotency keys of all writes that move money, in order."""
    moves = ("/v1/transfers", "/reversals")
    return [call.idempotency_key for call in market.sandbox.requests if call.method == "POST" and _ends(call, moves)]


def _ends(call: Any, ends: tuple[str, ...]) -> bool:
    return bool(call.path.endswith(ends))


def test_a_payment_that_is_settled(market: Marketplace) -> None:
    """What was sent, and a log line with every fact that a person asks for."""
    account = market.ready_coach()
    payment = market.paid()

    with capture_logs() as logs:
        settlement = market.settle(payment)

    transfer = market.transfers(payment)[0]
    assert (settlement.state, settlement.moved, settlement.note) == (SETTLED, 4252, None)
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

    assert (settlement.state, settlement.moved) == (SETTLED, 0)
    assert [made.id for made in settlement.transfers] == [market.transfers(payment)[0].id]
    assert logs == []


def test_money_that_is_taken_back(market: Marketplace) -> None:
    """It counts against what was moved, and the line names the reversal."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    market.mature_funds()
    refund_in_dashboard(market, payment, 2000)

    with capture_logs() as logs:
        settlement = market.settle(payment)

    transfer = market.transfers(payment)[0]
    reversal = market.stripe.v1.transfers.reversals.list(transfer.id).data[0]
    assert (settlement.state, settlement.moved) == (SETTLED, -1800)
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
        refund_in_dashboard(market, payment, refunded)
        market.settle(payment)

    transfer = market.transfers(payment)[0].id
    assert keys(market) == [f"transfer:{payment}:0", f"reversal:{transfer}:0", f"reversal:{transfer}:1"]


def test_a_coach_who_is_not_ready(market: Marketplace) -> None:
    """Held, with Stripe's own words in the log; the second time nothing new is said."""
    market.register()
    payment = market.paid()

    with capture_logs() as logs:
        first = market.settle(payment)
    with capture_logs() as silence:
        second = market.settle(payment)

    note = Note(HELD, Reason.COACH_NOT_READY, "0", 0, NOW, 4252)
    for settlement in (first, second):
        assert (settlement.state, settlement.note, settlement.moved) == (HELD, note, 0)
        assert settlement.payment is not None
        assert settlement.payment.intent.id == payment
        assert settlement.transfers == ()
    assert market.note(payment) == f"held:coach_not_ready:0.0:{NOW}:4252"
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
    market.fault(
        "POST", "/v1/transfers", "before", {"status": 400, "body": {"error": {"type": "invalid_request_error"}}}
    )

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
        assert (settlement.state, settlement.payment) == (NOT_OURS, None)
    settlement = market.settle(node)
    assert settlement.state == NOT_OURS
    assert settlement.payment is not None
    assert settlement.payment.intent.id == node
    assert {call.split()[0] for call in market.calls()} == {"GET"}


def test_a_payment_that_is_not_paid(market: Marketplace) -> None:
    """There is nothing to divide."""
    intent = market.buy()

    settlement = market.settle(intent["id"])

    assert settlement.state == NOT_PAID
    assert settlement.payment is not None
    assert settlement.payment.intent.id == intent["id"]


def test_a_payment_that_a_person_settles(market: Marketplace) -> None:
    """Its note says so."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": "manual"}})

    settlement = market.settle(payment)

    assert (settlement.state, settlement.note, settlement.transfers) == (MANUAL, Note(MANUAL), ())
    assert settlement.payment is not None
    assert settlement.payment.intent.id == payment


def test_the_sweep_always_reads_the_list(market: Marketplace) -> None:
    """Only the payment's own success may take its transfers to be none."""
    market.ready_coach()
    payment = market.paid()
    market.forget_calls()

    market.settle(payment)

    assert market.calls()[:2] == [f"GET /v1/payment_intents/{payment}", "GET /v1/transfers"]


def test_an_unknown_outcome_names_its_slot_and_generation(market: Marketplace) -> None:
    """A stored 500, and three hours later another under the next generation; each is logged as it happens."""
    market.ready_coach()
    payment = market.paid()
    stored: Any = {"status": 500, "cache": True}
    market.fault("POST", "/v1/transfers", "before", stored)

    with capture_logs() as logs, pytest.raises(Undecided):
        market.settle(payment)
    assert market.note(payment) == f"unknown:0.0:{NOW}"
    market.clock.advance(3 * HOUR + 1)
    market.fault("POST", "/v1/transfers", "before", stored)
    market.forget_calls()
    with pytest.raises(Undecided):
        market.settle(payment)

    assert logs == [
        {"event": "settlement.unknown", "log_level": "warning", "payment": payment, "slot": "0", "generation": 0}
    ]
    assert market.note(payment) == f"unknown:0.1:{NOW + 3 * HOUR + 1}"
    assert list(dict.fromkeys(keys(market))) == [f"transfer:{payment}:0", f"transfer:{payment}:0:g1"]


def test_an_unknown_reversal_names_the_transfers_slot(market: Marketplace) -> None:
    """``0r0``: the first reversal of the first transfer."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    market.mature_funds()
    refund_in_dashboard(market, payment, 2000)
    market.fault("POST", r"/v1/transfers/\w+/reversals", "before", {"status": 500, "cache": True})

    with pytest.raises(Undecided):
        market.settle(payment)

    assert market.note(payment) == f"unknown:0r0.0:{market.clock.now()}"


def test_a_fresh_500_never_climbs_a_generation(market: Marketplace) -> None:
    """However long the outcome has been unknown: this answer is new, and may still come true."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": f"unknown:0.0:{NOW - 9 * HOUR}"}})
    market.fault("POST", "/v1/transfers", "before", {"status": 500}, times=2)
    market.forget_calls()

    with pytest.raises(Undecided):
        market.settle(payment)

    assert set(keys(market)) == {f"transfer:{payment}:0"}
    assert market.transfers(payment) == []


def test_a_500_before_the_list_was_read_is_asked_again_after_it(market: Marketplace) -> None:
    """It was not stored, so the same key pays now, in the same delivery."""
    market.ready_coach()
    payment = market.paid()
    event = market.event("payment_intent.succeeded")
    market.fault("POST", "/v1/transfers", "before", {"status": 500}, times=2)

    assert market.send(event) == 200

    assert (market.held(payment), market.note(payment)) == (4252, None)


def test_a_key_that_another_view_took_leads_to_another_look(market: Marketplace) -> None:
    """Between the list and the write somebody else transferred a part under the same key."""
    account = market.ready_coach()
    payment = market.paid()
    charge = market.charge(payment)

    def other_view() -> None:
        part: Any = {"amount": 1000, "currency": "cad", "destination": account, "source_transaction": charge}
        market.stripe.v1.transfers.create(part, {"idempotency_key": f"transfer:{payment}:0"})

    with market.line.watched(Meanwhile(2, other_view)):
        settlement = market.settle(payment)

    assert (settlement.state, settlement.moved) == (SETTLED, 3252)
    assert [transfer.amount for transfer in market.transfers(payment)] == [1000, 3252]


def test_a_request_in_flight_is_left_to_the_one_who_sent_it(market: Marketplace) -> None:
    """Stripe says 409 as often as it is asked: come again later, and note nothing."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 409, "code": "idempotency_key_in_use"}, times=4)

    with pytest.raises(Undecided):
        market.settle(payment)

    assert (market.note(payment), market.transfers(payment)) == (None, [])


@pytest.mark.parametrize("effect", ["garbage", "empty_200", "rate_limit", {"status": 403}, {"status": 401}])
def test_an_answer_that_says_nothing_of_the_money_leaves_no_note(market: Marketplace, effect: Any) -> None:
    """It is raised as it came; the same key is safe to repeat."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", effect, times=2)

    with pytest.raises(stripe.StripeError):
        market.settle(payment)
    market.sandbox.faults.clear()

    assert market.note(payment) is None
    assert market.settle(payment).moved == 4252


def test_an_account_that_is_gone_is_a_refusal_and_no_fault_of_the_key(market: Marketplace) -> None:
    """403 ``account_invalid``: no other 403 is about the payment."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 403, "code": "account_invalid", "message": "Gone."})

    with capture_logs() as logs:
        market.settle(payment)

    assert market.note(payment) == f"held:refused:0.0:{NOW}:4252"
    assert (logs[0]["code"], logs[0]["said"]) == ("account_invalid", "Gone.")


def test_the_services_are_told_when_a_payment_cannot_be_brought_to_rest(market: Marketplace) -> None:
    """A payment that changes with every look is left after eight, for the next trigger."""
    services: Services = market.app.extensions["payments"]
    market.ready_coach()
    payment = market.paid()
    market.mature_funds()
    refunds = iter(range(1, 40))

    class RefundedAtEveryWrite:
        """A cent goes back to the player before each transfer or reversal leaves."""

        def before(self) -> None:
            if next(refunds) % 2:
                refund_in_dashboard(market, payment, 20)

        def after(self) -> None:
            """Nothing happens on this side."""

    with market.line.watched(RefundedAtEveryWrite()), pytest.raises(Undecided):
        services.settler.settle(payment)

    assert 0 <= market.held(payment) <= 4252
