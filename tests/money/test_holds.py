"""Holds: no write and no second try before what ends the wait, and no wait after it."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services import Services
from backend.services.settlement.settle import Settlement
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.workers import Meanwhile

HOUR = 3_600
DAY = 24 * HOUR


def writes(market: Marketplace) -> list[str]:
    """The writes since the last ``forget_calls``."""
    return [call for call in market.calls() if not call.startswith("GET")]


def settle_quietly(market: Marketplace, payment: str) -> Settlement:
    """Settle, and see that nothing was written."""
    market.forget_calls()
    settlement = market.settle(payment)
    assert writes(market) == []
    return settlement


def adopt(market: Marketplace, payment: str) -> Settlement:
    """Settle a payment of the Node backend."""
    services: Services = market.app.extensions["payments"]
    return services.settler.settle(payment, adopt=True)


def write_note(market: Marketplace, payment: str, note: str) -> None:
    """Write the note that an earlier settle, or a person, left."""
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": note}})


def drain(market: Marketplace, account: str, leave: int) -> None:
    """Send a coach everything that the platform could transfer, but for ``leave``."""
    amount = market.available() - leave
    market.stripe.v1.transfers.create({"amount": amount, "currency": "cad", "destination": account})


def reversed_by_hand(market: Marketplace) -> str:
    """A payment whose transfer a person took back: the next one has to come from the platform's balance."""
    payment = market.paid()
    market.settle(payment)
    market.mature_funds()
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, {"amount": 4252})
    return payment


def test_a_coach_without_an_account(market: Marketplace) -> None:
    """Held until there is one; the slot is the payment's next."""
    payment = market.paid()

    first, second = market.settle(payment), settle_quietly(market, payment)

    assert market.note(payment) == f"held:no_account:0.0:{NOW}"
    for settlement in (first, second):
        assert (settlement.state, settlement.moved, settlement.transfers) == (MoneyState.HELD, 0, ())


def test_a_coach_whose_account_is_known_no_more(market: Marketplace) -> None:
    """There was one, and a transfer; the note names the second slot, and the transfer is told."""
    market.paid_available()
    market.deliver()
    market.ready_coach()
    payment = market.stripe.v1.payment_intents.list({}).data[0].id
    transfer = market.transfers(payment)[0]
    market.stripe.v1.transfers.reversals.create(transfer.id)
    market.stripe.v1.products.delete(market.stripe.v1.products.list({"active": False}).data[0].id)
    market.app = market.another_backend()

    settlement = market.settle(payment)

    assert market.note(payment) == f"held:no_account:1.0:{NOW}"
    assert [made.id for made in settlement.transfers] == [transfer.id]


def test_a_coach_who_registers_while_the_note_is_written(market: Marketplace) -> None:
    """Nothing would come to tell us: the account is read once more after the note."""
    payment = market.paid()

    with market.line.watched(Meanwhile(3, market.ready_coach)):
        settlement = market.settle(payment)

    assert (settlement.state, market.held(payment), market.note(payment)) == (MoneyState.SETTLED, 4252, None)


def test_a_coach_who_becomes_ready_while_the_note_is_written(market: Marketplace) -> None:
    """The refusal was true when Stripe gave it."""
    account = market.register()
    payment = market.paid()

    with market.line.watched(Meanwhile(3, lambda: market.onboard(account))):
        settlement = market.settle(payment)

    assert (settlement.state, market.held(payment), market.note(payment)) == (MoneyState.SETTLED, 4252, None)


def test_a_note_is_followed_by_one_look_and_no_more(market: Marketplace) -> None:
    """Only the coach's own state can have changed unseen; a balance is looked at by the next trigger."""
    account = market.ready_coach()
    payment = reversed_by_hand(market)
    drain(market, account, leave=0)
    market.forget_calls()

    market.settle(payment)

    assert market.calls()[-1] == f"POST /v1/payment_intents/{payment}"


def test_a_platform_balance_that_does_not_cover_it(market: Marketplace) -> None:
    """To the cent: a cent short it waits, and the cent ends the wait."""
    account = market.ready_coach()
    payment = reversed_by_hand(market)
    drain(market, account, leave=4251)

    settlement = market.settle(payment)
    note = f"held:platform_balance:1.0:{market.clock.now()}p:4252"
    assert (settlement.state, settlement.moved, market.note(payment)) == (MoneyState.HELD, 0, note)
    assert settlement.note is not None
    assert settlement.note.reason == Reason.PLATFORM_BALANCE
    assert [made.amount_reversed for made in settlement.transfers] == [4252]
    settle_quietly(market, payment)
    market.paid_available()
    drain(market, account, leave=4252)

    assert (market.settle(payment).moved, market.note(payment)) == (4252, None)


def test_money_of_another_currency_does_not_end_the_wait(market: Marketplace) -> None:
    """A balance has an entry a currency."""
    account = market.ready_coach()
    payment = reversed_by_hand(market)
    drain(market, account, leave=0)
    market.settle(payment)

    market.stripe.v1.payment_intents.create(
        {
            "amount": 900_000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_bypassPending",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )

    assert settle_quietly(market, payment).state == MoneyState.HELD


def test_a_hold_that_names_no_amount_is_tried(market: Marketplace) -> None:
    """Without one, any balance covers it; Stripe's refusal then says how much it is about."""
    account = market.ready_coach()
    payment = reversed_by_hand(market)
    drain(market, account, leave=0)
    write_note(market, payment, f"held:platform_balance:1.0:{market.clock.now()}")

    market.settle(payment)

    assert market.note(payment) == f"held:platform_balance:1.0:{market.clock.now()}p:4252"


def clawback(market: Marketplace) -> tuple[str, str]:
    """A refunded payment whose coach was paid out, and the coach's account; 4252 are owed."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(7 * DAY)
    market.refund(payment)
    market.deliver()
    return payment, account


def test_a_coachs_balance_that_does_not_cover_it(market: Marketplace) -> None:
    """The available part is taken at once, a further part not on the same day; the rest ends it, to the cent."""
    payment, account = clawback(market)
    market.paid_available()
    market.paid_available()
    note = market.note(payment)
    assert note == f"held:clawback_pending:0r0.0:{market.clock.now()}p:4252"
    market.stripe.v1.transfers.create({"amount": 4000, "currency": "cad", "destination": account})

    part = market.settle(payment)

    assert (part.state, part.moved, part.waits) == (MoneyState.HELD, -4000, -252)
    assert market.note(payment) == f"held:clawback_pending:0r1.0:{market.clock.now()}p:252"
    market.stripe.v1.transfers.create({"amount": 251, "currency": "cad", "destination": account})
    assert settle_quietly(market, payment).state == MoneyState.HELD
    market.stripe.v1.transfers.create({"amount": 1, "currency": "cad", "destination": account})
    assert (market.settle(payment).moved, market.note(payment)) == (-252, None)


def test_a_clawback_is_tried_once_a_day_all_the_same(market: Marketplace) -> None:
    """Stripe may back the coach's balance: after 20 hours, under a key of its own."""
    payment, _ = clawback(market)

    market.clock.advance(20 * HOUR)
    settle_quietly(market, payment)
    market.clock.advance(1)
    market.forget_calls()
    market.settle(payment)

    assert any(call.endswith("/reversals") for call in writes(market))
    assert market.note(payment) == f"held:clawback_pending:0r0.1:{market.clock.now()}p:4252"


def test_a_clawback_from_an_account_that_is_gone_goes_on_waiting(market: Marketplace) -> None:
    """Nothing is available there, and nothing breaks."""
    payment, account = clawback(market)
    market.stripe.v1.accounts.delete(account)

    assert settle_quietly(market, payment).state == MoneyState.HELD


def test_another_refusal_waits_an_hour(market: Marketplace) -> None:
    """Only a person can mend it, so asking at every trigger would be noise."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 400, "code": "weird", "message": "No."}, times=2)
    market.settle(payment)
    assert market.note(payment) == f"held:refused:0.0:{NOW}:4252"

    market.clock.advance(HOUR)
    settle_quietly(market, payment)
    market.clock.advance(1)

    assert (market.settle(payment).moved, market.note(payment)) == (4252, None)


def test_a_hold_on_another_slot_holds_nothing(market: Marketplace) -> None:
    """The note is about the step that it names."""
    market.ready_coach()
    payment = market.paid()
    write_note(market, payment, f"held:refused:1.0:{NOW}")

    assert market.settle(payment).moved == 4252


def test_a_hold_over_another_amount_holds_nothing(market: Marketplace) -> None:
    """A refund has changed what is owed since."""
    market.ready_coach()
    payment = market.paid()
    write_note(market, payment, f"held:refused:0.0:{NOW}:4251")

    assert market.settle(payment).moved == 4252


def test_a_payment_that_may_have_been_paid_by_hand(market: Marketplace) -> None:
    """The coach was sent money that names no payment: a person has to say what for. Then it goes on."""
    account = market.ready_coach()
    payment = market.node_payment()
    market.paid_available()
    by_hand = market.stripe.v1.transfers.create({"amount": 4252, "currency": "cad", "destination": account})

    settlement = adopt(market, payment)
    market.forget_calls()
    adopt(market, payment)

    assert writes(market) == []
    assert market.note(payment) == f"held:unclear_transfers:0.0:{NOW}"
    assert (settlement.state, settlement.transfers) == (MoneyState.HELD, ())
    assert settlement.payment is not None
    assert settlement.payment.intent.id == payment
    market.stripe.v1.transfers.update(by_hand.id, {"metadata": {"paymentIntentId": "pi_another"}})
    assert (adopt(market, payment).moved, market.note(payment)) == (4252, None)


@pytest.mark.parametrize("note", ["unknown:0.0:1", "held:coach_not_ready:0.0:1:4252", "held:no_account:0.0:1"])
def test_an_old_note_that_is_no_longer_true_is_taken_away(market: Marketplace, note: str) -> None:
    """The money is right, so there is nothing to say."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    write_note(market, payment, note)

    settlement: Any = market.settle(payment)

    assert (settlement.state, settlement.note, market.note(payment)) == (MoneyState.SETTLED, None, None)
