"""Onboarding links: where they may bring a coach back to, and who may have one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import stripe
import structlog

from backend.domain.access import Caller
from backend.domain.addresses import AllowedAddresses
from backend.domain.instants import unix_second
from backend.domain.metadata import email_hash
from backend.domain.requests import LinkRequest
from backend.services.coach.accounts import account_or_none, is_rejected, is_v2
from backend.services.coach.registry import Entry, Registry
from backend.services.errors import Conflict, InvalidRequest, NotFound
from backend.services.reads import coach_of
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

# The same words for a coach who does not exist and for another's: nobody learns which.
NO_SUCH_COACH = "There is no such coach account."


@dataclass(frozen=True)
class SingleUseLink:
    """An address that leads into Stripe once, until the unix second ``expires_at``."""

    url: str
    expires_at: int


@dataclass(frozen=True)
class Onboarding:
    """A coach's account and the single-use link at which the coach completes it (five minutes)."""

    account: stripe.Account
    link: SingleUseLink


class OnboardingLinks:
    """Makes links. ``app_url`` is where they lead back to unless an allowed address is asked for."""

    def __init__(self, client: stripe.StripeClient, app_url: str, allowed: AllowedAddresses) -> None:
        self._client = client
        self._page = f"{app_url}/coach/earnings"
        self._allowed = allowed

    def create(self, account: stripe.Account, asked: LinkRequest | None = None) -> SingleUseLink:
        """A fresh link. Raises ``InvalidRequest`` for an address that is not ours or a front end's."""
        asked = asked or LinkRequest()
        self.check(asked)
        return_url, refresh_url = asked.return_url or self._page, asked.refresh_url or f"{self._page}?refresh=true"
        if is_v2(account):
            return self._by_v2(account, return_url, refresh_url)
        made = self._client.v1.account_links.create(
            {
                "account": account.id,
                "type": "account_onboarding",
                "return_url": return_url,
                "refresh_url": refresh_url,
            }
        )
        return SingleUseLink(made.url, made.expires_at)

    def _by_v2(self, account: stripe.Account, return_url: str, refresh_url: str) -> SingleUseLink:
        # Of what is due now alone, the bank account may be left out, and then no money leaves Stripe.
        onboarding: Any = {
            "return_url": return_url,
            "refresh_url": refresh_url,
            "collection_options": {"fields": "eventually_due"},
        }
        made = self._client.v2.core.account_links.create(
            {"account": account.id, "use_case": {"type": "account_onboarding", "account_onboarding": onboarding}}
        )
        return SingleUseLink(made.url, unix_second(made.expires_at))

    def check(self, asked: LinkRequest) -> None:
        """Raises ``InvalidRequest`` for an address that is not ours or a front end's."""
        for field, address in (("return_url", asked.return_url), ("refresh_url", asked.refresh_url)):
            if address is not None and not self._allowed.allow(address):
                raise InvalidRequest(
                    f"The {field} must be an address of this service (APP_URL) or of an allowed origin.", field=field
                )


class CoachOnboarding:
    """The use cases of the screens that send a coach to Stripe again.

    Whoever finishes the onboarding of a coach's account is paid for the coach's sales. So a link is for the coach, for an
    admin, and where nobody signs in for who knows the address that the coach registered with.
    """

    def __init__(self, client: stripe.StripeClient, registry: Registry, links: OnboardingLinks) -> None:
        self._client = client
        self._namespace = namespace_of(client)
        self._registry = registry
        self._links = links

    def of_account(self, account_id: str, asked: LinkRequest, caller: Caller) -> Onboarding:
        """A link for an account. Raises ``NotFound`` for what is no coach's account, or not the caller's."""
        self._links.check(asked)
        account = account_or_none(self._client, account_id)
        coach_id = coach_of(account, self._namespace) if account else None
        if account is None or coach_id is None:
            raise NotFound(NO_SUCH_COACH)
        self._admit(coach_id, caller, asked, lambda: self._known_email(coach_id, account))
        return self._onboarding(account, asked)

    def of_coach(self, coach_id: str, asked: LinkRequest, caller: Caller) -> Onboarding:
        """A link for a coach. Raises ``NotFound`` for one without an account, and for one who is not the caller."""
        self._links.check(asked)
        entry = self._registry.read(coach_id)
        if entry is None or not entry.account_id:
            raise NotFound(NO_SUCH_COACH)
        account = account_or_none(self._client, entry.account_id)
        self._admit(coach_id, caller, asked, lambda: entry.email_hash or _own_email(account))
        if account is None:
            _refuse(entry.account_id, coach_id, "This coach's account at Stripe is closed.")
        return self._onboarding(account, asked)

    def _known_email(self, coach_id: str, account: stripe.Account) -> str:
        """The hash of the registered address: the registry's; where that is silent about this account, its own."""
        entry: Entry | None = self._registry.read(coach_id)
        bound = entry is not None and entry.account_id == account.id
        return (entry.email_hash if entry is not None and bound else "") or _own_email(account)

    def _admit(self, coach_id: str, caller: Caller, asked: LinkRequest, known_email: Callable[[], str]) -> None:
        if caller.is_coach(coach_id):
            return
        known = known_email() if caller.unknown and asked.email else ""
        if known != email_hash(asked.email or ""):
            raise NotFound(NO_SUCH_COACH)

    def _onboarding(self, account: stripe.Account, asked: LinkRequest) -> Onboarding:
        if is_rejected(account):
            _refuse(account.id, coach_of(account, self._namespace), "Stripe has rejected this coach's account.")
        return Onboarding(account, self._links.create(account, asked))


def _own_email(account: stripe.Account | None) -> str:
    return email_hash(account.email) if account is not None and account.email else ""


def _refuse(account_id: str, coach_id: str | None, why: str) -> NoReturn:
    log.error("account.gone", account=account_id, coach=coach_id, remedy="flask coaches rebind")
    raise Conflict(f"{why} Please contact support.")
