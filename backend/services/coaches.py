"""Coaches and their Stripe Connect Express accounts: one account per coach, however often it is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import stripe
import structlog

from backend.domain.access import TRUSTED, Caller
from backend.domain.metadata import (
    APP,
    APP_VALUE,
    COACH_ID,
    COACH_NAME,
    PLATFORM,
    SPORT,
    attempt_hash,
    email_hash,
)
from backend.services.answers import Done, InFlight, KeyTaken, Refused, Unknown
from backend.services.creation import create_once
from backend.services.errors import Conflict, Forbidden, InvalidRequest, NotFound, Undecided
from backend.services.reads import coach_of, found
from backend.services.registry import Entry, Registry

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class NewCoach:
    """What a coach gives to be paid. ``country`` is a two-letter code; it cannot be changed afterwards."""

    coach_id: str
    coach_name: str
    email: str
    sport: str
    country: str = "CA"
    business_type: str = "individual"


@dataclass(frozen=True)
class Onboarding:
    """A coach's account and the single-use link at which the coach completes it (five minutes)."""

    account: stripe.Account
    link: stripe.AccountLink


class Coaches:
    """The use cases of ``/api/connect`` that concern an account."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, app_url: str) -> None:
        self._client = client
        self._registry = registry
        self._app_url = app_url

    def create(self, coach: NewCoach, caller: Caller) -> Onboarding:
        """The coach's one account, made if there is none, with an onboarding link.

        Raises ``Conflict`` when the coach id belongs to another email address, ``Forbidden`` when it is not the caller's.
        """
        if not caller.owns_account(coach.coach_id):
            raise Forbidden("A coach can only register for themselves.")
        account = self._registered(coach) or self._register(coach)
        # Last, so that no link to an account that lost the race ever leaves.
        return Onboarding(account, self._onboarding_link(account.id))

    def account(self, account_id: str, caller: Caller) -> stripe.Account:
        """A coach's account. Raises ``NotFound`` for the platform's own, a stranger's, a deleted one and another coach's."""
        account = found(lambda: self._client.v1.accounts.retrieve(account_id))
        coach_id = coach_of(account) if account else None
        if account is None or coach_id is None or not caller.owns_account(coach_id):
            raise NotFound("There is no such coach account.")
        return account

    def update(self, account_id: str, changes: Mapping[str, Any], caller: Caller) -> stripe.Account:
        """Prefill what onboarding will ask. Raises ``Conflict`` for what only the coach may still change."""
        self.account(account_id, caller)
        params: Any = dict(changes)
        try:
            account = self._client.v1.accounts.update(account_id, params)
        except stripe.PermissionError as error:
            # Once an Express coach has opened onboarding, identity fields are Stripe's.
            raise Conflict("This can now only be changed by the coach, in the Stripe dashboard.") from error
        log.info("account.changed", account=account_id, sections=sorted(changes))
        return account

    def login_link(self, account_id: str, caller: Caller) -> stripe.LoginLink:
        """A single-use link to the coach's Express dashboard. Raises ``Conflict`` before onboarding."""
        account = self.account(account_id, caller)
        if not account.details_submitted:
            raise Conflict("The coach has to complete onboarding before opening the dashboard.")
        return self._client.v1.accounts.login_links.create(account_id)

    def balance(self, account_id: str, caller: Caller) -> stripe.Balance:
        """What the coach holds at Stripe, per currency, in minor units."""
        self.account(account_id, caller)
        return self._client.v1.balance.retrieve({}, {"stripe_account": account_id})

    def payouts(
        self, account_id: str, limit: int, starting_after: str | None, caller: Caller
    ) -> stripe.ListObject[stripe.Payout]:
        """One page of payouts to the coach's bank, newest first."""
        self.account(account_id, caller)
        params: stripe.params.PayoutListParams = {"limit": limit}
        if starting_after:
            params["starting_after"] = starting_after
        return self._client.v1.payouts.list(params, {"stripe_account": account_id})

    def adopt(self, account: stripe.Account) -> bool:
        """Register an account that carries a coach id but is not in the registry (made before there was one).

        Answers whether the account is the coach's. A coach who has another account keeps it.
        """
        coach_id = coach_of(account)
        if coach_id is None:
            return False
        known = self._registry.lookup(coach_id)
        if known is None:
            known = self._registry.claim(Entry.of(coach_id, account))
        return known.account_id == account.id

    def _registered(self, coach: NewCoach) -> stripe.Account | None:
        entry = self._registry.read(coach.coach_id)
        if entry is None:
            return None
        self._same_person(entry, coach)
        return self.account(entry.account_id, TRUSTED)

    def _register(self, coach: NewCoach) -> stripe.Account:
        account = self._new_account(coach)
        mine = Entry(coach.coach_id, account.id, email_hash(coach.email))
        winner = self._registry.claim(mine)
        if winner.account_id == account.id:
            log.info("account.created", account=account.id, coach=coach.coach_id)
            return account
        log.info("account.lost_race", account=account.id, winner=winner.account_id, coach=coach.coach_id)
        found(lambda: self._client.v1.accounts.delete(account.id))
        self._same_person(winner, coach)
        return self.account(winner.account_id, TRUSTED)

    def _new_account(self, coach: NewCoach) -> stripe.Account:
        params = _account_params(coach)
        answer = create_once(
            f"account:{attempt_hash(json.dumps(params, sort_keys=True))}",
            lambda key: self._client.v1.accounts.create(params, {"idempotency_key": key}),
            self._client.v1.accounts.retrieve,
        )
        match answer:
            case Done(account):
                return account
            case Refused():
                raise InvalidRequest("Stripe cannot open an account with these details.", field="country")
            case InFlight() | KeyTaken():
                raise Conflict("This account is already being created. Please try again in a moment.")
            case Unknown():
                raise Undecided("The account could not be created now. Please try again in a moment.")

    def _same_person(self, entry: Entry, coach: NewCoach) -> None:
        if entry.email_hash != email_hash(coach.email):
            raise Conflict("This coach is already registered with another email address.")

    def _onboarding_link(self, account_id: str) -> stripe.AccountLink:
        page = f"{self._app_url}/coach/earnings"
        return self._client.v1.account_links.create(
            {
                "account": account_id,
                "type": "account_onboarding",
                "return_url": page,
                "refresh_url": f"{page}?refresh=true",
            }
        )


def _account_params(coach: NewCoach) -> stripe.params.AccountCreateParams:
    return {
        "type": "express",
        "country": coach.country,
        "email": coach.email,
        "business_type": coach.business_type,
        "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
        "business_profile": {
            "name": f"{coach.coach_name} - {coach.sport} coaching",
            "product_description": f"{coach.sport} coaching and clip reviews",
        },
        "settings": {"payouts": {"schedule": {"interval": "daily"}}},
        "metadata": {
            APP: APP_VALUE,
            PLATFORM: APP_VALUE,
            COACH_ID: coach.coach_id,
            COACH_NAME: coach.coach_name,
            SPORT: coach.sport,
        },
    }
