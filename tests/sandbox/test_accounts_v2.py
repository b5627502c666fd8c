"""Accounts v2 on the sandbox: made from JSON, read with includes, shown under /v1 too, and refused where a platform may not."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform
from tests.sandbox.lines import InProcess

RECIPIENT = {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}}
MERCHANT = {"merchant": {"capabilities": {"card_payments": {"requested": True}}}}
BODY: dict[str, Any] = {
    "contact_email": "dana@example.com",
    "display_name": "Dana",
    "dashboard": "express",
    "identity": {"country": "ca", "entity_type": "individual"},
    "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
    "configuration": RECIPIENT,
    "metadata": {"coachId": "coach-1"},
}
INCLUDE = ["configuration.recipient", "requirements", "identity", "defaults"]


@pytest.fixture
def platform() -> Platform:
    """A fresh one, in-process."""
    return Platform(InProcess())


def v2(platform: Platform) -> Any:
    """The SDK's services under /v2/core."""
    return platform.client("sk_test_sandbox").v2.core


def made(platform: Platform, **changes: Any) -> Any:
    """A new recipient."""
    return v2(platform).accounts.create({**BODY, "include": INCLUDE, **changes})


def refused(call: Any) -> tuple[int | None, str | None]:
    """The status and the code of a refusal."""
    with pytest.raises(stripe.StripeError) as caught:
        call()
    return caught.value.http_status, getattr(caught.value.error, "code", None)


def test_a_fresh_recipient_can_receive_nothing_yet(platform: Platform) -> None:
    """Both of its capabilities are restricted, and everything due is past due."""
    account = made(platform)

    balance = account.configuration.recipient.capabilities.stripe_balance
    assert [balance.stripe_transfers.status, balance.payouts.status] == ["restricted", "restricted"]
    assert {entry.minimum_deadline.status for entry in account.requirements.entries} == {"past_due"}
    assert account.applied_configurations == ["recipient"]


def test_what_is_not_included_is_null(platform: Platform) -> None:
    """A plain retrieve looks like an account without capabilities."""
    plain = v2(platform).accounts.retrieve(made(platform).id)

    assert [plain.configuration, plain.identity, plain.defaults, plain.requirements] == [None] * 4
    assert plain.metadata["coachId"] == "coach-1"


def test_v1_shows_the_same_account_in_its_own_shape(platform: Platform) -> None:
    """Its type is none, and charges stay off for who only receives transfers."""
    account_id = made(platform).id
    platform.control(f"/accounts/{account_id}/onboard")

    old = platform.v1.accounts.retrieve(account_id)
    assert (old.type, old.capabilities.transfers, old.charges_enabled, old.payouts_enabled) == (
        "none",
        "active",
        False,
        True,
    )
    new = v2(platform).accounts.retrieve(account_id, {"include": INCLUDE})
    assert new.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status == "active"
    assert new.requirements.entries == []


def test_a_transfer_takes_the_id_as_it_is(platform: Platform) -> None:
    """And its balance is read on its behalf, by either header."""
    account_id = made(platform).id
    platform.control(f"/accounts/{account_id}/onboard")
    platform.transfer(platform.paid(), account_id, 700)

    client = platform.client("sk_test_sandbox")
    for option in ("stripe_account", "stripe_context"):
        options: Any = {option: account_id}
        assert client.v1.balance.retrieve({}, options).pending[0].amount == 700


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"identity": {"entity_type": "individual"}}, "identity_country_required"),
        ({"contact_email": None}, None),
        (
            {"defaults": {"responsibilities": {"fees_collector": "stripe", "losses_collector": "application"}}},
            "account_controller_express_dash_without_application_losses_or_fees",
        ),
        ({"defaults": None}, "account_controller_express_dash_without_application_losses_or_fees"),
        ({"expand": ["configuration"]}, "parameter_unknown"),
        ({"type": "express"}, "parameter_unknown"),
        ({"dashboard": "full"}, "sandbox_unsupported"),
    ],
)
def test_a_body_that_stripe_refuses_makes_nothing(platform: Platform, changes: Any, code: str | None) -> None:
    """Each with a 400."""
    body = {name: value for name, value in {**BODY, **changes}.items() if value is not None}

    assert refused(lambda: v2(platform).accounts.create(body)) == (400, code)
    assert list(v2(platform).accounts.list()) == []


def test_a_key_keeps_what_was_made_for_thirty_days(platform: Platform) -> None:
    """And keeps no refusal: the work is tried again."""
    platform.control("/behaviour", accounts_v2="refused")
    options: Any = {"idempotency_key": "k1"}
    assert refused(lambda: v2(platform).accounts.create(BODY, options))[0] == 400
    platform.control("/behaviour", accounts_v2="allowed")

    first = v2(platform).accounts.create(BODY, options).id
    platform.clock.advance(29 * 86_400)
    assert v2(platform).accounts.create(BODY, options).id == first
    platform.clock.advance(2 * 86_400)
    assert v2(platform).accounts.create(BODY, options).id != first


def test_the_refusal_of_v1_stays_under_its_key_for_a_day(platform: Platform) -> None:
    """After the operator turned the switch, too; another key goes through."""
    params: Any = {"type": "express", "country": "CA"}
    platform.control("/behaviour", accounts_v1="refused")
    with pytest.raises(stripe.InvalidRequestError, match=r"connect/accounts-v2"):
        platform.v1.accounts.create(params, {"idempotency_key": "k1"})
    platform.control("/behaviour", accounts_v1="allowed")

    with pytest.raises(stripe.InvalidRequestError) as replayed:
        platform.v1.accounts.create(params, {"idempotency_key": "k1"})
    assert (replayed.value.headers or {})["Idempotent-Replayed"] == "true"
    assert platform.v1.accounts.create(params, {"idempotency_key": "k2"}).id


@pytest.mark.parametrize(
    ("rule", "country", "v1_words", "v2_code"),
    [
        ("refused", "US", "Your platform needs approval", "capability_not_available_without_other_capability"),
        (
            "refused_in_some_countries",
            "CA",
            "for accounts in CA",
            "capability_not_available_without_other_capability_in_country",
        ),
    ],
)
def test_transfers_alone_may_be_refused(
    platform: Platform, rule: str, country: str, v1_words: str, v2_code: str
) -> None:
    """By v1 in words, by v2 with a code; with card payments beside them both are made."""
    platform.control("/behaviour", transfers_alone=rule)
    alone: Any = {"type": "express", "country": country, "capabilities": {"transfers": {"requested": True}}}
    with pytest.raises(stripe.InvalidRequestError, match=v1_words):
        platform.v1.accounts.create(alone)
    identity = {"country": country, "entity_type": "individual"}
    assert refused(lambda: made(platform, identity=identity)) == (400, v2_code)

    both = made(platform, identity=identity, configuration=RECIPIENT | MERCHANT)
    assert both.applied_configurations == ["recipient", "merchant"]


def test_a_country_that_is_not_among_them_is_allowed(platform: Platform) -> None:
    """Such as France."""
    platform.control("/behaviour", transfers_alone="refused_in_some_countries")

    assert made(platform, identity={"country": "fr", "entity_type": "individual"}).id


@pytest.mark.parametrize("profile", ["not_signed_up", "liability_unacknowledged"])
def test_a_platform_that_is_not_set_up_makes_no_account(platform: Platform, profile: str) -> None:
    """By neither way."""
    platform.control("/behaviour", platform_profile=profile)

    assert refused(lambda: platform.v1.accounts.create({"type": "express"}))[0] == 400
    assert refused(lambda: made(platform))[0] == 400


def test_card_payments_that_stall_keep_transfers_back(platform: Platform) -> None:
    """Both or none; an account that asked for transfers alone goes on."""
    platform.control("/behaviour", card_payments_after_onboarding="inactive")
    alone, both = made(platform).id, made(platform, configuration=RECIPIENT | MERCHANT).id
    for account_id in (alone, both):
        platform.control(f"/accounts/{account_id}/onboard")

    states = [platform.v1.accounts.retrieve(one).capabilities.to_dict() for one in (alone, both)]
    assert states == [{"transfers": "active"}, {"transfers": "inactive", "card_payments": "inactive"}]


def test_an_account_is_closed_with_all_of_its_configurations(platform: Platform) -> None:
    """It is gone under /v1, and under /v2 can be read and is listed on request."""
    account_id = made(platform, configuration=RECIPIENT | MERCHANT).id
    accounts = v2(platform).accounts
    assert refused(lambda: accounts.close(account_id, {"applied_configurations": ["recipient"]}))[0] == 400

    accounts.close(account_id, {"applied_configurations": ["merchant", "recipient"]})

    assert refused(lambda: platform.v1.accounts.retrieve(account_id)) == (403, "account_invalid")
    assert accounts.retrieve(account_id).closed is True
    assert [list(accounts.list()), [one.id for one in accounts.list({"closed": True})]] == [[], [account_id]]


def test_a_link_leads_into_onboarding_for_five_minutes(platform: Platform) -> None:
    """The parameter `configurations` is unknown now, and an update link is not for Express."""
    account_id = made(platform).id
    onboarding = {"refresh_url": "https://a.example/r", "return_url": "https://a.example/b"}
    use_case: Any = {"type": "account_onboarding", "account_onboarding": onboarding}

    link = v2(platform).account_links.create({"account": account_id, "use_case": use_case})

    assert (link.account, link.expires_at) == (account_id, "2026-11-02T15:05:00.000Z")
    assert platform.raw("GET", link.url.removeprefix(platform.sandbox.base_url), key=None).status_code in (302, 303)
    old: Any = {**use_case, "account_onboarding": {**onboarding, "configurations": ["recipient"]}}
    update: Any = {"type": "account_update", "account_update": {"refresh_url": "https://a.example/r"}}
    for wrong, code in ((old, "parameter_unknown"), (update, None)):
        call = {"account": account_id, "use_case": wrong}
        assert refused(lambda call=call: v2(platform).account_links.create(call)) == (400, code)


def test_a_list_goes_from_page_to_page(platform: Platform) -> None:
    """Newest first, rows without includes."""
    ids = [made(platform).id for _ in range(5)]

    page = v2(platform).accounts.list({"limit": 2})

    assert len(page.data) == 2
    assert [one.id for one in page.auto_paging_iter()] == ids[::-1]
    assert {one.configuration for one in page.auto_paging_iter()} == {None}


def test_an_update_adds_a_configuration_and_takes_metadata_away(platform: Platform) -> None:
    """A null takes its key."""
    account_id = made(platform, metadata={"a": "1", "b": "2"}).id

    changed = v2(platform).accounts.update(account_id, {"configuration": MERCHANT, "metadata": {"a": None}})

    assert (changed.applied_configurations, changed.metadata.to_dict()) == (["recipient", "merchant"], {"b": "2"})


def test_metadata_may_be_hidden_from_v1(platform: Platform) -> None:
    """No source settles that; v2 shows it in either case."""
    platform.control("/behaviour", v1_shows_v2_metadata=False)
    account_id = made(platform).id

    assert platform.v1.accounts.retrieve(account_id).metadata.to_dict() == {}
    assert v2(platform).accounts.retrieve(account_id).metadata["coachId"] == "coach-1"


def test_a_v1_account_is_read_under_v2(platform: Platform) -> None:
    """With the same capabilities."""
    account_id = platform.coach()

    shown = v2(platform).accounts.retrieve(account_id, {"include": INCLUDE})

    assert shown.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status == "active"
