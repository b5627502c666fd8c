"""The default sweep finds and mends what no event came for, whoever or whatever caused it."""

from __future__ import annotations

import pytest

from backend.services.reconcile.mark import Mark, write_mark
from backend.services.settlement.ledger import ledger_of
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.money.sweeping import DAY, HOUR, fund, heard, pay_by_hand, purchase_metadata, report, sell, send, services_of


def test_an_intent_that_is_paid_days_after_it_was_made_is_found(market: Marketplace) -> None:
    """Its money moves now, however old the intent is."""
    market.ready_coach()
    intent = market.buy()
    market.reconcile()
    market.clock.advance(4 * DAY)
    market.reconcile()
    market.pay(intent)

    market.reconcile()

    assert market.held(intent["id"]) == 4252


def test_a_dispute_that_is_won_after_two_months_pays_the_coach_again(market: Marketplace) -> None:
    """No event told of it."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    dispute = market.dispute(payment)
    market.deliver()
    market.reconcile()
    market.clock.advance(60 * DAY)
    market.reconcile()
    assert market.held(payment) == 0
    fund(market)
    market.control("POST", f"/disputes/{dispute}/win")

    with heard(signals.dispute_closed) as told:
        market.reconcile()

    assert market.held(payment) == 4252
    assert [(one["dispute_id"], one["outcome"]) for one in told] == [(dispute, "won")]


@pytest.mark.parametrize(
    "damage",
    [{"clips": ""}, {"days": "many"}, {"packagePrice": ""}, {"coachId": ""}, {"feePercent": "x"}, {}],
    ids=str,
)
def test_no_record_keeps_the_payments_behind_it_from_being_paid(market: Marketplace, damage: dict[str, str]) -> None:
    """Neither a damaged one, which is held by name, nor one without a transfer group."""
    market.ready_coach()
    metadata = {key: value for key, value in {**purchase_metadata(market), **damage}.items() if value}
    odd = sell(market, metadata)
    payments = [market.paid() for _ in range(2)]

    mended = {one.payment_id: one.state for one in market.reconcile()}

    assert [market.held(payment) for payment in payments] == [4252, 4252]
    if damage:
        assert mended[odd.id] == "held"
        assert (market.note(odd.id) or "").startswith("held:unreadable:")
    else:
        assert market.held(odd.id) == 4252


def test_a_transfer_made_by_hand_is_counted_by_sweep_ledger_and_settle(market: Marketplace) -> None:
    """It names the payment, and nothing else leads to it."""
    account = market.ready_coach()
    payment = market.paid()
    fund(market)
    transfer = pay_by_hand(market, account, paymentIntentId=payment)

    market.reconcile()
    books = ledger_of(services_of(market).client, services_of(market).registry, payment)
    market.settle(payment)

    assert (books.held, books.balances, books.by_hand) == (4252, True, 4252)
    assert [one["id"] for one in market.all("transfers") if one["destination"] == account] == [transfer.id]
    assert market.stripe.v1.payment_intents.retrieve(payment).metadata["alsoPaidBy"] == transfer.id


def test_a_hand_transfer_to_a_payment_older_than_the_window_is_remembered(market: Marketplace) -> None:
    """A second share is taken back from the coach, and the payment keeps the id."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.reconcile()
    market.clock.advance(10 * DAY)
    market.reconcile()
    fund(market)
    transfer = pay_by_hand(market, account, 1_000, note=f"for {payment}")

    market.reconcile()

    ours, by_hand = market.transfers(payment), market.stripe.v1.transfers.retrieve(transfer.id)
    held = sum(one.amount - one.amount_reversed for one in [*ours, by_hand])
    assert held == 4252
    assert market.stripe.v1.payment_intents.retrieve(payment).metadata["alsoPaidBy"] == transfer.id


def test_a_node_payment_that_we_paid_out_is_ours_when_it_is_refunded(market: Marketplace) -> None:
    """The coach does not keep the share of money that the player has back."""
    account = market.ready_coach()
    payment = market.node_payment()
    metadata = {"app": "coaching-payments", "paymentIntentId": payment, "coachId": "coach-1"}
    send(market, account, 4252, metadata, source_transaction=market.charge(payment))
    market.reconcile()
    market.clock.advance(12 * HOUR)
    market.reconcile()

    market.refund_in_dashboard(payment, 4725)
    market.reconcile()

    assert market.held(payment) == 0


def test_a_node_payment_that_nobody_here_paid_is_left_alone(market: Marketplace) -> None:
    """Refunded or not."""
    market.ready_coach()
    payment = market.node_payment()
    market.reconcile()
    market.refund_in_dashboard(payment, 1_000)

    assert report(market)["payments"] == []
    assert market.held(payment) == 0
    assert "app" not in market.stripe.v1.payment_intents.retrieve(payment).metadata


@pytest.mark.parametrize("booked", ["pending", "success"])
def test_a_bank_debit_is_paid_out_when_its_money_has_come(market: Marketplace, booked: str) -> None:
    """No event told of it; before, nothing is sent and no session opens."""
    market.control("POST", "/behaviour", {"debit_booked": booked})
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_acssDebit_success")
    with heard(signals.session_opened) as early:
        market.reconcile()
        market.clock.advance(2 * DAY)
        assert report(market)["carried"] == [intent["id"]]
    assert (early, market.held(intent["id"])) == ([], 0)
    market.clock.advance(3 * DAY)

    with heard(signals.session_opened) as told:
        market.reconcile()

    assert market.held(intent["id"]) == 4252
    assert [one["id"] for one in told] == [f"session_{intent['id'][3:]}"]
    market.clock.advance(2 * DAY)
    market.forget_calls()
    assert report(market)["payments"] == []
    assert len(market.calls()) < 17


def test_an_early_booked_debit_is_found_without_being_carried(market: Marketplace) -> None:
    """With nothing remembered of it and Search down."""
    market.control("POST", "/behaviour", {"debit_booked": "pending"})
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_acssDebit_success")
    market.clock.advance(6 * DAY)
    write_mark(services_of(market).client, Mark(exists=False), market.clock.now(), [], None, 0)
    market.fault("GET", "/v1/payment_intents/search", "before", {"status": 500}, times=10)

    market.reconcile()

    assert market.held(intent["id"]) == 4252


def test_a_debit_that_bounces_is_taken_back(market: Marketplace) -> None:
    """Its line in the books is all that tells of it."""
    market.control("POST", "/behaviour", {"debit_bounces_as": "failure"})
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_acssDebit_success")
    market.clock.advance(5 * DAY)
    market.reconcile()
    assert market.held(intent["id"]) == 4252
    market.clock.advance(12 * HOUR)
    market.reconcile()
    market.control("POST", f"/charges/{market.charge(intent['id'])}/bounce")

    market.reconcile()

    note = market.note(intent["id"]) or ""
    assert market.held(intent["id"]) == 0 or note.startswith("held:clawback_pending")


def test_a_refund_that_comes_back_weeks_later_pays_the_coach_again(market: Marketplace) -> None:
    """The refund is of a payment that no window shows any more."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, 4725)
    market.reconcile()
    assert market.held(payment) == 0
    market.clock.advance(40 * DAY)
    market.reconcile()
    fund(market)
    refund = market.refunds(payment)[0].id
    assert market.control("POST", f"/refunds/{refund}/fail").status_code == 200

    with heard(signals.refund_failed, signals.session_opened) as told:
        market.reconcile()

    assert market.held(payment) == 4252
    mine = {one["id"] for one in told if payment[3:] in one["id"] or refund in one["id"]}
    assert mine == {f"{refund}:failed", f"session_{payment[3:]}:{refund}", f"session_{payment[3:]}"}


def test_a_refund_on_its_way_is_carried_until_it_has_come_to_its_end(market: Marketplace) -> None:
    """Canceled weeks later, it leaves no line in the books."""
    market.control("POST", "/behaviour", {"refund_begins": "requires_action"})
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, 1_000)
    refund = market.refunds(payment)[0].id
    assert report(market)["carried"] == [refund]
    assert market.held(payment) == 3352
    market.clock.advance(10 * DAY)
    assert report(market)["carried"] == [refund]
    fund(market)
    market.stripe.v1.refunds.cancel(refund)

    assert report(market)["carried"] == []
    assert market.held(payment) == 4252


def test_a_reversal_by_hand_of_an_old_transfer_is_paid_again(market: Marketplace) -> None:
    """The reversal names no payment: one read finds it."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.reconcile()
    market.clock.advance(DAY)
    market.reconcile()
    transfer = market.transfers(payment)[0]
    market.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 1_000})
    fund(market)

    market.reconcile()

    assert market.held(payment) == 4252


def test_what_a_bounded_look_cannot_decide_the_sweep_decides(market: Marketplace) -> None:
    """One list per payee, to its last page."""
    account = market.ready_coach()
    payment = market.paid()
    for _ in range(12):
        fund(market)
    for _ in range(301):
        pay_by_hand(market, account, 1)
    market.clock.advance(2 * HOUR)
    assert market.settle(payment).note is not None
    assert (market.note(payment) or "").startswith("held:many_transfers")

    market.reconcile()

    assert (market.held(payment), market.note(payment)) == (4252, None)


def test_a_transfer_that_names_two_payments_holds_both(market: Marketplace) -> None:
    """A person has to say which it was for."""
    account = market.ready_coach()
    payments = [market.paid() for _ in range(2)]
    fund(market)
    pay_by_hand(market, account, note=" and ".join(payments))

    market.reconcile()

    notes = [market.note(payment) or "" for payment in payments]
    assert [note.split(":")[:2] for note in notes] == [["held", "unclear_transfers"]] * 2


def test_a_refund_by_hand_of_an_old_payment_is_taken_back(market: Marketplace) -> None:
    """And the session that it closes is told."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.reconcile()
    market.clock.advance(DAY)
    market.reconcile()
    market.refund_in_dashboard(payment, 4725)

    with heard(signals.session_revoked, signals.refund_made) as told:
        market.reconcile()

    refund = market.refunds(payment)[0].id
    assert market.held(payment) == 0
    assert {one["id"] for one in told} == {refund, f"session_{payment[3:]}:{refund}"}
