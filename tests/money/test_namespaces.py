"""Two deployments on one Stripe account do not meet: neither pays, refunds, tells of, or takes over what is the other's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from blinker import NamedSignal

from backend.domain.namespace import Namespace
from backend.webhooks import signals
from tests.builders import key_of
from tests.money.deployments import ADDRESS, DAY, SHARE, A, B, Deployments
from tests.money.sweeping import heard
from tests.routes.test_commands import run


@pytest.fixture(params=[(A, B), (B, A), (B, Namespace("c"))], ids=["unnamed-b", "b-unnamed", "b-c"])
def pair(request: pytest.FixtureRequest) -> tuple[Deployments, Namespace, Namespace]:
    """Two deployments in either order, the first in use."""
    first, second = request.param
    return Deployments(first, second), first, second


Pair = tuple[Deployments, Namespace, Namespace]


ALL = [value for value in vars(signals).values() if isinstance(value, NamedSignal)]


def test_coaches_of_one_id_are_two_coaches(pair: Pair) -> None:
    """Each player's coach is paid, whichever deployment the other coach registered with first."""
    market, first, second = pair
    one = market.ready_coach("7")
    market.use(second)
    other = market.register("7", email="another@example.com")
    market.onboard(other)
    market.deliver()
    assert other != one

    market.paid("7")
    market.deliver()
    assert (market.holds(one), market.holds(other)) == (0, SHARE)

    market.use(first)
    market.paid("7")
    market.deliver()
    assert (market.holds(one), market.holds(other)) == (SHARE, SHARE)


def test_a_coach_of_the_other_is_not_frozen_into_a_purchase(pair: Pair) -> None:
    """A coach who registered only with the first is paid nothing by the second, not by its sweep either."""
    market, _, second = pair
    account = market.ready_coach("7")
    market.use(second)
    payment = market.paid("7")
    market.deliver()
    market.sweep()

    assert "coachAccountId" not in market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert market.holds(account) == 0
    assert str(market.note(payment)).startswith("held:no_account")


def test_a_payment_of_the_other_is_none_for_every_route(pair: Pair) -> None:
    """Not confirmed, read, refunded or transferred; neither is the account shown."""
    market, _, second = pair
    account = market.ready_coach("7")
    payment = market.paid("7")
    market.use(second)
    transfer = {"paymentIntentId": payment, "coachStripeAccountId": account, "amount": 4725}

    assert market.confirm(payment, coachId="7").status_code == 404
    assert market.http.get(f"/api/payments/payment/{payment}").status_code == 404
    assert market.refund(payment).status_code == 404
    assert market.post("/api/connect/transfer", transfer).status_code in (400, 404)
    assert market.http.get(f"/api/connect/account/{account}").status_code == 404
    assert market.holds(account) == 0
    assert not market.stripe.v1.refunds.list().data


def test_one_idempotency_key_of_two_deployments_is_two_purchases_and_two_refunds(pair: Pair) -> None:
    """Key and group are each deployment's own."""
    market, first, second = pair
    made = {}
    for namespace in (first, second):
        market.use(namespace)
        body = market.order("7", customerEmail="pat@example.com")
        answer = market.post("/api/payments/create-intent", body, Idempotency_Key=key_of("the-same"))
        assert answer.status_code == 200, answer.json
        made[namespace.name] = answer.json["paymentIntent"]
        market.pay(made[namespace.name])

    intents = [market.stripe.v1.payment_intents.retrieve(one["id"]) for one in made.values()]
    assert len({one.id for one in intents}) == len({one.transfer_group for one in intents}) == 2
    assert len({one.customer for one in intents}) == 2
    for namespace in (first, second):
        market.use(namespace)
        body = {"paymentIntentId": made[namespace.name]["id"], "amount": 100}
        assert market.post("/api/payments/refund", body, Idempotency_Key=key_of("one-more")).status_code == 200
    assert [one.amount for one in market.stripe.v1.refunds.list().data] == [100, 100]


@pytest.mark.parametrize("key", [None, "the-same"], ids=["no key", "a key"])
def test_a_refund_that_is_asked_for_again_is_one_refund(pair: Pair, key: str | None) -> None:
    """It is known again by this deployment's marker, and its part of the share is taken back once."""
    market, _, second = pair
    market.use(second)
    market.ready_coach("7")
    payment = market.paid("7")
    market.deliver()
    keys = {"Idempotency_Key": key_of(key)} if key else {}
    body = {"paymentIntentId": payment, "amount": 1000}

    answers = [market.post("/api/payments/refund", body, **keys) for _ in range(2)]
    market.deliver()

    (refund,) = market.stripe.v1.refunds.list().data
    assert [one.status_code for one in answers] == [200, 200 if key else 409]
    assert {one.json["refund"]["id"] for one in answers} == {refund.id}
    assert refund.metadata.to_dict().items() >= second.mark.items()
    assert market.held(payment) == SHARE - 900


def test_a_customer_of_the_other_is_not_used_and_a_foreign_one_is(pair: Pair) -> None:
    """One customer for each email address and deployment; one without a marker is anybody's."""
    market, first, second = pair
    market.buy("7", customerEmail="a@example.com")
    market.buy("7", customerEmail="a@example.com")
    market.use(second)
    market.buy("7", customerEmail="a@example.com")
    market.buy("7", customerEmail="a@example.com")
    assert len(market.stripe.v1.customers.list({"email": "a@example.com"}).data) == 2

    market.stripe.v1.customers.create({"email": "b@example.com"})
    for namespace in (first, second):
        market.use(namespace)
        market.buy("7", customerEmail="b@example.com")
    assert len(market.stripe.v1.customers.list({"email": "b@example.com"}).data) == 1


def test_each_sweep_settles_its_own_and_counts_the_others(pair: Pair) -> None:
    """With every event lost: nothing of the other's is settled or told, and each keeps a mark of its own."""
    market, first, second = pair
    accounts, payments = {}, {}
    for namespace in (first, second):
        market.use(namespace)
        accounts[namespace.name] = market.ready_coach("7")
    for namespace in (first, second):
        market.use(namespace)
        payments[namespace.name] = market.paid("7")
    market.clock.advance(DAY)

    for namespace in (first, second):
        market.use(namespace)
        other = next(name for name in payments if name != namespace.name)
        before = market.holds(accounts[other])
        with heard(*ALL) as told:
            swept = market.sweep()
        assert market.holds(accounts[namespace.name]) == SHARE
        assert market.holds(accounts[other]) == before
        assert swept.findings.anothers == {payments[other]}
        assert payments[other] not in json.dumps(told, default=str)
        assert not swept.carried
    marks = {one.id for one in market.stripe.v1.products.list({"limit": 100}).data if one.id.startswith("sweep_mark")}
    assert marks == {first.own("sweep_mark"), second.own("sweep_mark")}


def test_a_waiting_payment_of_the_other_is_left_to_it(pair: Pair) -> None:
    """Search knows both; ``account.updated`` of the one's coach and its sweep leave the other's note alone."""
    market, first, second = pair
    market.use(second)
    waiting = market.paid("7")
    market.deliver()
    note = market.note(waiting)
    market.clock.advance(2 * 3_600)
    market.use(first)
    account = market.ready_coach("7")
    swept = market.sweep()

    assert (market.note(waiting), market.holds(account)) == (note, 0)
    assert swept.findings.anothers == {waiting}


def test_the_events_of_the_others_money_and_coaches_are_not_told(pair: Pair) -> None:
    """Sale, refund, dispute, readiness, payout: each is told once, by the deployment that it is of."""
    market, first, _ = pair
    mine = market.apps[first.name].extensions["payments"]
    tellers: list[object] = []
    everything: list[str] = []

    def hear(sender: object, **facts: Any) -> None:
        tellers.append(sender)
        everything.append(str(facts["id"]))

    for signal in ALL:
        signal.connect(hear)
    try:
        market.ready_coach("7")
        payment = market.paid("7")
        market.deliver()
        market.refund(payment, amount=1000)
        market.deliver()
        market.dispute(market.paid("7"))
        market.deliver()
        market.clock.advance(9 * DAY)
        market.deliver()
    finally:
        for signal in ALL:
            signal.disconnect(hear)

    assert any(one.startswith("session_") for one in everything)
    assert any(one.startswith("po_") for one in everything)
    assert all(sender is mine for sender in tellers)


def test_why_and_doctor_say_whose_it_is(pair: Pair) -> None:
    """``flask why`` names the other's marker; ``flask doctor`` names both deployments, and what was seen."""
    market, first, second = pair
    market.ready_coach("7")
    payment = market.paid("7")
    market.deliver()
    market.use(second)

    _, told = run(market, "why", payment)
    assert "Another deployment" in told
    assert "APP_NAMESPACE_ALSO" in told
    _, told = run(market, "why", "7")
    assert payment not in told
    findings = {one["about"]: one for one in json.loads(run(market, "doctor", "--json")[1])}
    assert findings["namespace"]["text"].startswith(second.name or "none")
    assert f"newest payments of {first.marker}" in findings["other deployments"]["text"]
    assert f"accounts of {first.marker}" in findings["other deployments"]["text"]


def test_webhooks_sync_leaves_the_others_endpoints_alone(pair: Pair, tmp_path: Path) -> None:
    """At another address and at the same one; a second sync changes nothing."""
    market, first, second = pair
    for one in market.stripe.v1.webhook_endpoints.list({"limit": 100}).data:
        market.stripe.v1.webhook_endpoints.delete(one.id)
    for namespace in (first, second):
        market.use(namespace)
        assert run(market, "webhooks", "sync", ADDRESS, "--env-file", str(tmp_path / namespace.label))[0] == 0
    made = {one.id: (one.url, one.metadata["app"]) for one in market.stripe.v1.webhook_endpoints.list().data}
    assert sorted(marker for _, marker in made.values()) == sorted([first.marker, second.marker] * 2)

    market.use(first)
    assert run(market, "webhooks", "sync", ADDRESS, "--env-file", str(tmp_path / first.label))[0] == 0
    assert (
        run(market, "webhooks", "sync", "https://moved.example.com", "--env-file", str(tmp_path / first.label))[0] == 0
    )
    after = {one.id: (one.url, one.metadata["app"]) for one in market.stripe.v1.webhook_endpoints.list().data}
    assert {one for one in after.items() if one[1][1] == second.marker} == {
        one for one in made.items() if one[1][1] == second.marker
    }


def test_coaches_adopt_and_rebind_leave_the_others_accounts_alone(pair: Pair) -> None:
    """Neither registers the other's coach, nor binds its own to that account; the adoption marker is its own."""
    market, _, second = pair
    account = market.ready_coach("7")
    market.use(second)

    assert run(market, "coaches", "adopt")[0] == 0
    assert market.services.registry.read("7") is None
    code, told = run(market, "coaches", "rebind", "7", "--to", account, "--why", "a mistake")
    assert (code, "another deployment" in told) == (1, True)
    assert [one.id for one in market.stripe.v1.products.list().data if one.id.startswith("coaches_adopted")] == [
        second.own("coaches_adopted")
    ]
