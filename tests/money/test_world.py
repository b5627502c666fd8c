"""The world is wider than we are: people at the Dashboard, the old backend's leftovers, damage, and late answers."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from click.testing import Result

from backend.domain.states import MoneyState
from backend.services import Services
from backend.services.errors import Undecided
from backend.services.settlement.ledger import ledger_of
from backend.services.settlement.settle import Settlement
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.workers import Meanwhile
from tests.routes.test_webhooks import heard

HOUR = 3_600
DAY = 24 * HOUR


def services_of(market: Marketplace) -> Services:
    """The backend's use cases."""
    services: Services = market.app.extensions["payments"]
    return services


def flask(market: Marketplace, *words: str) -> Result:
    """Run a command of the backend."""
    result: Result = market.app.test_cli_runner().invoke(args=list(words))
    return result


def pay_by_hand(market: Marketplace, account: str, amount: int = 4252, **given: Any) -> str:
    """A person makes a transfer in the Dashboard; answers with its id."""
    params: Any = {"amount": amount, "currency": "cad", "destination": account, **given}
    return market.stripe.v1.transfers.create(params).id


def sent_to(market: Marketplace, account: str) -> int:
    """All that an account was sent and still holds, in minor units."""
    return sum(t["amount"] - t["amount_reversed"] for t in market.all("transfers") if t["destination"] == account)


def with_funds(market: Marketplace) -> None:
    """Money of another purchase is available on the platform's balance; its own coach is not known."""
    intent = market.buy(coach_id="somebody-else", packageType="subscription", packageId=None)
    market.pay(intent, "pm_card_bypassPending")


# People at the Dashboard.


@pytest.mark.parametrize("key", ["paymentIntentId", "payment_intent", "payment_intent_id", "for"])
def test_a_transfer_by_hand_that_names_the_payment_is_its_payment(market: Marketplace, key: str) -> None:
    """No group, no source: neither an event nor a late settle pays again, and the ledger counts it."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    pay_by_hand(market, account, metadata={key: payment})

    market.clock.advance(2 * HOUR)
    market.deliver()
    settled = market.settle(payment)

    assert (settled.state, settled.moved, sent_to(market, account)) == (MoneyState.SETTLED, 0, 4252)
    ledger = ledger_of(services_of(market).client, services_of(market).registry, payment)
    assert (ledger.balances, ledger.held, ledger.by_hand) == (True, 4252, 4252)


def test_a_part_paid_by_hand_leaves_the_rest(market: Marketplace) -> None:
    """The rest comes from the charge, under the second slot's key."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    pay_by_hand(market, account, 1000, metadata={"paymentIntentId": payment})
    market.clock.advance(2 * HOUR)

    assert market.settle(payment).moved == 3252
    assert sent_to(market, account) == 4252


def test_a_payment_made_by_hand_while_it_was_manual_is_found_when_it_is_not(market: Marketplace) -> None:
    """``--manual``, a transfer by hand, ``--auto``."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    assert flask(market, "settle", payment, "--manual").exit_code == 0
    pay_by_hand(market, account, metadata={"paymentIntentId": payment})
    market.deliver()

    result = flask(market, "settle", payment, "--auto")

    assert result.exit_code == 0, result.output
    assert sent_to(market, account) == 4252


def test_an_unnamed_transfer_made_while_a_person_was_here_has_to_be_explained(market: Marketplace) -> None:
    """It may be for this payment. Naming the payment, or saying that it is for none, settles the question."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    flask(market, "settle", payment, "--manual")
    gift = pay_by_hand(market, account)

    flask(market, "settle", payment, "--auto")

    assert market.note(payment).startswith("held:unclear_transfers:")
    assert sent_to(market, account) == 4252
    market.stripe.v1.transfers.update(gift, {"metadata": {"paymentIntentId": "none"}})
    assert market.settle(payment).moved == 4252


@pytest.mark.parametrize("damage", ["two payments", "another currency", "another coach"])
def test_a_transfer_that_names_the_payment_unclearly_holds_it(market: Marketplace, damage: str) -> None:
    """Each named payment waits for a person; nothing is sent and nothing taken back."""
    account, other = market.ready_coach(), market.ready_coach("coach-2")
    payment, second = market.paid(), market.paid()
    with_funds(market)
    metadata = {"paymentIntentId": f"{payment},{second}" if damage == "two payments" else payment}
    group = market.stripe.v1.payment_intents.retrieve(payment).transfer_group
    if damage == "another currency":
        market.stripe.v1.payment_intents.create(
            {
                "amount": 90_000,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_bypassPending",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
        pay_by_hand(market, account, metadata=metadata, currency="usd")
    else:
        to = other if damage == "another coach" else account
        pay_by_hand(market, to, metadata=metadata, transfer_group=group)
    market.clock.advance(2 * HOUR)

    first = market.settle(payment)

    assert (first.state, first.moved) == (MoneyState.HELD, 0)
    assert market.note(payment).startswith("held:unclear_transfers:")
    if damage == "two payments":
        assert market.settle(second).state == MoneyState.HELD


def test_an_event_of_a_hand_made_transfer_is_kept_on_the_payment(market: Marketplace) -> None:
    """Later looks find it by one read, wherever it went; here to the account that the coach had before."""
    account = market.ready_coach()
    payment = market.paid()
    with_funds(market)
    transfer = pay_by_hand(market, account, metadata={"paymentIntentId": payment})

    market.send(market.event("transfer.created"))

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
    assert metadata["alsoPaidBy"] == transfer
    assert sent_to(market, account) == 4252


def test_more_transfers_than_a_look_reads_are_left_to_the_sweep(market: Marketplace) -> None:
    """Three pages of the coach's transfers; the sweep reads them all."""
    account = market.ready_coach()
    payment = market.paid()
    for _ in range(5):
        with_funds(market)
    for _ in range(301):
        pay_by_hand(market, account, 1, metadata={"paymentIntentId": "none"})
    market.clock.advance(2 * HOUR)

    assert market.settle(payment).state == MoneyState.HELD
    assert market.note(payment).startswith("held:many_transfers:")
    market.reconcile()

    assert market.note(payment) is None
    assert market.held(payment) == 4252


# The session does not wait for the coach's money.


@pytest.mark.parametrize("effect", [{"status": 500, "cache": True}, {"status": 403}, "rate_limit", "close", "garbage"])
def test_the_session_is_told_whatever_becomes_of_the_coachs_money(market: Marketplace, effect: Any) -> None:
    """A stored 500, a key that may not create transfers: the delivery fails, and the player has the session."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", effect, times=3)

    with heard(signals.session_opened) as sessions:
        assert market.send(market.event("payment_intent.succeeded")) >= 500

    assert [told["session"].payment_intent_id for told in sessions] == [payment]


def test_a_subscriber_that_fails_does_not_keep_the_coachs_money_back(market: Marketplace) -> None:
    """The delivery is a 500, and the money has moved."""
    market.ready_coach()
    payment = market.paid()

    def broken(_sender: Any, **_facts: Any) -> None:
        raise KeyError("no such player")

    with signals.session_opened.connected_to(broken):
        assert market.send(market.event("payment_intent.succeeded")) == 500

    assert market.held(payment) == 4252


def test_a_session_is_told_when_the_refund_that_closed_it_fails(market: Marketplace) -> None:
    """Refunded in full before the success was handled; then the bank sends the refund back."""
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    market.stripe.v1.refunds.create({"payment_intent": intent["id"]})

    with heard(signals.session_opened) as sessions, heard(signals.session_revoked) as revoked:
        market.deliver()
        assert (len(sessions), {told["payment_id"] for told in revoked}) == (0, {intent["id"]})
        market.clock.advance(HOUR)
        market.deliver()

    assert {told["session"].payment_intent_id for told in sessions} == {intent["id"]}
    assert market.held(intent["id"]) == 4252


def test_a_failed_refund_is_told_as_failed(market: Marketplace) -> None:
    """An old event that says ``succeeded`` comes again: what is told is what Stripe says now."""
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    market.stripe.v1.refunds.create({"payment_intent": intent["id"], "amount": 1000})
    old = market.event("refund.created")
    market.clock.advance(HOUR)

    with heard(signals.refund_made) as made, heard(signals.refund_failed) as failed:
        market.deliver()
        market.send(old)

    assert made == []
    assert {(told["payment_id"], told["amount"], told["status"]) for told in failed} == {(intent["id"], 1000, "failed")}


def test_the_end_of_a_dispute_is_told_with_its_outcome(market: Marketplace) -> None:
    """The news differs from that of its beginning, and so does the id."""
    payment = market.paid()
    dispute = market.dispute(payment)
    with heard(signals.dispute_opened) as opened, heard(signals.dispute_closed) as closed:
        market.deliver()
        market.control("POST", f"/disputes/{dispute}/win")
        market.deliver()

    assert {told["id"] for told in opened} == {dispute}
    assert {(told["dispute_id"], told["outcome"]) for told in closed} == {(dispute, "won")}


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


# Late answers.


def settle_or_not(market: Marketplace, payment: str) -> Settlement | None:
    """Settle; None when it could not be decided."""
    try:
        return market.settle(payment)
    except (Undecided, stripe.StripeError):
        return None


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


# Refusals that last.


def test_a_capable_coach_whom_stripe_sends_nothing_is_asked_about_twice_and_acknowledged(market: Marketplace) -> None:
    """The capability is active and Stripe answers ``transfers_not_allowed``."""
    market.ready_coach()
    payment = market.paid()
    refusal: Any = {"status": 400, "code": "transfers_not_allowed", "message": "No.", "cache": True}
    market.fault("POST", "/v1/transfers", "before", refusal, times=100)
    market.forget_calls()

    answers = [market.send(market.event("payment_intent.succeeded")) for _ in range(3)]

    assert answers == [200, 200, 200]
    assert market.note(payment).startswith("held:transfers_not_allowed:")
    assert len(market.calls()) < 40


def test_a_refusal_and_then_a_partial_refund_is_no_unknown_outcome(market: Marketplace) -> None:
    """The refusal was seen to be pinned, so another amount under its key proves nothing new."""
    market.ready_coach()
    payment = market.paid()
    refusal: Any = {"status": 400, "code": "weird", "message": "No.", "cache": True}
    market.fault("POST", "/v1/transfers", "before", refusal)
    assert market.settle(payment).state == MoneyState.HELD

    market.refund_in_dashboard(payment, 1000)

    assert (market.settle(payment).state, market.held(payment)) == (MoneyState.SETTLED, 3725 - 373)


def test_a_waiting_share_is_answered_as_waiting(market: Marketplace) -> None:
    """The transfer was taken back by hand and the platform's balance is empty: a 409 that says so."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.mature_funds()
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, {"amount": 4252})
    pay_by_hand(market, account, market.available(), metadata={"paymentIntentId": "none"})
    claim = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}

    answer = market.post("/api/connect/transfer", claim)

    assert (answer.status_code, "balance" in answer.json["message"]) == (409, True)


def test_a_charge_that_arrives_in_another_currency_is_held_for_good(market: Marketplace) -> None:
    """A terminal answer, no ``Retry-After``; a person who pays by hand ends it."""
    account = market.ready_coach()
    market.control("POST", "/settlement", {"charges_in": "cad", "settle_in": "usd", "rate": "0.7"})
    payment = market.paid()
    market.deliver()
    claim = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}

    answer = market.post("/api/connect/transfer", claim)

    assert (answer.status_code, "Retry-After" in answer.headers) == (409, False)
    assert market.note(payment).startswith("held:settlement_currency:")
    market.clock.advance(30 * DAY)
    market.forget_calls()
    market.settle(payment)
    assert [call for call in market.calls() if call.startswith("POST")] == []


# Many, and one of them broken.


def test_one_stored_500_keeps_no_other_waiting_payment_back(market: Marketplace) -> None:
    """The coach becomes ready; the second of four payments fails; the event asks to come again."""
    account = market.register()
    payments = [market.paid() for _ in range(4)]
    market.deliver()
    market.clock.advance(HOUR)
    stored: Any = {"status": 500, "cache": True}
    market.sandbox.faults.add(
        {"match": {"method": "POST", "path": "/v1/transfers", "nth": 3}, "stage": "before", "effect": stored}
    )
    market.onboard(account)

    market.deliver()

    assert sorted(market.held(payment) for payment in payments) == [0, 4252, 4252, 4252]


def test_search_that_is_down_hides_no_payment_of_the_last_hour(market: Marketplace) -> None:
    """The event is delivered again for what only Search would find."""
    account = market.register()
    payment = market.paid()
    market.deliver()
    market.fault("GET", "/v1/payment_intents/search", "before", {"status": 500}, times=2)
    market.onboard(account)
    event = market.event_of(account, "account.updated")

    first = market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    assert (first, market.held(payment)) == (503, 4252)


# Money that takes days, or comes back.


def test_a_coachs_debt_is_taken_in_parts_one_a_day(market: Marketplace) -> None:
    """The whole is asked for, and where the balance does not cover it, what is there is taken."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.clock.advance(7 * DAY)
    market.refund(payment)
    market.deliver()
    assert market.note(payment).startswith("held:clawback_pending:0r0.0:")

    with_funds(market)
    taken = []
    for _ in range(3):
        pay_by_hand(market, account, 1000, metadata={"paymentIntentId": "none"})
        taken += [market.settle(payment).moved, market.settle(payment).moved]
        market.clock.advance(DAY)

    assert taken[:2] == [-1000, 0]
    assert sum(taken) < -1000
    assert market.note(payment).startswith("held:clawback_pending:")


def test_the_unknown_is_noted_once_and_keeps_its_time(market: Marketplace) -> None:
    """However often it is asked again meanwhile."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "cache": True})
    settle_or_not(market, payment)
    market.clock.advance(HOUR)
    settle_or_not(market, payment)

    assert market.note(payment) == f"unknown:0.0:{NOW}p"


def test_a_busy_platform_does_not_keep_a_ready_coach_waiting(market: Marketplace) -> None:
    """Hundreds of other players paid within the hour: the coach's own waiting payment comes first, in a few calls."""
    account = market.register()
    payment = market.paid()
    market.deliver()
    market.clock.advance(120)
    for _ in range(400):
        market.stripe.v1.payment_intents.create(
            {
                "amount": 1000,
                "currency": "cad",
                "confirm": True,
                "payment_method": "pm_card_visa",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
    market.onboard(account)
    event = market.event_of(account, "account.updated")
    market.forget_calls()

    answer = market.send(event, market.settings.stripe_connect_webhook_secrets[0])

    assert (answer, market.held(payment)) == (200, 4252)
    assert sum(call == "GET /v1/events" for call in market.calls()) <= 3


@pytest.mark.parametrize("code", ["resource_missing", "account_invalid"])
def test_a_payment_of_a_coach_whose_account_is_gone_is_held_and_answered_as_such(
    market: Marketplace, code: str
) -> None:
    """Deleted between purchase and payment. An operator binds the coach to another account and releases the payment."""
    market.control("POST", "/behaviour", {"gone_destination_code": code})
    account = market.ready_coach()
    payment = market.paid()
    market.stripe.v1.accounts.delete(account)

    market.deliver()

    assert market.note(payment).startswith("held:account_gone:")
    claim = {"paymentIntentId": payment, "coachAccountId": account, "amount": 4725}
    answer = market.post("/api/connect/transfer", claim)
    assert (answer.status_code, "Retry-After" in answer.headers) == (409, False)
    newer = market.stripe.v1.accounts.create(
        {
            "type": "express",
            "country": "CA",
            "email": "coach-1@example.com",
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"coachId": "coach-1", "app": "coaching-payments"},
        }
    ).id
    market.onboard(newer)
    rebound = flask(market, "coaches", "rebind", "coach-1", "--to", newer, "--why", "the old account was closed")
    assert rebound.exit_code == 0, rebound.output
    released = flask(market, "settle", payment, "--release", newer)
    assert released.exit_code == 0, released.output
    assert sent_to(market, newer) == 4252
