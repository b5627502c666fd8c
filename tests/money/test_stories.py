"""Stories of people, damage and lost events: after a default sweep the coach holds the share of what is kept."""

from __future__ import annotations

import re

import pytest

from tests.builders import Marketplace
from tests.money.odd_money import arrive, choose, debit, dispute
from tests.money.stories import held_of, is_at_rest, lose_events, sweep_hourly
from tests.money.sweeping import DAY, HOUR, fund, send, swept

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
