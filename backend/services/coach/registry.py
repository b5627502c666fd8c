"""The registry of coaches: which account is whose, without a database.

Stripe refuses a second Product of the same id, for ever, and finds one by id with no search lag. So an
inactive Product per coach, its id derived from the coach id, is a durable compare-and-set. It is created
once, complete, and its account is never changed.

A person may replace a binding: ``next`` is written on the entry that holds, and then the next entry is
created, under the same id and a number. Readers follow; where the next entry is absent (the person's
command ended half-way) the older one holds until the command is run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import stripe
import structlog

from backend.domain.metadata import (
    ACCOUNT,
    ADOPTED_AT,
    ADOPTION_MARKER,
    COACH_ID,
    EMAIL_HASH,
    NEXT,
    WHY,
    email_hash,
    read_adopted_at,
    read_binding,
)
from backend.domain.namespace import entry_id
from backend.services import objects
from backend.services.cache import Cache
from backend.services.reads import get_or_none, metadata_of
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Entry:
    """One coach's binding. ``account_id`` is empty where the Product is damaged: then nobody can be paid by it.

    ``email_hash`` recognises the address that claimed the coach id; empty where the account's own has to do.
    ``number`` counts the bindings of the coach. ``has_next``: its replacement was begun and not finished. ``kept_under``:
    the registry id where it stands, which may be that of an earlier name of the deployment; empty for today's.
    """

    coach_id: str
    account_id: str
    email_hash: str
    number: int = 1
    has_next: bool = False
    kept_under: str = ""

    @classmethod
    def of(cls, coach_id: str, account: stripe.Account) -> Entry:
        """The binding that an account speaks for by itself, made before there was an entry or after it was lost."""
        return cls(coach_id, account.id, email_hash(account.email) if account.email else "")

    @property
    def is_chained(self) -> bool:
        """True if a person replaced the first binding, or began to."""
        return self.number > 1 or self.has_next


class Registry:
    """Looks up, claims and replaces bindings.

    ``late_coaches_wait``: a coach who registers after a purchase is not believed to be the one who was sold. Where
    nobody has to sign in, anybody could claim a coach id that is not registered yet, and the money with it.
    """

    def __init__(
        self,
        client: stripe.StripeClient,
        late_coaches_wait: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._namespace = namespace_of(client)
        self._late_coaches_wait = late_coaches_wait
        self._known: Cache[Entry] = Cache(now)

    def lookup(self, coach_id: str) -> Entry | None:
        """The coach's entry, or None. Only hits are remembered: a coach may register at any moment.

        Nor are entries that a person replaced, so that what a person undid is not paid for another minute.
        """
        return self.remembered(coach_id) or self.read(coach_id)

    def remembered(self, coach_id: str) -> Entry | None:
        """The entry as it was read within the last minute, at no call."""
        return self._known.get(coach_id)

    def read(self, coach_id: str) -> Entry | None:
        """The coach's entry as Stripe has it now: one call, and one more for each time that it was replaced.

        Where there is none, one more for each earlier name of the deployment.
        """
        entry = self._first(coach_id)
        while entry is not None and entry.has_next:
            newer = self._read(coach_id, entry.number + 1, entry.kept_under)
            if newer is None:
                log.warning("registry.rebind_unfinished", coach=coach_id, account=entry.account_id)
                break
            entry = newer
        self._remember(coach_id, entry)
        return entry

    def was_bound(self, coach_id: str, account_id: str) -> bool:
        """True if the account is the coach's, or was before a person replaced it. Asked of accounts that are gone."""
        entry = self._first(coach_id)
        while entry is not None and entry.account_id != account_id:
            entry = self._read(coach_id, entry.number + 1, entry.kept_under) if entry.has_next else None
        return entry is not None

    def accounts_of(self, coach_id: str) -> list[str]:
        """The coach's account, and after it those that it was bound to before, newest first; at most a minute old."""
        known = self._known.get(coach_id)
        if known is not None:
            return [known.account_id] if known.account_id else []
        entry, accounts = self._first(coach_id), list[str]()
        if entry is not None:
            self._remember(coach_id, entry)
        while entry is not None:
            accounts.append(entry.account_id)
            entry = self._read(coach_id, entry.number + 1, entry.kept_under) if entry.has_next else None
        return [one for one in dict.fromkeys(reversed(accounts)) if one]

    def _first(self, coach_id: str) -> Entry | None:
        ids = self._namespace.registry_ids(coach_id)
        return next((one for one in (self._read(coach_id, 1, under) for under in ids) if one is not None), None)

    def late_account(self, coach_id: str) -> str | None:
        """The account to pay for a purchase made before the coach registered; None where that is an operator's to say."""
        if self._late_coaches_wait:
            return None
        entry = self.lookup(coach_id)
        return (entry.account_id or None) if entry else None

    def claim(self, entry: Entry, why: str = "") -> Entry:
        """Bind the coach to the account, unless it is bound already; answers with the binding that holds.

        On *any* failure the entry is read: a lost answer, a lock timeout and "already exists" all leave the
        same question, who won. Raises what Stripe raised when there is still no entry. Where only the first
        entry of a replaced binding is lost, it is put back and goes on leading to the one that holds.
        """
        under = self._namespace.registry_id(entry.coach_id)
        newer = self._read(entry.coach_id, 2, under)
        first = entry if newer is None else replace(newer, number=1, has_next=True)
        try:
            self._create(first, why)
        except stripe.StripeError:
            winner = self.read(entry.coach_id)
            if winner is None:
                raise
            return winner
        if newer is not None:
            return self.read(entry.coach_id) or first
        self._remember(entry.coach_id, entry)
        return entry

    def replace(self, current: Entry, account_id: str, known_email_hash: str, why: str) -> Entry:
        """Bind the coach to another account: a person's decision. Answers with the binding that holds.

        First the entry that holds is marked, then the next one is created; done again after a crash, it finishes.
        """
        newer = Entry(current.coach_id, account_id, known_email_hash, current.number + 1, kept_under=current.kept_under)
        if not current.has_next:
            self._client.v1.products.update(self._id(current), {"metadata": {NEXT: str(newer.number)}})
        self._known.drop(current.coach_id)
        try:
            self._create(newer, why)
        except stripe.StripeError:
            winner = self._read(current.coach_id, newer.number, current.kept_under)
            if winner is None:
                raise
            return winner
        return newer

    def adopted_at(self) -> int:
        """The unix second until which every account is in the registry; 0 where nobody has adopted them."""
        for product_id in self._namespace.owns(ADOPTION_MARKER):
            marker = get_or_none(lambda one=product_id: self._client.v1.products.retrieve(one))  # type: ignore[misc]
            if marker is not None:
                return read_adopted_at(metadata_of(marker))
        return 0

    def mark_adopted(self, at: int) -> None:
        """Write that every account made until ``at`` is in the registry. The mark only moves forward."""
        product_id = self._namespace.own(ADOPTION_MARKER)
        marker = get_or_none(lambda: self._client.v1.products.retrieve(product_id))
        said = {ADOPTED_AT: str(at)}
        if marker is None:
            params: stripe.params.ProductCreateParams = {
                "id": product_id,
                "name": "Coaches' accounts are in the registry",
                "active": False,
                "metadata": {**self._namespace.mark, **said},
            }
            self._client.v1.products.create(params)
        elif at > read_adopted_at(metadata_of(marker)):
            self._client.v1.products.update(product_id, {"metadata": said})

    def _id(self, entry: Entry) -> str:
        """The Product's id."""
        return entry_id(entry.kept_under or self._namespace.registry_id(entry.coach_id), entry.number)

    def _read(self, coach_id: str, number: int, under: str) -> Entry | None:
        product = get_or_none(lambda: objects.get(self._client, "products", entry_id(under, number)))
        if product is None:
            return None
        binding = read_binding(metadata_of(product))
        if not binding.account_id:
            log.error("registry.damaged", coach=coach_id, product=product.id)
        return Entry(coach_id, binding.account_id, binding.email_hash, number, binding.has_next, under)

    def _create(self, entry: Entry, why: str) -> None:
        # No idempotency key of our own: the id is the lock. A pinned answer would outlive a deleted entry.
        said = {
            **self._namespace.mark,
            ACCOUNT: entry.account_id,
            COACH_ID: entry.coach_id,
            EMAIL_HASH: entry.email_hash,
            WHY: why,
            NEXT: str(entry.number + 1) if entry.has_next else "",
        }
        self._client.v1.products.create(
            {
                "id": self._id(entry),
                "name": f"Registry entry of coach {entry.coach_id}"[:250],
                "active": False,
                "metadata": {key: value for key, value in said.items() if value},
            }
        )

    def _remember(self, coach_id: str, entry: Entry | None) -> None:
        if entry is None or entry.is_chained:
            self._known.drop(coach_id)
        else:
            self._known.put(coach_id, entry)
