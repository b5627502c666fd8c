"""The default sweep finds and mends what no event came for, whoever or whatever caused it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import stripe
from blinker import NamedSignal

from backend import signals
from backend.server import create_app
from backend.services import Services
from backend.services.ledger import ledger_of
from backend.services.sweep_mark import Mark, read_mark, write_mark
from backend.sweep import SweepOptions, Swept, run_sweep
from tests.builders import STRIPE, Marketplace
from tests.money.workers import Interleaver
from tests.routes.test_commands import run

HOUR, DAY = 3_600, 86_400
MARK = "sweep_mark"


def services_of(market: Marketplace) -> Services:
    """The use cases of the marketplace's backend."""
    services: Services = market.app.extensions["payments"]
    return services


def swept(market: Marketplace, **options: Any) -> Swept:
    """Run a sweep; the default one unless said otherwise."""
    return run_sweep(services_of(market), SweepOptions(calls_per_second=1_000_000, **options))


def report(market: Marketplace, *words: str) -> dict[str, Any]:
    """The JSON of ``flask reconcile``."""
    answer: dict[str, Any] = json.loads(run(market, "reconcile", "--json", "--rate", "1000", *words)[1])
    return answer


@contextmanager
def heard(*kinds: NamedSignal) -> Iterator[list[dict[str, Any]]]:
    """What the host app is told."""
    told: list[dict[str, Any]] = []

    def hear(_sender: object, **facts: Any) -> None:
        told.append(facts)

    for kind in kinds:
        kind.connect(hear)
    try:
        yield told
    finally:
        for kind in kinds:
            kind.disconnect(hear)


def fund(market: Marketplace) -> None:
    """Give the platform money of its own that it can send at once."""
    for _ in range(2):
        market.pay(market.buy("coach-of-nobody"), "pm_card_bypassPending")


def sell(
    market: Marketplace, metadata: dict[str, str], card: str = "pm_card_visa", **more: Any
) -> stripe.PaymentIntent:
    """A payment made past the backend, with this metadata."""
    params: Any = {"amount": 4725, "currency": "cad", "metadata": metadata, "confirm": True, "payment_method": card}
    params |= {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}, **more}
    return market.stripe.v1.payment_intents.create(params)


def purchase_metadata(market: Marketplace) -> dict[str, str]:
    """The metadata of a purchase."""
    return market.stripe.v1.payment_intents.retrieve(market.buy()["id"]).metadata.to_dict()


def pay_by_hand(market: Marketplace, account: str, amount: int = 4252, **metadata: str) -> stripe.Transfer:
    """Somebody sends the coach money in the Dashboard: no group, no source."""
    return send(market, account, amount, metadata)


def send(market: Marketplace, account: str, amount: int, metadata: dict[str, str], **more: Any) -> stripe.Transfer:
    """A transfer made past the backend."""
    params: Any = {"amount": amount, "currency": "cad", "destination": account, "metadata": metadata, **more}
    return market.stripe.v1.transfers.create(params)


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
    """What lies between would never be looked at."""
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
    assert len(market.calls()) < 14


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
