"""Limits of calls a second, Stripe's prices by country, and payouts on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

DAY = 86_400


def _statuses(platform: Platform, times: int, path: str, **options: Any) -> list[int]:
    method = "POST" if "data" in options else "GET"
    return [platform.raw(method, path, **options).status_code for _ in range(times)]


def test_calls_are_not_counted_unless_asked_for(platform: Platform) -> None:
    """A suite of tests asks more in a second than any shop."""
    assert set(_statuses(platform, 60, "/v1/balance")) == {200}


@pytest.mark.parametrize(
    ("path", "options", "most", "reason"),
    [
        ("/v1/balance", {}, 25, "global-rate"),
        ("/v1/accounts", {"data": {"type": "express", "country": "CA"}}, 5, "endpoint-rate"),
        ("/v1/customers/search", {"query_string": {"query": "name:'a'"}}, 20, "endpoint-rate"),
    ],
)
def test_calls_of_a_second_are_counted(platform: Platform, path: str, options: Any, most: int, reason: str) -> None:
    """Above Stripe's limit they are refused, and the next second begins anew."""
    platform.control("/behaviour", rate_limits=True)
    assert _statuses(platform, most, path, **options) == [200] * most
    refused = platform.raw("POST" if "data" in options else "GET", path, **options)
    platform.clock.advance(1)

    assert (refused.status_code, (refused.json or {})["error"]["code"]) == (429, "rate_limit")
    assert refused.headers["Stripe-Rate-Limited-Reason"] == reason
    assert _statuses(platform, 1, path, **options) == [200]


def test_an_account_has_a_limit_of_its_own(platform: Platform) -> None:
    """Calls in the name of a coach are counted apart from the platform's."""
    coach = platform.coach()
    platform.control("/behaviour", rate_limits=True)

    assert set(_statuses(platform, 25, "/v1/balance")) == {200}
    assert platform.raw("GET", "/v1/balance", headers={"Stripe-Account": coach}).status_code == 200


def test_an_intent_is_updated_a_thousand_times_an_hour(platform: Platform) -> None:
    """And then no more, until the hour is over."""
    platform.control("/behaviour", rate_limits=True)
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    platform.clock.advance(1)
    path = f"/v1/payment_intents/{intent.id}"
    for _ in range(40):
        assert set(_statuses(platform, 25, path, data={"description": "d"})) == {200}
        platform.clock.advance(1)
    refused = platform.raw("POST", path, data={"description": "d"}).json or {}
    platform.clock.advance(3_600)

    assert refused["error"]["code"] == "payment_intent_rate_limit_exceeded"
    assert _statuses(platform, 1, path, data={"description": "d"}) == [200]


@pytest.mark.parametrize(
    ("country", "card", "fee"),
    [
        ("US", "pm_card_visa", 320),
        ("US", "pm_card_fr", 470),
        ("CA", "pm_card_ca", 320),
        ("CA", "pm_card_visa", 400),
        ("GB", "pm_card_gb", 170),
        ("GB", "pm_card_visa", 345),
        ("NO", "pm_card_gb", 525),
        ("FR", "pm_card_fr", 175),
        ("FR", "pm_card_de", 175),
        ("FR", "pm_card_visa", 350),
        ("FR", "pm_card_se", 175),
        ("FR", "pm_card_gb", 275),
        ("SE", "pm_card_fr", 330),
        ("SE", "pm_card_visa", 505),
        ("GB", "pm_card_fr", 270),
        ("JP", "pm_card_jp", 360),
        ("MX", "pm_card_visa", 320),
    ],
)
def test_the_fee_is_that_of_the_country(platform: Platform, country: str, card: str, fee: int) -> None:
    """More for a card from abroad; the European Economic Area is one country, and Britain near it. Flat where unknown."""
    platform.control("/platform", country=country)
    platform.control("/behaviour", fees="by_country")
    payment: Any = platform.paid(10_000, card=card, capture_method="automatic")
    entry = platform.v1.balance_transactions.retrieve(payment.latest_charge.balance_transaction)

    assert (entry.fee, entry.net) == (fee, 10_000 - fee)


def _rich(platform: Platform, country: str = "CA") -> str:
    """A coach with 50.00 available, paid out by hand only."""
    account = platform.v1.accounts.create(
        {"type": "express", "country": country, "capabilities": {"transfers": {"requested": True}}}
    )
    platform.control(f"/accounts/{account.id}/onboard")
    manual: Any = {"settings": {"payouts": {"schedule": {"interval": "manual"}}}}
    platform.v1.accounts.update(account.id, manual)
    platform.paid(20_000, card="pm_card_bypassPending")
    platform.transfer(None, account.id, 5_000)
    return account.id


def _payout(platform: Platform, coach: str, **params: Any) -> Any:
    given: Any = {"amount": 1_000, "currency": "cad", **params}
    return platform.v1.payouts.create(given, {"stripe_account": coach})


def test_a_payout_names_its_bank(platform: Platform) -> None:
    """The account's own, and no other."""
    coach = _rich(platform)
    accounts: Any = platform.v1.accounts.retrieve(coach)
    bank = accounts.external_accounts.data[0].id

    assert _payout(platform, coach, destination=bank, source_type="card").destination == bank
    with pytest.raises(stripe.InvalidRequestError, match="No such external account"):
        _payout(platform, coach, destination="ba_gone")
    with pytest.raises(stripe.InvalidRequestError, match="no bank_account balance"):
        _payout(platform, coach, source_type="bank_account")


def test_a_payout_to_an_american_bank_can_be_fetched_back(platform: Platform) -> None:
    """Once it is paid, and once: the money is the account's again on the next day."""
    coach = _rich(platform, "US")
    options: Any = {"stripe_account": coach}
    payout = _payout(platform, coach)
    reverse: Callable[[], Any] = lambda: platform.v1.payouts.reverse(payout.id, {}, options)  # noqa: E731
    with pytest.raises(stripe.InvalidRequestError, match="cannot be reversed"):
        reverse()
    platform.clock.advance(DAY)
    back = reverse()
    platform.clock.advance(DAY)

    assert (back.amount, back.original_payout) == (-1_000, payout.id)
    assert platform.v1.payouts.retrieve(payout.id, {}, options).reversed_by == back.id
    assert platform.funds(coach) == (5_000, 0)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be reversed"):
        reverse()


def test_a_payout_elsewhere_cannot_be_fetched_back(platform: Platform) -> None:
    """Banks of other countries do not take part."""
    coach = _rich(platform)
    payout = _payout(platform, coach)
    platform.clock.advance(DAY)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be reversed"):
        platform.v1.payouts.reverse(payout.id, {}, {"stripe_account": coach})
