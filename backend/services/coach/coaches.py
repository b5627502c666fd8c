"""Coaches and their Stripe Connect Express accounts: one account per coach, however often it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import stripe
import structlog

from backend.domain.access import Caller
from backend.domain.catalogue import Catalogue, NotOffered
from backend.domain.metadata import email_hash
from backend.domain.requests import NewCoach
from backend.services import objects
from backend.services.coach.account_maker import AccountMaker
from backend.services.coach.accounts import account_or_none, is_rejected
from backend.services.coach.claimants import choose, claimants_since
from backend.services.coach.onboarding import Onboarding, OnboardingLinks
from backend.services.coach.registry import Entry, Registry
from backend.services.errors import Conflict, Forbidden, InvalidRequest, NotFound
from backend.services.reads import coach_of, metadata_of
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)


class Coaches:
    """The use cases of ``/api/connect`` that concern an account."""

    def __init__(
        self,
        client: stripe.StripeClient,
        registry: Registry,
        catalogue: Catalogue,
        links: OnboardingLinks,
        maker: AccountMaker,
    ) -> None:
        self._client = client
        self._namespace = namespace_of(client)
        self._registry = registry
        self._catalogue = catalogue
        self._links = links
        self._maker = maker

    def create(self, coach: NewCoach, caller: Caller) -> Onboarding:
        """The coach's one account, made if there is none, with an onboarding link.

        Raises ``InvalidRequest`` for a sport that is not sold, ``Forbidden`` when the coach id is not the caller's, and
        ``Conflict`` when it belongs to another email address, when what is asked for differs from the account, and when
        that is gone or rejected: it is never replaced by itself.
        Costs three calls for a coach who is registered. For a new one eight, wherever the account was made, one for each
        further hundred accounts that were made since the accounts were adopted, and one for each refusal on the way.
        """
        if not caller.owns_account(coach.coach_id):
            raise Forbidden("A coach can only register for themselves.")
        coach = replace(coach, sport=self._spelling(coach.sport))
        account = self._registered(coach) or self._adopted(coach) or self._register(coach)
        # Last, so that no link to an account that lost the race ever leaves.
        return Onboarding(account, self._links.create(account))

    def account(self, account_id: str, caller: Caller) -> stripe.Account:
        """A coach's account, as far as it is the caller's to see.

        Raises ``NotFound`` for the platform's own, a stranger's, a deleted one and another coach's.
        """
        return _shown(self._owned(account_id, caller), caller)

    def _owned(self, account_id: str, caller: Caller) -> stripe.Account:
        account = account_or_none(self._client, account_id)
        coach_id = coach_of(account, self._namespace) if account else None
        if account is None or coach_id is None or not caller.owns_account(coach_id):
            raise NotFound("There is no such coach account.")
        return account

    def update(self, account_id: str, changes: Mapping[str, Any], caller: Caller) -> stripe.Account:
        """Prefill what onboarding will ask. Raises ``Conflict`` for what only the coach may still change."""
        self._owned(account_id, caller)
        params: Any = dict(changes)
        try:
            account = self._client.v1.accounts.update(account_id, params)
        except stripe.PermissionError as error:
            # Once an Express coach has opened onboarding, identity fields are Stripe's.
            raise Conflict("This can now only be changed by the coach, in the Stripe dashboard.") from error
        log.info("account.changed", account=account_id, sections=sorted(changes))
        return _shown(account, caller)

    def login_link(self, account_id: str, caller: Caller) -> stripe.LoginLink:
        """A single-use link to the coach's Express dashboard. Raises ``Conflict`` before onboarding."""
        account = self._owned(account_id, caller)
        if not account.details_submitted:
            raise Conflict("The coach has to complete onboarding before opening the dashboard.")
        return self._client.v1.accounts.login_links.create(account_id)

    def balance(self, account_id: str, caller: Caller) -> stripe.Balance:
        """The balance that the coach holds at Stripe, per currency, in minor units."""
        self._owned(account_id, caller)
        return self._client.v1.balance.retrieve({}, {"stripe_account": account_id})

    def payouts(
        self, account_id: str, limit: int, starting_after: str | None, caller: Caller
    ) -> stripe.ListObject[stripe.Payout]:
        """One page of payouts to the coach's bank, newest first."""
        self._owned(account_id, caller)
        params: stripe.params.PayoutListParams = {"limit": limit}
        if starting_after:
            params["starting_after"] = starting_after
        return self._client.v1.payouts.list(params, {"stripe_account": account_id})

    def adopt(self, account: stripe.Account) -> bool:
        """Register an account that carries a coach id but is not in the registry (made before there was one).

        Answers whether the account is the coach's. A coach who has another account keeps it. Where the deployment has a
        name, an account without a marker is not registered: another deployment may have a coach of the same id.
        """
        coach_id = coach_of(account, self._namespace)
        if coach_id is None:
            return False
        known = self._registry.lookup(coach_id)
        if known is None and self._namespace.name and not self._namespace.is_ours(metadata_of(account)):
            return False
        if known is None:
            known = self._registry.claim(Entry.of(coach_id, account))
        return known.account_id == account.id

    def _registered(self, coach: NewCoach) -> stripe.Account | None:
        entry = self._registry.read(coach.coach_id)
        return self._bound(entry, coach) if entry is not None else None

    def _adopted(self, coach: NewCoach) -> stripe.Account | None:
        """The account that the Node backend made for the coach, or that was made here and never registered."""
        claimants = claimants_since(self._client, coach.coach_id, self._registry.adopted_at())
        if not claimants:
            return None
        chosen = choose(claimants)
        if chosen is None:
            log.error("account.contested", coach=coach.coach_id, accounts=[one.account_id for one in claimants])
            raise Conflict("This coach has several accounts at Stripe. Please contact support to choose one of them.")
        # Before it is bound: a coach id alone must not make anybody's account the coach's.
        _check_email(chosen.entry.email_hash, coach)
        winner = self._registry.claim(replace(chosen.entry, email_hash=email_hash(coach.email)))
        log.info("account.adopted", account=winner.account_id, coach=coach.coach_id)
        return self._bound(winner, coach)

    def _register(self, coach: NewCoach) -> stripe.Account:
        account: stripe.Account = self._maker.make(coach)
        mine = Entry(coach.coach_id, account.id, email_hash(coach.email))
        winner = self._registry.claim(mine)
        if winner.account_id == account.id:
            log.info("account.created", account=account.id, coach=coach.coach_id)
            return account
        log.info("account.lost_race", account=account.id, winner=winner.account_id, coach=coach.coach_id)
        self._maker.close(account)
        return self._bound(winner, coach)

    def _bound(self, entry: Entry, coach: NewCoach) -> stripe.Account:
        """The account that the coach is bound to, if it is this coach's, can be onboarded, and is what was asked for."""
        if entry.email_hash:
            _check_email(entry.email_hash, coach)
        account = account_or_none(self._client, entry.account_id) if entry.account_id else None
        if not entry.account_id:
            log.error("registry.damaged", coach=coach.coach_id, remedy="flask coaches rebind")
            raise Conflict("The record of this coach's account is damaged. Please contact support to have it mended.")
        if account is None:
            log.error("account.gone", account=entry.account_id, coach=coach.coach_id, remedy="flask coaches rebind")
            raise Conflict("This coach's account at Stripe is closed. Please contact support to have it replaced.")
        if not entry.email_hash:
            _check_email(email_hash(account.email) if account.email else "", coach)
        if is_rejected(account):
            log.error("account.rejected", account=account.id, coach=coach.coach_id, remedy="flask coaches rebind")
            raise Conflict("Stripe has rejected this coach's account, so it cannot be paid. Please contact support.")
        _check_details(account, coach)
        return account

    def _spelling(self, sport: str) -> str:
        try:
            return self._catalogue.spelling(sport)
        except NotOffered as refusal:
            raise InvalidRequest(str(refusal), field=refusal.field) from refusal


def _shown(account: stripe.Account, caller: Caller) -> stripe.Account:
    """The account without what proves who its coach is, where it may be anybody who asks.

    Whoever knows the registered email is given an onboarding link there (``onboarding.py``), and a payment names the account.
    """
    if not caller.unknown:
        return account
    shown: stripe.Account = objects.changed(account, email=None, business_profile=None)
    return shown


def _check_email(known_hash: str, coach: NewCoach) -> None:
    if not known_hash:
        raise Conflict("This coach's account has no email address to know the coach by. Please contact support.")
    if known_hash != email_hash(coach.email):
        raise Conflict("This coach is already registered with another email address.", field="email")


def _check_details(account: stripe.Account, coach: NewCoach) -> None:
    """Refuse what the account is not: a coach who is answered 200 believes to have what was asked for.

    Only what decides how the coach is onboarded and paid. The name and the sport are words on the profile, which the
    coach may change at any time, and a coach of two sports asks with either.
    """
    asked = (("country", coach.country, account.country), ("businessType", coach.business_type, account.business_type))
    for field, wanted, known in asked:
        # What Stripe does not know yet contradicts nothing: the coach says it while onboarding.
        if wanted and known and wanted != known:
            raise Conflict(
                f"This coach is already registered with {known}. Leave {field} out, or contact support.", field=field
            )
