"""Stories of people, damage and lost events: after a default sweep the coach holds the share of what is kept."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.money.sweeping import DAY, HOUR, fund, send, swept
from tests.money.test_slow_money import arrive, choose, debit, dispute, share
from tests.money.test_world import flask


def lose_events(market: Marketplace) -> None:
    """From now on no webhook arrives."""
    rule = {"match": {"type": "*"}, "effect": "drop"}
    assert market.control("POST", "/delivery_rules", rule).status_code == 200


def sweep_hourly(market: Marketplace, hours: int) -> None:
    """Let hours pass, each with the default sweep at its end; none of them runs away."""
    for _ in range(hours):
        market.clock.advance(HOUR)
        market.forget_calls()
        swept(market)
        assert len(market.calls()) < 80, market.calls()


def held_of(market: Marketplace, payment: str) -> int:
    """All that was sent for the payment, by its source or by its name, and is not taken back."""
    charges = {one["id"] for one in market.all("charges") if one["payment_intent"] == payment}
    return sum(
        one["amount"] - one["amount_reversed"]
        for one in market.all("transfers")
        if one["source_transaction"] in charges
        or (not one["source_transaction"] and any(payment in text for text in one["metadata"].values()))
    )


def is_at_rest(market: Marketplace, payment: str, kept: int = 4725) -> None:
    """The share is held, nothing waits, and a further sweep writes nothing."""
    assert (held_of(market, payment), market.note(payment)) == (share(kept), None)
    market.forget_calls()
    swept(market)
    assert [call for call in market.calls() if not call.startswith("GET")] == []


# Transfers by hand, and what becomes of their names.


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("hours", [1, 30])
@pytest.mark.parametrize(("before", "after"), [("", "first"), ("first", ""), ("first", "second")])
def test_a_hand_transfer_that_is_named_anew_counts_for_the_payment_that_it_names_now(
    market: Marketplace, before: str, after: str, hours: int, lost: bool
) -> None:
    """The name is added, removed or changed, lately or a day ago; the sweep sees it where the event is lost."""
    account = market.ready_coach()
    fund(market)
    market.deliver()
    if lost:
        lose_events(market)
    names = {"": "", "first": market.paid(), "second": market.paid()}
    transfer = send(market, account, 4252, {"paymentIntentId": names[before]} if before else {})
    market.deliver()
    sweep_hourly(market, 1)
    market.clock.advance((hours - 1) * HOUR)
    sweep_hourly(market, 1)

    market.stripe.v1.transfers.update(transfer.id, {"metadata": {"paymentIntentId": names[after]}})
    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, names["first"])
    is_at_rest(market, names["second"])


def test_an_event_that_takes_a_name_away_pays_the_payment_that_had_it(market: Marketplace) -> None:
    """Without any sweep: the event says whom the transfer named before."""
    account = market.ready_coach()
    fund(market)
    market.deliver()
    payment = market.paid()
    transfer = send(market, account, 4252, {"paymentIntentId": payment})
    market.clock.advance(2 * HOUR)
    market.deliver()
    market.stripe.v1.transfers.update(transfer.id, {"metadata": {"paymentIntentId": "none"}})

    market.deliver()

    assert market.held(payment) == 4252
    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
    assert metadata.get("alsoPaidBy", "").count(transfer.id) <= 1


@pytest.mark.parametrize("lost", [False, True])
def test_a_wrong_payee_that_was_taken_back_holds_nothing_any_more(market: Marketplace, lost: bool) -> None:
    """Another coach was paid by hand; a person reverses it all, and the right one is paid."""
    market.ready_coach()
    other = market.ready_coach("coach-2")
    fund(market)
    market.deliver()
    payment = market.paid()
    if lost:
        lose_events(market)
    transfer = send(market, other, 4252, {"paymentIntentId": payment})
    market.clock.advance(2 * HOUR)
    market.deliver()
    sweep_hourly(market, 1)
    assert str(market.note(payment)).startswith("held:unclear_transfers:")

    market.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 2000})
    market.deliver()
    sweep_hourly(market, 1)
    assert str(market.note(payment)).startswith("held:unclear_transfers:")
    market.stripe.v1.transfers.reversals.create(transfer.id, {})
    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, payment)


def test_an_unnamed_transfer_that_was_taken_back_needs_no_explanation(market: Marketplace) -> None:
    """It was made while a person settled the payment."""
    account = market.ready_coach()
    fund(market)
    payment = market.paid()
    flask(market, "settle", payment, "--manual")
    transfer = send(market, account, 4252, {})
    flask(market, "settle", payment, "--auto")
    assert str(market.note(payment)).startswith("held:unclear_transfers:")

    market.stripe.v1.transfers.reversals.create(transfer.id, {})
    sweep_hourly(market, 1)

    is_at_rest(market, payment)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("how", ["card", "debit"])
def test_a_hand_transfer_before_the_money_came_is_not_paid_again(market: Marketplace, how: str, lost: bool) -> None:
    """The payment succeeds hours or days later."""
    account = market.ready_coach()
    fund(market)
    market.deliver()
    if lost:
        lose_events(market)
    intent = {"id": debit(market)} if how == "debit" else market.buy()
    payment = str(intent["id"])
    send(market, account, 4252, {"paymentIntentId": payment})
    market.deliver()
    sweep_hourly(market, 5)
    market.clock.advance(3 * DAY)
    sweep_hourly(market, 1)
    if how == "debit":
        arrive(market, payment)
    else:
        market.pay(intent)
    market.clock.advance(2 * HOUR)

    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, payment)


def test_a_hand_transfer_to_an_account_of_an_earlier_binding_that_is_gone_counts(market: Marketplace) -> None:
    """The registry remembers whose it was: what was sent on top comes back."""
    fund(market)
    payment = market.paid("coach-7")
    earlier = market.register("coach-7")
    market.onboard(earlier)
    send(market, earlier, 4252, {"paymentIntentId": payment})
    params: Any = {"type": "express", "country": "CA", "email": "coach-7@example.com"}
    params |= {"capabilities": {"transfers": {"requested": True}}, "metadata": {"coachId": "coach-7"}}
    newer = market.stripe.v1.accounts.create(params).id
    market.onboard(newer)
    bound = flask(market, "coaches", "rebind", "coach-7", "--to", newer, "--why", "the old account was closed")
    assert bound.exit_code == 0, bound.output
    market.stripe.v1.accounts.delete(earlier)
    market.clock.advance(2 * HOUR)

    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, payment)


@pytest.mark.parametrize("amount", [None, 1000, 4251])
def test_what_a_person_takes_back_without_an_event_is_paid_again(market: Marketplace, amount: int | None) -> None:
    """Wholly or in part."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    fund(market)
    lose_events(market)
    params: Any = {"amount": amount} if amount else {}
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, params)

    sweep_hourly(market, 1)

    is_at_rest(market, payment)


# Damage.


@pytest.mark.parametrize("paid_first", [False, True])
@pytest.mark.parametrize(
    "note",
    [
        "garbage",
        " ",
        "held:",
        "held:refused:0.0:999999999999",
        "held:transfers_not_allowed:0.0:999999999999p:4252",
        "held:settlement_currency:0.0:1:4252",
        "held:platform_balance:0.0:1:999999999999",
        "held:clawback_pending:0r0.0:999999999999:900",
        "unknown:0.0:999999999999p",
        "unknown:9.0:999999999999",
        "held:refused:0.999999:1p:4252",
    ],
)
def test_a_damaged_note_decides_nothing_and_goes_away(market: Marketplace, note: str, paid_first: bool) -> None:
    """Nonsense, a time far ahead, or a reason that is not true: the next sweep settles all the same."""
    market.ready_coach()
    payment = market.paid()
    if paid_first:
        market.deliver()
        market.refund_in_dashboard(payment, 1000)
    lose_events(market)
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": note}})

    sweep_hourly(market, 1)

    is_at_rest(market, payment, 3725 if paid_first else 4725)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alsoPaidBy", "garbage,,x y,../balance,tr_x/reversals,é"),
        ("paidAt", "999999999999"),
        ("coachAccountId", ""),
        ("coachKey", ""),
        ("coachId", "nobody"),
        ("packagePrice", "1"),
        ("transferAmount", "1"),
        ("settlementMode", "x"),
        ("refundSeen", "x"),
    ],
)
def test_damage_that_says_nothing_of_the_money_changes_nothing_of_it(market: Marketplace, key: str, value: str) -> None:
    """A field is damaged after the coach was paid, and then a part is refunded."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(120)
    market.stripe.v1.payment_intents.update(payment, {"metadata": {key: value}})
    market.refund_in_dashboard(payment, 1000)

    market.deliver()
    sweep_hourly(market, 1)

    is_at_rest(market, payment, 3725)


@pytest.mark.parametrize(("key", "bad"), [("feePercent", "200"), ("clips", ""), ("days", "-1"), ("coachId", "")])
def test_damage_that_is_mended_is_settled_by_the_next_sweep(market: Marketplace, key: str, bad: str) -> None:
    """Refunded meanwhile, and no event comes."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    lose_events(market)
    whole = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()[key]
    market.stripe.v1.payment_intents.update(payment, {"metadata": {key: bad}})
    market.refund_in_dashboard(payment, 1000)
    sweep_hourly(market, 2)
    assert re.match("held:unreadable:", str(market.note(payment)))

    market.stripe.v1.payment_intents.update(payment, {"metadata": {key: whole}})
    sweep_hourly(market, 1)

    is_at_rest(market, payment, 3725)


# Money that was there and is not.


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_a_returned_debit_is_taken_back_although_a_declined_card_hides_it(
    market: Marketplace, late: bool, lost: bool
) -> None:
    """The player tries to pay again and is declined; late: only when the coach's balance has money again."""
    choose(market, debit_bounces_as="failure", bounce_reopens_intent=True)
    account = market.ready_coach()
    payment = debit(market)
    arrive(market, payment)
    market.deliver()
    market.clock.advance(8 * DAY if late else HOUR)
    if lost:
        lose_events(market)
    market.control("POST", f"/charges/{market.charge(payment)}/bounce", {})
    market.deliver()
    market.control("POST", f"/payment_intents/{payment}/pay", {"card": "pm_card_visa_chargeDeclined"})
    market.deliver()
    sweep_hourly(market, 1)
    if late:
        assert str(market.note(payment)).startswith("held:clawback_pending:")
        fund(market)
        send(market, account, 4252, {"paymentIntentId": "none"})
        sweep_hourly(market, 1)

    is_at_rest(market, payment, 0)


def test_a_won_dispute_that_came_back_at_another_rate_took_nothing(market: Marketplace) -> None:
    """The charge was settled in another currency, of which less came back: the whole share waits."""
    market.ready_coach()
    market.control("POST", "/settlement", {"charges_in": "cad", "settle_in": "usd", "rate": "0.7"})
    payment = market.paid()
    opened = dispute(market, payment)
    market.deliver()
    market.control("POST", "/settlement", {"charges_in": "cad", "settle_in": "usd", "rate": "0.6"})
    market.control("POST", f"/disputes/{opened}/win")

    market.deliver()
    sweep_hourly(market, 1)

    note = str(market.note(payment))
    assert (note.startswith("held:settlement_currency:"), note.endswith(":4252")) == (True, True)


@pytest.mark.parametrize("kind", ["sourced", "named", "nothing"])
def test_adopting_looks_past_the_mark_and_pays_what_node_did_not(market: Marketplace, kind: str) -> None:
    """Hourly sweeps have passed by the payment for a day; from then on its refunds are taken back."""
    account = market.ready_coach()
    fund(market)
    payment = market.node_payment()
    if kind == "sourced":
        send(market, account, 4252, {}, source_transaction=market.charge(payment))
    elif kind == "named":
        send(market, account, 4252, {"paymentIntentId": payment})
    market.deliver()
    sweep_hourly(market, 2)
    market.clock.advance(DAY)
    sweep_hourly(market, 1)
    assert held_of(market, payment) == (0 if kind == "nothing" else 4252)

    swept(market, adopt=True)

    is_at_rest(market, payment)
    lose_events(market)
    fund(market)
    send(market, account, 1000, {"paymentIntentId": "none"})  # so that the coach's balance covers what comes back
    market.refund_in_dashboard(payment, 1000)
    sweep_hourly(market, 1)
    is_at_rest(market, payment, 3725)


@pytest.mark.parametrize("status", [400, 402, 403])
@pytest.mark.parametrize("stored", [False, True])
def test_a_refusal_of_any_status_that_ends_is_followed_by_the_payment(
    market: Marketplace, status: int, stored: bool
) -> None:
    """Pinned under the key or not: two hours later the next sweeps pay, with no key waiting for Stripe to forget it."""
    market.ready_coach()
    market.deliver()
    payment = market.paid()
    lose_events(market)
    effect = {"status": status, "message": "No.", "cache": stored}
    market.fault("POST", "/v1/transfers", "before", effect, times=100)
    sweep_hourly(market, 1)
    market.sandbox.faults.clear()

    sweep_hourly(market, 2)

    is_at_rest(market, payment)
