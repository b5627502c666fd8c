"""Accounts at the sandbox's Connect: fresh, onboarded, stopped, deleted, and acted for."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform
from tests.sandbox.event_types import event_types


def test_a_fresh_account_can_do_nothing_yet(platform: Platform) -> None:
    """Its capability is inactive and its requirements are past due."""
    account = platform.v1.accounts.retrieve(platform.coach(ready=False))

    assert (account.charges_enabled, account.payouts_enabled, account.details_submitted) == (False, False, False)
    assert account.capabilities.to_dict() == {"transfers": "inactive"}
    assert account.requirements.disabled_reason == "requirements.past_due"
    assert account.requirements.past_due == account.requirements.currently_due != []
    assert account.settings.payouts.schedule.interval == "daily"


def test_onboarding_may_take_stripe_a_while(platform: Platform) -> None:
    """Submitted but pending, then active; each step is told by events of the account."""
    coach = platform.coach(ready=False)
    platform.control(f"/accounts/{coach}/onboard", verification="pending")
    waiting = platform.v1.accounts.retrieve(coach)
    assert (waiting.details_submitted, waiting.capabilities.transfers) == (True, "pending")
    assert waiting.requirements.disabled_reason == "requirements.pending_verification"

    platform.control(f"/accounts/{coach}/onboard")

    ready = platform.v1.accounts.retrieve(coach)
    assert (ready.capabilities.transfers, ready.requirements.disabled_reason) == ("active", None)
    assert event_types(platform, coach).count("account.updated") == 2
    assert event_types(platform, coach).count("capability.updated") == 2


def test_stripe_may_stop_an_account(platform: Platform) -> None:
    """Then it can no longer be paid."""
    coach, payment = platform.coach(), platform.paid()
    platform.control(f"/accounts/{coach}/disable", reason="rejected.fraud")

    assert platform.v1.accounts.retrieve(coach).requirements.disabled_reason == "rejected.fraud"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.transfer(payment, coach, 100)
    assert refusal.value.code == "insufficient_capabilities_for_transfer"


def test_identity_is_stripes_business_once_a_link_exists(platform: Platform) -> None:
    """403 for what onboarding collects; metadata and the payout schedule stay open."""
    coach = platform.coach(ready=False)
    platform.v1.accounts.update(coach, {"business_type": "individual"})
    urls: Any = {"return_url": "http://a", "refresh_url": "http://a"}
    platform.v1.account_links.create(urls | {"account": coach, "type": "account_onboarding"})

    with pytest.raises(stripe.PermissionError, match="parameters 'business_type','individual'"):
        platform.v1.accounts.update(coach, {"business_type": "company", "individual": {"first_name": "D"}})
    schedule: Any = {"settings": {"payouts": {"schedule": {"interval": "manual"}}}, "metadata": {"a": "b"}}
    updated = platform.v1.accounts.update(coach, schedule)
    assert updated.settings.payouts.schedule.to_dict() == {"delay_days": 2, "interval": "manual"}


@pytest.mark.parametrize("params", [{"type": "custom"}, {"type": "standard"}, {}])
def test_accounts_other_than_express_are_refused(platform: Platform, params: Any) -> None:
    """By name, for they are not imitated."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.accounts.create(params)

    assert refusal.value.code == "sandbox_unsupported"


def test_an_express_account_may_be_asked_for_by_its_controller(platform: Platform) -> None:
    """But not in both ways at once."""
    controller: Any = {
        "fees": {"payer": "application"},
        "losses": {"payments": "application"},
        "stripe_dashboard": {"type": "express"},
    }
    assert platform.v1.accounts.create({"controller": controller}).type == "express"
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.accounts.create({"controller": controller, "type": "express"})


def test_a_deleted_account_looks_like_a_stranger(platform: Platform) -> None:
    """403, as for any account that is not ours."""
    coach = platform.coach()
    assert platform.v1.accounts.delete(coach).deleted

    with pytest.raises(stripe.PermissionError):
        platform.v1.accounts.retrieve(coach)
    assert platform.v1.accounts.list({}).data == []


def test_acting_as_an_account_is_echoed(platform: Platform) -> None:
    """By the header, for a header and for a path."""
    coach = platform.coach()
    by_header = platform.raw("GET", "/v1/balance", headers={"Stripe-Account": coach})
    by_path = platform.raw("GET", f"/v1/accounts/{coach}")

    assert (by_header.headers["Stripe-Account"], by_path.headers["Stripe-Account"]) == (coach, coach)
    options: Any = {"stripe_account": coach}
    assert platform.v1.accounts.retrieve_current({}, options).id == coach
