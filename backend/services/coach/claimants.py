"""The accounts that say by their metadata whose they are: made by the Node backend, or before their registry entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import stripe
import structlog

from backend.domain.namespace import Namespace
from backend.domain.requirements import is_payable
from backend.services.coach.account_lists import MAX_PAGES, v2_accounts
from backend.services.coach.accounts import account_or_none
from backend.services.coach.registry import Entry
from backend.services.errors import Undecided
from backend.services.reads import PAGE, coach_of
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

# An account becomes visible in lists a moment after the second in which it says to have been made.
_OVERLAP = 300


@dataclass(frozen=True)
class Claimant:
    """An Express account that carries a coach's id. ``payable``: its ``transfers`` capability is active."""

    entry: Entry
    payable: bool
    created: int

    @property
    def account_id(self) -> str:
        """The account's id."""
        return self.entry.account_id


def claimant_of(account: stripe.Account, namespace: Namespace) -> Claimant | None:
    """The account as a claimant; None when it is no coach's, or another deployment's."""
    coach_id = coach_of(account, namespace)
    if coach_id is None:
        return None
    return Claimant(Entry.of(coach_id, account), is_payable(account), account.created or 0)


def choose(claimants: Sequence[Claimant]) -> Claimant | None:
    """The claimant that is the coach's account: the only one, else the only one that can be paid. None: a person chooses."""
    if len(claimants) == 1:
        return claimants[0]
    payable = [one for one in claimants if one.payable]
    return payable[0] if len(payable) == 1 else None


def claimants_since(client: stripe.StripeClient, coach_id: str, since: int) -> list[Claimant]:
    """The accounts of one coach, of all that were made since a unix second; a call for each hundred, by each way.

    Raises ``Undecided`` past ten pages: an account that was not looked at may be the coach's.
    """
    params: stripe.params.AccountListParams = {"limit": PAGE}
    if since > _OVERLAP:
        params["created"] = {"gte": since - _OVERLAP}
    namespace = namespace_of(client)
    accounts = [one for one in _first_pages(client, params) if coach_of(one, namespace) == coach_id]
    known = {account.id for account in accounts}
    for number, made in enumerate(v2_accounts(client, since - _OVERLAP)):
        if number == MAX_PAGES * PAGE:
            raise _too_many()
        if made.id not in known and coach_of(made, namespace) == coach_id:
            # Read again, for the list says nothing of capabilities.
            accounts += filter(None, [account_or_none(client, made.id)])
    claimants = (claimant_of(account, namespace) for account in accounts)
    return [one for one in claimants if one is not None]


def _first_pages(client: stripe.StripeClient, params: stripe.params.AccountListParams) -> Iterator[stripe.Account]:
    page = client.v1.accounts.list(params)
    for _ in range(MAX_PAGES - 1):
        yield from page.data
        if not page.has_more:
            return
        page = page.next_page()
    yield from page.data
    if page.has_more:
        raise _too_many()


def _too_many() -> Undecided:
    """The refusal where a coach waits for the look, and Stripe's limits are shared with those who pay."""
    log.error("coaches.not_adopted", remedy="flask coaches adopt", accounts=f"more than {MAX_PAGES * PAGE}")
    return Undecided("Coaches cannot be registered at the moment. Please try again later, or contact support.")
