"""A deployment that is renamed, and what a renamed one refuses to start on."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from backend.commands.startup import refuse_changed_namespace
from backend.config.env import SettingsError
from backend.domain.namespace import Namespace
from tests.builders import STRIPE
from tests.conftest import NOW
from tests.money.deployments import ADDRESS, DAY, SHARE, A, B, Deployments
from tests.processes import GUNICORN, backend_process, command, free_port_pair, sandbox_server
from tests.routes.test_commands import run


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
