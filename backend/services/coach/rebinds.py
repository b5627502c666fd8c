"""Binding a coach to another account: a person's decision, never the backend's own."""

from __future__ import annotations

from dataclasses import dataclass

import stripe
import structlog

from backend.domain.metadata import COACH_ACCOUNT_ID, COACH_ID, SETTLEMENT, email_hash
from backend.domain.states import MoneyState
from backend.services.coach.accounts import account_or_none, is_gone, is_rejected
from backend.services.coach.registry import Entry, Registry
from backend.services.errors import Conflict, NotFound
from backend.services.reads import PAGE, has_express_dashboard, metadata_of
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rebind:
    """A replacement that was checked: from the entry that holds (None: the coach has none) to the account.

    ``was_gone``: the account of that entry can never be paid. ``frozen``: the payments that wait for that account and
    stay frozen to it, as far as Search knows; None when Search did not answer.
    """

    coach_id: str
    current: Entry | None
    account: stripe.Account
    was_gone: bool
    frozen: tuple[str, ...] | None

    @property
    def is_done(self) -> bool:
        """True if the coach is bound to the account already."""
        current = self.current
        return current is not None and current.account_id == self.account.id and not current.has_next


class Rebinds:
    """The use case of ``flask coaches rebind``."""

    def __init__(self, client: stripe.StripeClient, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    def plan(self, coach_id: str, account_id: str) -> Rebind:
        """Check that the coach can be bound to the account, and see what waits. Writes nothing.

        The account must be an Express account of this platform's, neither closed nor rejected, and no other coach's. A
        coach without a binding must be named by the account itself. Costs four reads, and one for each time that the
        binding was replaced. Raises ``NotFound`` and ``Conflict``.
        """
        account = account_or_none(self._client, account_id)
        if account is None:
            raise NotFound(f"{account_id} is closed, or no account of this platform's.")
        if not has_express_dashboard(account):
            raise Conflict(f"{account_id} is no Express account.")
        if is_rejected(account):
            raise Conflict(f"Stripe has rejected {account_id}, so nothing can be sent to it.")
        if namespace_of(self._client).is_anothers(metadata_of(account)):
            raise Conflict(f"{account_id} is the account of another deployment's coach.")
        names = metadata_of(account).get(COACH_ID)
        if names not in (None, coach_id):
            raise Conflict(f"{account_id} is the account of coach {names}.")
        current = self._registry.read(coach_id)
        if current is None and names is None:
            raise NotFound(f"There is no coach {coach_id}, and {account_id} does not name one.")
        old = current.account_id if current is not None else ""
        was_gone = bool(old) and old != account_id and is_gone(account_or_none(self._client, old))
        return Rebind(coach_id, current, account, was_gone, self._frozen_to(old) if old != account_id else ())

    def carry_out(self, rebind: Rebind, why: str) -> Entry:
        """Bind the coach: two writes, and one for an account that does not name the coach yet.

        Done again after it was cut off, it finishes. Raises ``Conflict`` when another won.
        """
        account, coach_id = rebind.account, rebind.coach_id
        if COACH_ID not in metadata_of(account):
            # By this it is the coach's in every look, and its events are heard.
            marks = {**namespace_of(self._client).mark, COACH_ID: coach_id}
            self._client.v1.accounts.update(account.id, {"metadata": marks})
        if rebind.is_done:
            assert rebind.current is not None
            return rebind.current
        known = email_hash(account.email) if account.email else ""
        if rebind.current is None:
            holds = self._registry.claim(Entry(coach_id, account.id, known), why)
        else:
            holds = self._registry.replace(rebind.current, account.id, known or rebind.current.email_hash, why)
        if holds.account_id != account.id:
            raise Conflict(f"Meanwhile the coach was bound to {holds.account_id}. Look, and run this again.")
        log.warning("coach.rebound", coach=coach_id, account=account.id, number=holds.number, why=why)
        return holds

    def _frozen_to(self, account_id: str) -> tuple[str, ...] | None:
        if not account_id:
            return ()
        query = f'metadata["{COACH_ACCOUNT_ID}"]:"{account_id}" AND -metadata["{SETTLEMENT}"]:null'
        try:
            waiting = self._client.v1.payment_intents.search({"query": query, "limit": PAGE})
            return tuple(
                intent.id
                for intent in waiting.auto_paging_iter()
                if metadata_of(intent).get(SETTLEMENT) != MoneyState.MANUAL
            )
        except stripe.StripeError:
            log.warning("coach.search_failed", account=account_id)
            return None
