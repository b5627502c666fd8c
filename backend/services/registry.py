"""The registry of coaches: which account is whose, without a database.

Stripe refuses a second Product of the same id, for ever, and finds one by id with no search lag. So an
inactive Product per coach, its id derived from the coach id, is a durable compare-and-set. It is created
once, complete, and never updated.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import stripe

from backend.domain.metadata import ACCOUNT, APP, APP_VALUE, COACH_ID, EMAIL_HASH, email_hash, registry_id
from backend.services.reads import found, metadata_of

# An entry never changes, but an operator may delete one to unbind a coach: no worker believes it for longer.
_REMEMBER_SECONDS = 600
_REMEMBER_ENTRIES = 10_000


@dataclass(frozen=True)
class Entry:
    """One coach's binding. ``email_hash`` recognises the address that claimed the coach id."""

    coach_id: str
    account_id: str
    email_hash: str

    @classmethod
    def of(cls, coach_id: str, account: stripe.Account) -> Entry:
        """The binding that an account speaks for by itself, made before there was an entry or after it was lost."""
        return cls(coach_id, account.id, email_hash(account.email or ""))


class Registry:
    """Looks up and claims coach ids.

    ``late_coaches_wait``: a coach who registers after a purchase is not believed to be the one who was sold. Where
    nobody has to sign in, anybody could claim a coach id that is not registered yet, and the money with it.
    """

    def __init__(self, client: stripe.StripeClient, late_coaches_wait: bool = False) -> None:
        self._client = client
        self._late_coaches_wait = late_coaches_wait
        self._known: OrderedDict[str, tuple[float, Entry]] = OrderedDict()
        self._lock = threading.Lock()

    def lookup(self, coach_id: str) -> Entry | None:
        """The coach's entry, or None. Only hits are remembered: a coach may register at any moment."""
        return self._remembered(coach_id) or self.read(coach_id)

    def read(self, coach_id: str) -> Entry | None:
        """The coach's entry as Stripe has it now."""
        product = found(lambda: self._client.v1.products.retrieve(registry_id(coach_id)))
        if product is None:
            return None
        metadata = metadata_of(product)
        entry = Entry(coach_id, metadata.get(ACCOUNT, ""), metadata.get(EMAIL_HASH, ""))
        self._remember(entry)
        return entry

    def late_account(self, coach_id: str) -> str | None:
        """Whom to pay for a purchase that was made before the coach registered; None where that is an operator's to say."""
        if self._late_coaches_wait:
            return None
        entry = self.lookup(coach_id)
        return entry.account_id if entry else None

    def claim(self, entry: Entry) -> Entry:
        """Bind the coach to the account, unless it is bound already; answers with the binding that holds.

        On *any* failure the entry is read: a lost answer, a lock timeout and "already exists" all leave the
        same question, who won. Raises what Stripe raised when there is still no entry.
        """
        try:
            self._create(entry)
        except stripe.StripeError:
            winner = self.read(entry.coach_id)
            if winner is None:
                raise
            return winner
        self._remember(entry)
        return entry

    def _create(self, entry: Entry) -> None:
        # No idempotency key of our own: the id is the lock. A pinned answer would outlive a deleted entry.
        self._client.v1.products.create(
            {
                "id": registry_id(entry.coach_id),
                "name": f"Registry entry of coach {entry.coach_id}"[:250],
                "active": False,
                "metadata": {
                    APP: APP_VALUE,
                    ACCOUNT: entry.account_id,
                    COACH_ID: entry.coach_id,
                    EMAIL_HASH: entry.email_hash,
                },
            }
        )

    def _remembered(self, coach_id: str) -> Entry | None:
        with self._lock:
            until, entry = self._known.get(coach_id, (0.0, None))
            return entry if time.monotonic() < until else None

    def _remember(self, entry: Entry) -> None:
        with self._lock:
            self._known[entry.coach_id] = (time.monotonic() + _REMEMBER_SECONDS, entry)
            self._known.move_to_end(entry.coach_id)
            while len(self._known) > _REMEMBER_ENTRIES:
                self._known.popitem(last=False)
