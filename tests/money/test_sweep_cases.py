"""Each kind of payment that a sweep meets has its end: told, remembered, settled or left."""

from __future__ import annotations

import pytest

from backend.commands.sweep import SweepOptions, run_sweep
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.money.news_heard import news
from tests.money.noted import UnseenDisputes
from tests.money.sweep_ends import ends
from tests.money.sweeping import fund, heard, pay_by_hand, purchase_metadata, sell, send, services_of, swept


def test_a_dispute_that_the_charge_does_not_show_is_remembered(market: Marketplace) -> None:
    """No event told of it; later looks read the payment's disputes."""
    market.line = UnseenDisputes(market.sandbox)
    market.app = market.another_backend()
    market.ready_coach()
    payment = market.paid()
    market.dispute(payment)

    ends(market)

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert (metadata.to_dict().get("disputeSeen"), market.held(payment)) == ("true", 0)
    assert "refundSeen" not in metadata


def test_a_dispute_that_the_charge_does_not_show_is_taken_back_and_remembered(market: Marketplace) -> None:
    """No event told of it and the share was sent: the books show the dispute, and that is enough."""
    market.control("POST", "/behaviour", {"dispute_marks_charge": False})
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    assert market.held(payment) == 4252
    market.dispute(payment)

    ends(market)

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert (metadata.to_dict().get("disputeSeen"), market.held(payment)) == ("true", 0)


def test_a_refund_that_the_charge_does_not_show_is_remembered(market: Marketplace) -> None:
    """No event told of it; later looks read the payment's refunds."""
    market.control("POST", "/behaviour", {"refund_waits_for_balance": True, "pending_refund_counts": False})
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, 4725)

    ends(market)

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert (metadata.to_dict().get("refundSeen"), market.held(payment)) == ("true", 0)
    assert "disputeSeen" not in metadata


def test_a_payment_that_nothing_happened_to_remembers_nothing(market: Marketplace) -> None:
    """Neither a refund nor a dispute is written down that there was not."""
    market.ready_coach()
    payment = market.paid()

    ends(market)

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert {"refundSeen", "disputeSeen"}.isdisjoint(metadata.to_dict())


def test_the_transfers_of_a_coach_are_listed_once_for_all_payments(market: Marketplace) -> None:
    """One list of the payee's, however many of the coach's payments wait."""
    market.ready_coach()
    for _ in range(3):
        market.paid()
    market.forget_calls()

    ends(market)

    assert market.calls().count("GET /v1/transfers") == 1 + 3  # and the group of each


@pytest.mark.parametrize("adopt", [False, True])
def test_a_node_payment_is_settled_only_where_a_person_adopts(market: Marketplace, adopt: bool) -> None:
    """In a dry run it is then owed; otherwise it is not ours."""
    market.ready_coach()
    payment = market.node_payment()

    dry = {one.payment_id: one for one in swept(market, payments=(payment,), adopt=adopt, dry_run=True).mended}
    mended = {one.payment_id: one for one in swept(market, payments=(payment,), adopt=adopt).mended}

    assert (dry[payment].state, dry[payment].moved) == (("owed", 4252) if adopt else ("not_ours", 0))
    assert (mended[payment].state, mended[payment].moved) == (("settled", 4252) if adopt else ("not_ours", 0))
    assert market.held(payment) == (4252 if adopt else 0)


def test_an_unadopted_node_payment_tells_nothing(market: Marketplace) -> None:
    """Not its session, and not its refund: the Node backend tells these."""
    market.ready_coach()
    payment = market.node_payment()
    market.refund_in_dashboard(payment, 1_000)

    with news() as told:
        ends(market)

    assert [name for name, facts in told if payment[3:] in str(facts)] == []


def test_an_adopted_node_payment_tells_its_refund_once_it_is_ours(market: Marketplace) -> None:
    """After it was settled: before, it was not ours to tell of."""
    account = market.ready_coach()
    payment = market.node_payment()
    metadata = {"app": "coaching-payments", "paymentIntentId": payment, "coachId": "coach-1"}
    send(market, account, 4252, metadata, source_transaction=market.charge(payment))
    market.refund_in_dashboard(payment, 1_000)

    with news() as told:
        mended = ends(market)

    refund = market.refunds(payment)[0].id
    assert mended[payment].moved == -900
    assert [facts["id"] for name, facts in told if name == "refund-made"] == [refund]


def test_a_dry_run_says_what_the_next_run_moves(market: Marketplace) -> None:
    """Of a payment that we paid for and that another backend sold, too."""
    account = market.ready_coach()
    payment = market.node_payment()
    metadata = {"app": "coaching-payments", "paymentIntentId": payment, "coachId": "coach-1"}
    send(market, account, 4252, metadata, source_transaction=market.charge(payment))
    market.refund_in_dashboard(payment, 1_000)

    dry = ends(market, dry_run=True)[payment]

    assert (dry.state, dry.moved, dry.currency) == ("owed", -900, "cad")
    assert ends(market)[payment].moved == -900


def test_a_damaged_record_is_held_by_name_and_nothing_is_told_of_it(market: Marketplace) -> None:
    """A dry run says the same."""
    market.ready_coach()
    odd = sell(market, {**purchase_metadata(market), "clips": "many"})

    dry = ends(market, dry_run=True)[odd.id]
    with news() as told:
        mended = ends(market)[odd.id]

    assert (dry.state, dry.reason) == (mended.state, mended.reason) == ("held", "unreadable")
    assert [name for name, facts in told if "session" in name] == []


def test_a_hand_made_transfer_is_written_down_before_the_payment_is_settled(market: Marketplace) -> None:
    """The rest goes out beside it; a second sweep finds nothing to do."""
    account = market.ready_coach()
    payment = market.paid()
    fund(market)
    by_hand = pay_by_hand(market, account, 1_000, paymentIntentId=payment)

    mended = ends(market)[payment]

    assert (mended.state, mended.moved) == ("settled", 3252)
    assert market.stripe.v1.payment_intents.retrieve(payment).metadata["alsoPaidBy"] == by_hand.id
    assert payment not in ends(market)


def test_an_inquiry_is_told_although_it_took_no_money(market: Marketplace) -> None:
    """It has no line in the books: the payment's own disputes are asked for."""
    market.ready_coach()
    payment = market.paid()
    market.control("POST", "/disputes", {"charge": market.charge(payment), "inquiry": True})

    with heard(signals.dispute_opened) as told:
        ends(market)

    assert [(one["payment_id"], one["status"]) for one in told] == [(payment, "warning_needs_response")]


def test_a_dispute_of_the_books_is_told_once(market: Marketplace) -> None:
    """Not again for being among the payment's disputes."""
    market.ready_coach()
    payment = market.paid()
    market.dispute(payment)

    with heard(signals.dispute_opened) as told:
        ends(market)

    assert [one["payment_id"] for one in told] == [payment]


def test_payments_given_by_id_are_settled_once_each(market: Marketplace) -> None:
    """In the order in which they were given; nothing else is looked for, and no mark moves."""
    market.ready_coach()
    first, second, third = (market.paid() for _ in range(3))
    market.forget_calls()

    result = run_sweep(services_of(market), SweepOptions((second, first, second), calls_per_second=1_000_000))

    assert [one.payment_id for one in result.mended] == [second, first]
    assert (result.looked_at, result.carried, result.registry) == (2, (), None)
    assert market.held(third) == 0
    assert "GET /v1/balance_transactions" not in market.calls()


def test_money_that_waits_is_told_with_its_reason(market: Marketplace) -> None:
    """Each sweep tells it under the same id."""
    payment = market.paid()

    with heard(signals.transfer_held) as told:
        first, second = ends(market)[payment], ends(market)[payment]

    assert (first.state, first.reason) == (second.state, second.reason) == ("held", "no_account")
    assert {(one["payment_id"], one["reason"]) for one in told} == {(payment, "no_account")}
    assert len({one["id"] for one in told}) == 1


def test_a_payment_that_is_gone_is_not_ours(market: Marketplace) -> None:
    """An id that nothing stands behind ends there."""
    mended = swept(market, payments=("pi_000000000000000000000000",)).mended

    assert [(one.state, one.moved, one.currency, one.reason) for one in mended] == [("not_ours", 0, "", "")]
