"""The account that a purchase is frozen to."""

from __future__ import annotations

from collections.abc import Callable

import stripe
import structlog

from backend.services.cache import Cache
from backend.services.coach.accounts import account_or_none, is_gone
from backend.services.coach.registry import Registry
from backend.services.errors import Conflict

log = structlog.get_logger(__name__)


class Payees:
    """Finds payees. ``now`` gives seconds, for what is remembered for a minute."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, now: Callable[[], float]) -> None:
        self._client = client
        self._registry = registry
        self._standing: Cache[bool] = Cache(now)

    def for_purchase(self, coach_id: str) -> str | None:
        """The account to freeze; None while the coach has none. Raises ``Conflict`` when it is gone.

        Costs two reads, of the entry and of the account, and none for another minute; for a coach whose binding was
        replaced the entries are read each time. Before a sale is refused both are read once more: a person may have bound
        the coach to another account a moment ago.
        """
        for look in (self._registry.lookup, self._registry.read):
            entry = look(coach_id)
            if entry is None or not entry.account_id:
                return None
            if self._stands(entry.account_id):
                return entry.account_id
        log.error("account.gone", coach=coach_id, remedy="flask coaches rebind")
        raise Conflict("This coach cannot be paid at the moment. Please choose another coach, or contact support.")

    def are_remembered(self, coach_id: str) -> bool:
        """True if ``for_purchase`` would make no call."""
        entry = self._registry.remembered(coach_id)
        return entry is not None and bool(self._standing.get(entry.account_id))

    def _stands(self, account_id: str) -> bool:
        if self._standing.get(account_id):
            return True
        stands = not is_gone(account_or_none(self._client, account_id))
        if stands:
            self._standing.put(account_id, stands)
        return stands
