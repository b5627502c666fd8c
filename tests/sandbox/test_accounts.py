"""Accounts that are refused, rejected, disconnected or deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform
from tests.sandbox.test_money import refusal

DEAUTHORIZED = "account.application.deauthorized"


def _connect_events(platform: Platform) -> list[tuple[str, str]]:
    """Type and account of what a receiver of connected accounts' events was sent."""
    events = [json.loads(body) for _, body, _ in platform.received]
    return [(event["type"], event["account"]) for event in events]


def _listen(platform: Platform) -> None:
    platform.control("/webhooks", url="http://hook.test", connect=True)


def _sent(platform: Platform) -> list[tuple[str, str]]:
    platform.received.clear()
    platform.sandbox.deliver_due()
    return _connect_events(platform)


def _gone(platform: Platform, account: str) -> dict[str, Callable[[], Any]]:
    """Every way to reach an account that answers 403 when it is not the platform's."""
    acting: Any = {"stripe_account": account}
    return {
        "retrieve": lambda: platform.v1.accounts.retrieve(account),
        "update": lambda: platform.v1.accounts.update(account, {"metadata": {"a": "1"}}),
        "delete": lambda: platform.v1.accounts.delete(account),
        "login": lambda: platform.v1.accounts.login_links.create(account),
        "capabilities": lambda: platform.v1.accounts.capabilities.list(account),
        "reject": lambda: platform.v1.accounts.reject(account, {"reason": "other"}),
        "balance": lambda: platform.v1.balance.retrieve({}, acting),
        "payouts": lambda: platform.v1.payouts.list({}, acting),
        "books": lambda: platform.v1.balance_transactions.list({}, acting),
    }


@pytest.mark.parametrize("way", ["delete", "disconnect"])
def test_everything_about_an_account_that_is_gone_is_a_403(platform: Platform, way: str) -> None:
    """Named in the path, or as whom to act, it answers account_invalid; as a destination it is unknown."""
    coach, payment = platform.coach(), platform.paid()
    transfer = platform.transfer(payment, coach, 1_000)
    if way == "delete":
        platform.v1.accounts.delete(coach)
    else:
        platform.control(f"/accounts/{coach}/disconnect")

    for name, call in _gone(platform, coach).items():
        with pytest.raises(stripe.PermissionError) as refused:
            call()
        assert refused.value.error.code == "account_invalid", name
    assert refusal(lambda: platform.transfer(payment, coach, 100)).code == "resource_missing"
    assert coach not in [account.id for account in platform.v1.accounts.list({}).data]
    assert platform.v1.transfers.retrieve(transfer.id).destination == coach


def test_a_transfer_to_an_account_that_is_gone_may_be_a_403(platform: Platform) -> None:
    """As chosen, a destination that is gone is answered like a path that is gone."""
    platform.control("/behaviour", gone_destination_code="account_invalid")
    coach = platform.coach()
    platform.v1.accounts.delete(coach)

    with pytest.raises(stripe.PermissionError) as refused:
        platform.transfer(platform.paid(), coach, 100)
    assert refused.value.error.code == "account_invalid"


def test_a_disconnected_account_is_told_of_and_gone(platform: Platform) -> None:
    """The endpoint for connected accounts is told once, and hears nothing of it later."""
    _listen(platform)
    coach = platform.coach()
    platform.transfer(platform.paid(), coach, 1_000)
    _sent(platform)
    platform.control(f"/accounts/{coach}/disconnect")

    assert _sent(platform) == [(DEAUTHORIZED, coach)]
    platform.clock.advance(10 * 86_400)
    assert _sent(platform) == []
    assert platform.raw("POST", f"/_sandbox/accounts/{coach}/disconnect", key=None).status_code == 404


@pytest.mark.parametrize(("tells", "told"), [(False, []), (True, [DEAUTHORIZED])])
def test_a_deleted_account_may_be_told_of(platform: Platform, tells: bool, told: list[str]) -> None:
    """A deletion is told to the endpoint for connected accounts as chosen."""
    platform.control("/behaviour", deleted_account_tells=tells)
    _listen(platform)
    coach = platform.coach()
    _sent(platform)
    platform.v1.accounts.delete(coach)

    assert [kind for kind, _ in _sent(platform)] == told


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("fraud_other", "rejected.platform_fraud"),
        ("fraud_payment_method_tester", "rejected.platform_fraud"),
        ("terms_of_service", "rejected.platform_terms_of_service"),
        ("credit", "rejected.platform_other"),
        ("other", "rejected.platform_other"),
    ],
)
def test_a_rejected_account_can_do_nothing(platform: Platform, reason: Any, shown: str) -> None:
    """It can neither be transferred to nor be paid out, and account.updated tells so."""
    _listen(platform)
    coach = platform.coach()
    _sent(platform)
    account = platform.v1.accounts.reject(coach, {"reason": reason})

    assert account.requirements.disabled_reason == shown
    assert (account.capabilities.transfers, account.payouts_enabled) == ("inactive", False)
    assert ("account.updated", coach) in _sent(platform)
    error = refusal(lambda: platform.transfer(platform.paid(), coach, 100))
    assert error.code == "insufficient_capabilities_for_transfer"


@pytest.mark.parametrize("reason", ["fraud", "nonsense", ""])
def test_a_reason_that_endive_does_not_know_is_refused(platform: Platform, reason: str) -> None:
    """The old word for fraud is refused like any other, and the account stays as it was."""
    coach = platform.coach()

    assert refusal(lambda: platform.v1.accounts.reject(coach, {"reason": reason})).param == "reason"
    assert platform.v1.accounts.retrieve(coach).payouts_enabled is True


def test_a_rejected_account_may_still_be_paid_out(platform: Platform) -> None:
    """With payouts_action none, payouts go on."""
    given: Any = {"reason": "other", "payouts_action": "none"}

    assert platform.v1.accounts.reject(platform.coach(), given).payouts_enabled is True


def test_a_person_rejects_an_account_too(platform: Platform) -> None:
    """The route rejects, by default for another reason, and refuses a reason that there is not."""
    coach = platform.coach()

    assert platform.control(f"/accounts/{coach}/reject")["requirements"]["disabled_reason"] == "rejected.platform_other"
    assert platform.raw("POST", f"/_sandbox/accounts/{coach}/reject", key=None, json={"reason": "x"}).status_code == 400


def test_transfers_may_be_refused_whatever_the_capability_says(platform: Platform) -> None:
    """The refusal has a code and is pinned under its key; once lifted, another key goes through."""
    coach, payment = platform.coach(), platform.paid()
    platform.control(f"/accounts/{coach}/refuse_transfers")
    assert platform.v1.accounts.retrieve(coach).capabilities.transfers == "active"
    source = payment.latest_charge.id
    given: Any = {"amount": 100, "currency": "cad", "destination": coach, "source_transaction": source}
    first = refusal(lambda: platform.v1.transfers.create(given, {"idempotency_key": "k"}))
    platform.raw("DELETE", f"/_sandbox/accounts/{coach}/refuse_transfers", key=None)
    again = refusal(lambda: platform.v1.transfers.create(given, {"idempotency_key": "k"}))

    assert (first.http_status, first.code) == (400, "transfers_not_allowed")
    assert (again.code, again.headers["Idempotent-Replayed"]) == ("transfers_not_allowed", "true")
    assert platform.v1.transfers.create(given, {"idempotency_key": "k2"}).amount == 100


def test_a_country_may_be_out_of_reach(platform: Platform) -> None:
    """The refusal names the country; code and words can be chosen."""
    coach, payment = platform.coach(), platform.paid()
    platform.control(f"/accounts/{coach}/refuse_transfers", country=True)
    assert "located in CA" in str(refusal(lambda: platform.transfer(payment, coach, 100)))

    platform.control(f"/accounts/{coach}/refuse_transfers", code="other", message="No.")

    error = refusal(lambda: platform.transfer(payment, coach, 100))
    assert (error.code, error.user_message) == ("other", "No.")
