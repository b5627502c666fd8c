"""The world is wider than we are: people at the Dashboard, the old backend's leftovers, damage, and late answers."""

from __future__ import annotations

import pytest

from backend.domain.states import MoneyState
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.money.wide_world import HOUR, pay_by_hand, sent_to, services_of, settle_or_not, with_funds
from tests.money.workers import Meanwhile
from tests.routes.test_webhooks import heard

# Damage, and what Stripe invents.


def test_our_payment_without_a_group_is_settled(market: Marketplace) -> None:
    """A program copied our metadata, or a person made the intent: Stripe gives the group at the first transfer."""
    market.ready_coach()
    metadata = market.stripe.v1.payment_intents.retrieve(market.buy()["id"]).metadata.to_dict()
    bare = market.stripe.v1.payment_intents.create({"amount": 4725, "currency": "cad", "metadata": metadata})
    market.pay({"id": bare.id, "client_secret": bare.client_secret})

    market.clock.advance(2 * HOUR)
    market.deliver()

    assert market.held(bare.id) == 4252
    assert (market.settle(bare.id).state, market.held(bare.id)) == (MoneyState.SETTLED, 4252)


@pytest.mark.parametrize(
    "damage",
    [{"clips": ""}, {"days": "soon"}, {"feePercent": "a tenth"}, {"packageType": "bundle"}, {"packagePrice": ""}],
)
def test_a_marker_with_damaged_metadata_is_held_by_name(market: Marketplace, damage: dict[str, str]) -> None:
    """Not "not ours": told, noted, a 409 for the player; mended, it is paid."""
    market.ready_coach()
    intent = market.buy()
    whole = market.stripe.v1.payment_intents.retrieve(intent["id"]).metadata.to_dict()
    market.stripe.v1.payment_intents.update(intent["id"], {"metadata": damage})
    market.pay(intent)

    with heard(signals.transfer_held) as held:
        market.deliver()

    assert {(told["payment_id"], told["reason"]) for told in held} == {(intent["id"], "unreadable")}
    assert market.note(intent["id"]).startswith("held:unreadable:")
    assert market.confirm(intent["id"]).status_code == 409
    assert market.http.get(f"/api/payments/intent/{intent['id']}").status_code == 200
    market.stripe.v1.payment_intents.update(intent["id"], {"metadata": {key: whole[key] for key in damage}})
    assert (market.settle(intent["id"]).moved, market.note(intent["id"])) == (4252, None)


# Payments of the Node backend.


def test_a_node_payment_that_we_paid_is_ours_from_then_on(market: Marketplace) -> None:
    """Paid out by our route, refunded through us: the coach's part comes back."""
    account = market.ready_coach()
    payment = market.node_payment()
    claim = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}
    assert market.post("/api/connect/transfer", claim).status_code == 200

    assert market.refund(payment, amount=2000).status_code == 200
    market.deliver()

    assert market.held(payment) == 2725 - 273


def test_a_node_payment_that_an_earlier_version_paid_without_a_marker_is_ours_too(market: Marketplace) -> None:
    """Our own transfer on it says so."""
    account = market.ready_coach()
    payment = market.node_payment()
    market.stripe.v1.transfers.create(
        {
            "amount": 4252,
            "currency": "cad",
            "destination": account,
            "source_transaction": market.charge(payment),
            "metadata": {"app": "coaching-payments", "paymentIntentId": payment, "coachId": "coach-1"},
        }
    )

    market.refund_in_dashboard(payment, 4725)
    market.deliver()

    assert market.held(payment) == 0


def test_a_node_payment_paid_to_the_coachs_older_account_is_not_paid_again(market: Marketplace) -> None:
    """Adopting looks at every account of the coach's."""
    older = market.stripe.v1.accounts.create(
        {
            "type": "express",
            "country": "CA",
            "email": "old@example.com",
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"coachId": "coach-1"},
        }
    ).id
    market.onboard(older)
    payment = market.node_payment()
    with_funds(market)
    pay_by_hand(market, older, metadata={"paymentIntentId": payment})
    market.clock.advance(HOUR)
    newer = market.ready_coach("coach-9")
    market.stripe.v1.accounts.update(newer, {"metadata": {"coachId": "coach-1"}})

    adopted = services_of(market).settler.settle(payment, adopt=True)
    again = services_of(market).settler.settle(payment, adopt=True)

    assert [one.moved for one in (adopted, again)] == [0, 0]
    assert sent_to(market, older) + sent_to(market, newer) == 4252


def test_a_hold_never_vouches_for_a_stored_500(market: Marketplace) -> None:
    """Refused, then a 500 under the same key that comes true two hours later: paid once."""
    account = market.register()
    payment = market.paid()
    market.fault(
        "POST", "/v1/transfers", "before", {"status": 400, "code": "insufficient_capabilities_for_transfer"}, times=2
    )
    assert market.settle(payment).state == MoneyState.HELD
    market.onboard(account)
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "cache": True, "late": 2 * HOUR})

    for _ in range(3):
        assert settle_or_not(market, payment) is None
    market.clock.advance(2 * HOUR + 1)
    for _ in range(3):
        settle_or_not(market, payment)

    assert (sent_to(market, account), market.note(payment)) == (4252, None)


@pytest.mark.parametrize("ahead", [-4 * HOUR, 4 * HOUR])
def test_a_machine_whose_clock_is_hours_away_decides_by_stripes(market: Marketplace, ahead: int) -> None:
    """A stored 500 of a minute ago is not three hours old there either."""
    account = market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "cache": True, "late": 2 * HOUR})
    assert settle_or_not(market, payment) is None
    market.app = market.backend_with_clock(lambda: market.clock.now() + ahead)

    market.clock.advance(60)
    for _ in range(3):
        assert settle_or_not(market, payment) is None
    market.clock.advance(2 * HOUR)
    settle_or_not(market, payment)

    assert sent_to(market, account) == 4252


def test_a_person_who_pays_while_our_transfer_may_still_come_true(market: Marketplace) -> None:
    """A part by hand fills a slot, but not the one whose outcome is unknown: the rest waits for it."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "cache": True, "late": 2 * HOUR})
    assert settle_or_not(market, payment) is None
    pay_by_hand(market, account, 1000, metadata={"paymentIntentId": payment})

    assert settle_or_not(market, payment) is None
    market.clock.advance(4 * HOUR)
    settle_or_not(market, payment)

    assert sent_to(market, account) == 4252


def test_what_a_person_reverses_between_two_reads_is_not_taken_twice(market: Marketplace) -> None:
    """The amount that was reversed and the number of reversals come from one answer."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(2 * HOUR)
    market.refund_in_dashboard(payment, 1000)
    transfer = market.transfers(payment)[0].id

    def other_worker() -> None:
        market.stripe.v1.transfers.reversals.create(transfer, {"amount": 900})

    for call in range(2, 6):
        with market.line.watched(Meanwhile(call, other_worker if call == 2 else lambda: None)):
            settle_or_not(market, payment)

    assert sent_to(market, account) == 3725 - 373


@pytest.mark.parametrize("call", range(1, 5))
def test_a_full_refund_between_any_two_reads_sends_nothing(market: Marketplace, call: int) -> None:
    """The charge is read no earlier than the transfers that it is compared with."""
    market.ready_coach()
    payment = market.paid()
    market.clock.advance(2 * HOUR)
    leaves = 4  # before it the payee's transfers, the group's, and the payment around them are read

    with market.line.watched(Meanwhile(call, lambda: market.refund_in_dashboard(payment, 4725))):
        settle_or_not(market, payment)

    market.settle(payment)
    assert market.held(payment) == 0
    if call < leaves:
        assert market.transfers(payment) == []
