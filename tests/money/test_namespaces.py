"""Two deployments on one Stripe account do not meet: neither pays, refunds, tells of, or takes over what is the other's."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from blinker import NamedSignal

from backend.commands.startup import refuse_changed_namespace
from backend.commands.sweep import SweepOptions, Swept, run_sweep
from backend.config.env import SettingsError
from backend.domain.namespace import UNNAMED, Namespace
from backend.services import Services
from backend.webhooks import signals
from tests.builders import STRIPE, Marketplace, key_of
from tests.conftest import NOW
from tests.money.sweeping import heard
from tests.processes import GUNICORN, backend_process, command, free_port_pair, sandbox_server
from tests.routes.test_commands import run

DAY = 86_400
A, B = UNNAMED, Namespace("b")
SHARE = 4252
ADDRESS = "https://api.example.com"


class Deployments(Marketplace):
    """Two deployments on one sandbox. Every webhook goes to both; requests go to the one in ``use``."""

    def __init__(self, first: Namespace, second: Namespace) -> None:
        self.apps: dict[str, Any] = {}
        super().__init__(now=NOW, namespace=first)
        for namespace in (first, second):
            self.start(namespace)
        self.use(first)

    def start(self, namespace: Namespace) -> None:
        """Start a deployment, or start it again."""
        self.apps[namespace.name] = self.another_backend(replace(self.settings, namespace=namespace))

    def use(self, namespace: Namespace) -> None:
        """From now on requests and commands are this deployment's."""
        self.settings = replace(self.settings, namespace=namespace)
        self.app = self.apps[namespace.name]
        self.http = self.app.test_client()

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        path = "/" + url.split("/", 3)[3]
        statuses: list[int] = [
            app.test_client().post(path, data=body, headers=headers).status_code for app in self.apps.values()
        ]
        return max(statuses)

    @property
    def services(self) -> Services:
        """The use cases of the deployment in use."""
        services: Services = self.app.extensions["payments"]
        return services

    def sweep(self) -> Swept:
        """The default sweep of the deployment in use."""
        return run_sweep(self.services, SweepOptions(calls_per_second=1_000_000))

    def holds(self, account_id: str) -> int:
        """The amount that an account was sent and still has, in minor units."""
        sent = self.stripe.v1.transfers.list({"destination": account_id, "limit": 100}).data
        return sum(one.amount - one.amount_reversed for one in sent)


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


def test_a_node_coach_is_nobodys_until_a_person_says_so() -> None:
    """The sweep of a named deployment does not take an account without a marker for its coach of the same id."""
    market = Deployments(B, A)
    node = market.stripe.v1.accounts.create(
        {"type": "express", "country": "CA", "email": "7@example.com", "metadata": {"coachId": "7"}}
    )
    market.onboard(node.id)
    market.deliver()
    market.use(B)
    market.sweep()
    assert market.services.registry.read("7") is None

    run(market, "coaches", "adopt")
    entry = market.services.registry.read("7")
    assert entry is not None
    assert entry.account_id == node.id


def test_a_renamed_deployment_keeps_its_coaches_payments_and_mark() -> None:
    """With the earlier name in APP_NAMESPACE_ALSO: nothing is paid twice, and what waited is paid."""
    market = Deployments(A, Namespace("other"))
    account = market.ready_coach("7")
    paid = market.paid("7")
    market.deliver()
    event = market.event("payment_intent.succeeded")
    market.sweep()
    waiting = market.paid("8")
    market.deliver()
    renamed = Namespace("b", ("default",))
    del market.apps[""]
    market.start(renamed)
    market.use(renamed)

    market.send(event)
    assert market.holds(account) == SHARE
    assert market.register("7") == account
    assert market.refund(paid, amount=1000).status_code == 200
    market.deliver()
    assert market.holds(account) == 3352
    late = market.ready_coach("8")
    assert market.holds(late) == SHARE
    assert market.note(waiting) is None
    market.clock.advance(DAY)
    swept = market.sweep()
    assert swept.findings.since is not None
    assert swept.findings.since > NOW - DAY
    assert not swept.findings.anothers


def _check(market: Deployments, namespace: Namespace) -> None:
    settings = replace(market.settings, namespace=namespace, app_url=ADDRESS, stripe_api_base=STRIPE)
    refuse_changed_namespace(settings, market.line)


def test_a_changed_namespace_with_a_waiting_payment_refuses_to_start() -> None:
    """In one sentence that names the way out; the way out works, and so does to set it back."""
    market = Deployments(A, B)
    _check(market, A)
    market.paid("7")
    market.deliver()
    market.clock.advance(2 * DAY)

    with pytest.raises(SettingsError, match="APP_NAMESPACE_ALSO"):
        _check(market, B)
    _check(market, Namespace("b", ("default",)))
    _check(market, A)
    with pytest.raises(SettingsError, match="payments of default are not settled"):
        _check(market, Namespace("c", ("b",)))


def test_an_intent_that_may_still_be_paid_refuses_too_and_not_a_day_later() -> None:
    """A start is refused: a player who began to buy under the earlier name may pay after the change."""
    market = Deployments(B, A)
    _check(market, B)
    market.buy("7")
    market.clock.advance(3_600)

    with pytest.raises(SettingsError, match="APP_NAMESPACE"):
        _check(market, A)
    market.clock.advance(DAY)
    _check(market, A)


def test_a_changed_namespace_with_all_settled_starts() -> None:
    """And of another deployment at another address nothing is asked."""
    market = Deployments(A, B)
    _check(market, A)
    market.ready_coach("7")
    market.paid("7")
    market.deliver()
    market.clock.advance(3_600)

    _check(market, B)


def test_a_server_starts_where_stripe_cannot_be_asked() -> None:
    """Whatever the name is: a warning, and no more."""
    market = Deployments(A, B)
    _check(market, A)
    market.fault("GET", "/v1/products/.*", "before", "close", times=10)

    _check(market, B)


def test_an_address_of_this_machine_is_not_remembered() -> None:
    """Every developer has it."""
    market = Deployments(A, B)
    market.forget_calls()
    refuse_changed_namespace(replace(market.settings, stripe_api_base=STRIPE), market.line)

    assert market.calls() == []


def test_gunicorn_refuses_to_start_under_a_changed_namespace(tmp_path: Path) -> None:
    """The server itself says the sentence and ends; under the earlier name it starts."""
    with sandbox_server("sk_test_a1") as sandbox:
        port = free_port_pair()
        given = {
            "STRIPE_SECRET_KEY": "sk_test_a1",
            "STRIPE_API_BASE": sandbox.base_url,
            "APP_URL": ADDRESS,
            "WEB_CONCURRENCY": "1",
        }
        base = f"http://127.0.0.1:{port}"
        body = {"coachId": "7", "coachName": "Dana", "sport": "badminton", "packageType": "package", "packageId": 1}
        with backend_process(GUNICORN, port, tmp_path / "log", **given):
            assert requests.post(f"{base}/api/payments/create-intent", json=body, timeout=10).ok

        changed = {**given, "APP_NAMESPACE": "b"}
        ended = command(sys.executable, *GUNICORN, folder=tmp_path, PORT=str(port), **changed)

        assert ended.returncode != 0
        assert "APP_NAMESPACE_ALSO" in ended.stderr
        with backend_process(GUNICORN, port, tmp_path / "log", **changed, APP_NAMESPACE_ALSO="default"):
            assert requests.get(f"{base}/health", timeout=10).ok
