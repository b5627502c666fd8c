"""The memory of a sweep for the next one, its cost, and the work that no failure keeps it from."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from backend.server import create_app
from backend.services.reconcile.mark import Mark, read_mark, write_mark
from backend.webhooks import signals
from tests.builders import STRIPE, Marketplace
from tests.money.sweeping import (
    DAY,
    HOUR,
    fund,
    heard,
    pay_by_hand,
    purchase_metadata,
    report,
    sell,
    send,
    services_of,
    swept,
)
from tests.money.workers import Interleaver
from tests.routes.test_commands import run

MARK = "sweep_mark"


def test_the_sweep_goes_on_while_search_is_down(market: Marketplace) -> None:
    """It says so by name and by its exit code, and the payments are settled."""
    market.ready_coach()
    payment = market.paid()
    market.fault("GET", "/v1/payment_intents/search", "before", {"status": 500}, times=10)

    code, output = run(market, "reconcile", "--json", "--rate", "1000")

    assert market.held(payment) == 4252
    assert [one["name"] for one in json.loads(output)["unread"]] == ["search"]
    assert code == 1


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/refunds", "refunds"),
        ("/v1/accounts", "registry"),
        ("/v1/products/sweep_mark", "mark"),
    ],
)
def test_a_source_that_fails_keeps_none_of_the_others(market: Marketplace, path: str, name: str) -> None:
    """It is reported by its name."""
    market.ready_coach()
    payment = market.paid()
    market.fault("GET", path, "before", {"status": 500}, times=10)

    result = swept(market)

    assert market.held(payment) == 4252
    assert [one.name for one in result.findings.unread] == [name]


def test_a_window_that_was_not_read_to_its_end_does_not_move_the_mark(market: Marketplace) -> None:
    """The next sweep reads it again."""
    market.ready_coach()
    market.reconcile()
    before = read_mark(services_of(market).client).until
    market.clock.advance(2 * DAY)
    payment = market.paid()
    market.fault("GET", "/v1/balance_transactions", "before", {"status": 500}, times=10)

    result = swept(market)

    assert "window" in [one.name for one in result.findings.unread]
    assert read_mark(services_of(market).client).until == before
    market.sandbox.faults.clear()
    market.clock.advance(2 * DAY)
    market.reconcile()
    assert market.held(payment) == 4252


@pytest.mark.parametrize("ahead", [4 * HOUR, -4 * HOUR, 400 * DAY])
def test_the_clock_of_the_machine_decides_nothing(market: Marketplace, ahead: int) -> None:
    """The mark is Stripe's time, and what was paid before and after it is found."""
    market.ready_coach()
    services = services_of(market)
    settings = replace(market.settings, stripe_api_base=STRIPE)
    market.app = create_app(settings, http_client=market.line, clock=lambda: market.clock.now() + ahead)
    first = market.paid()
    market.reconcile()
    assert read_mark(services.client).until == market.clock.now()
    market.clock.advance(3 * HOUR)
    second = market.paid()
    market.clock.advance(HOUR)
    market.reconcile()

    assert [market.held(one) for one in (first, second)] == [4252, 4252]
    assert read_mark(services.client).until == market.clock.now()


@pytest.mark.parametrize("loss", ["deleted", "damaged", "in the future"])
def test_a_lost_mark_costs_a_longer_look(market: Marketplace, loss: str) -> None:
    """35 days are looked through, and a new mark is left."""
    market.ready_coach()
    payment = market.paid()
    market.clock.advance(30 * DAY)
    client = services_of(market).client
    write_mark(client, Mark(exists=False), market.clock.now(), [], None, 0)
    keys = read_mark(client).keys
    future = str(market.clock.now() + 90 * DAY)
    if loss == "deleted":
        market.stripe.v1.products.delete(MARK)
    else:
        text = "x" if loss == "damaged" else future
        market.stripe.v1.products.update(MARK, {"metadata": dict.fromkeys(keys, text)})

    market.reconcile()

    assert market.held(payment) == 4252
    assert read_mark(client).until == market.clock.now()


def test_a_shorter_look_does_not_move_the_mark(market: Marketplace) -> None:
    """The mark stays, for what lies between would never be looked at."""
    market.ready_coach()
    market.reconcile()
    market.clock.advance(2 * DAY)
    payment = market.paid()
    market.clock.advance(2 * DAY)

    swept(market, since_seconds=HOUR)
    assert market.held(payment) == 0
    market.reconcile()

    assert market.held(payment) == 4252


def test_what_failed_is_tried_first_the_next_time_however_late_that_is(market: Marketplace) -> None:
    """The mark moves on; the payment is carried by its id."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", "rate_limit", times=10)
    first = report(market)
    market.sandbox.faults.clear()
    market.clock.advance(10 * DAY)
    market.paid()

    second = report(market)

    assert first["carried"] == [payment]
    assert (second["payments"][0]["payment"], second["payments"][0]["moved"]) == (payment, 4252)
    assert second["carried"] == []
    assert report(market)["payments"] == []


def test_a_subscriber_that_fails_is_told_again_by_the_next_sweep(market: Marketplace) -> None:
    """The money does not wait for it, and the window may have passed."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    def refuse(_sender: object, **_facts: Any) -> None:
        raise KeyError("the host app's own")

    with signals.session_opened.connected_to(refuse):
        failed = report(market)
    market.clock.advance(10 * DAY)
    with heard(signals.session_opened) as told:
        report(market)

    assert (failed["carried"], failed["payments"][0]["reason"]) == ([payment], "KeyError")
    assert [one["id"] for one in told] == [f"session_{payment[3:]}"]


def test_sessions_and_refunds_of_the_window_are_told_at_no_call(market: Marketplace) -> None:
    """Also of payments that balance; and not any more when the window has passed."""
    market.ready_coach()
    market.reconcile()
    payments = [market.paid() for _ in range(2)]
    market.deliver()
    market.refund(payments[0], amount=1_000)
    market.deliver()
    market.forget_calls()

    with heard(signals.session_opened, signals.refund_made) as told:
        market.reconcile()
    calls = len(market.calls())
    market.clock.advance(HOUR)
    market.reconcile()
    market.clock.advance(4 * HOUR)
    market.reconcile()
    market.clock.advance(HOUR)
    with heard(signals.session_opened, signals.refund_made) as later:
        market.reconcile()

    refund = market.refunds(payments[0])[0].id
    assert {one["id"] for one in told} == {refund, *(f"session_{one[3:]}" for one in payments)}
    assert calls < 10
    assert later == []


def test_a_dry_run_remembers_and_tells_nothing(market: Marketplace) -> None:
    """Neither a mark nor a note on a payment is written."""
    account = market.ready_coach()
    payment = market.paid()
    fund(market)
    pay_by_hand(market, account, 1_000, paymentIntentId=payment)
    market.forget_calls()

    with heard(signals.session_opened) as told:
        owed = {one.payment_id: one.moved for one in swept(market, dry_run=True).mended}

    assert {call.split()[0] for call in market.calls()} == {"GET"}
    assert (told, owed[payment]) == ([], 3252)
    assert not read_mark(services_of(market).client).exists


@pytest.mark.parametrize("schedule", [[0, 1] * 60, [1, 0, 0] * 60, [0] * 12 + [1] * 200, [1] * 9 + [0] * 200])
def test_two_sweeps_at_once_pay_once_and_lose_no_id(market: Marketplace, schedule: list[int]) -> None:
    """Each clears only what it has read."""
    market.ready_coach()
    payments = [market.paid() for _ in range(2)]
    waits = market.buy()
    market.pay(waits, "pm_acssDebit_success")
    market.clock.advance(HOUR)  # until Search knows of it
    interleaver = Interleaver(schedule)

    with market.line.watched(interleaver):
        interleaver.run([lambda: swept(market), lambda: swept(market)])

    assert [market.held(payment) for payment in payments] == [4252, 4252]
    assert [len(market.transfers(payment)) for payment in payments] == [1, 1]
    mark = read_mark(services_of(market).client)
    assert (mark.until, set(mark.carried)) == (market.clock.now(), {waits["id"]})


def test_the_mark_only_moves_forward_and_keeps_what_it_has_room_for(market: Marketplace) -> None:
    """A sweep that began earlier and ends later takes nothing back; too many ids mean a second look from there."""
    client = services_of(market).client
    now = market.clock.now()
    write_mark(client, Mark(exists=False), now - 100, ["pi_1"], None, 0)
    early, late = read_mark(client), read_mark(client)
    write_mark(client, late, now, ["pi_1", "re_2"], None, 0)
    write_mark(client, early, now - 50, ["pi_3"], None, 0)
    both = read_mark(client)
    many = [f"pi_{number:024}" for number in range(1_000)]
    write_mark(client, both, now, many, None, now - 5_000)
    full = read_mark(client)

    assert (both.until, set(both.carried), both.again) == (now, {"pi_1", "re_2", "pi_3"}, None)
    assert full.carried == tuple(many[: len(full.carried)])
    assert len(full.carried) > 200
    assert full.start == min(now - 3 * HOUR, now - 5_000)


def test_two_thousand_balanced_payments_cost_under_ten_calls_a_hundred(market: Marketplace) -> None:
    """Every page of the books counted, and everything else."""
    account = market.ready_coach()
    metadata = purchase_metadata(market)
    for number in range(2_000):
        intent = sell(market, metadata, transfer_group=f"group-{number}")
        marks = {"app": "coaching-payments", "paymentIntentId": intent.id, "coachId": "coach-1", "slot": "0"}
        send(market, account, 4252, marks, source_transaction=str(intent.latest_charge))
    market.forget_calls()

    result = swept(market)

    assert (result.looked_at, result.mended) == (2_000, [])
    assert len(market.calls()) < 200


def test_a_balanced_payment_whose_charge_has_a_refund_and_a_reversal_costs_no_look(market: Marketplace) -> None:
    """The books show all of it."""
    market.ready_coach()
    payments = [market.paid() for _ in range(5)]
    market.deliver()
    for payment in payments:
        market.refund(payment, amount=1_000)
    market.deliver()
    assert [market.held(payment) for payment in payments] == [3352] * 5
    market.forget_calls()

    assert report(market)["payments"] == []
    assert [call for call in market.calls() if "/v1/payment_intents/pi_" in call] == []
