"""Putting the registry right from the accounts themselves: what ``flask coaches adopt`` does, and every sweep."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import stripe
import structlog

from backend.domain.metadata import ADOPTION_MARKER, Binding, read_adopted_at, read_binding
from backend.domain.namespace import entry_id, is_marked
from backend.services.coach.account_lists import v2_accounts
from backend.services.coach.claimants import Claimant, choose, claimant_of
from backend.services.coach.registry import Entry, Registry
from backend.services.reads import PAGE, metadata_of
from backend.services.write_outcome import answered_at
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

# A look through the accounts of a day costs a page or two; a sweep that finds nothing to do should not write each time.
_MARKER_MOVES_AFTER = 86_400
# What a person sees of each coach who is to be registered, and at which pace.
Walk = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True)
class RegistrySweep:
    """The findings of a sweep of the registry, by coach id.

    ``restored``: registered now. ``contested``: several accounts claim the id (``claimants`` has them). ``refused``:
    Stripe would not take the entry. ``failed``: it could not be asked; run it again. ``broken``: the entry cannot be
    read, or its replacement was begun and not finished; ``flask coaches rebind`` mends it. ``until``: every account that
    was made by then, in unix seconds of Stripe's clock, was looked at.
    """

    coaches: int
    restored: tuple[str, ...]
    contested: tuple[str, ...]
    refused: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    claimants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    until: int = 0

    @property
    def is_complete(self) -> bool:
        """True if every account that carries a coach's id has an entry, or another account has."""
        return not (self.contested or self.refused or self.failed)


def restore_registry(
    client: stripe.StripeClient,
    registry: Registry,
    dry_run: bool = False,
    walk: Walk = iter,
    unmarked: bool = True,
) -> RegistrySweep:
    """Register coaches whose accounts carry their id and who have no entry; who has one keeps it.

    Which of several accounts is the coach's is not to be guessed, unless only one can be paid: payments keep the
    account frozen at purchase, or wait. An entry whose replacement exists is put back so that it leads there. Where
    accounts were adopted once, the marker moves forward, once a day. Calls: one for each hundred accounts and for each hundred
    coaches, two for each who is registered, and two or more for each whose binding was replaced. ``unmarked``: accounts
    without a marker too, which any deployment on the Stripe account may claim.
    """
    accounts, until, left_out = _accounts(client, unmarked)
    namespace = namespace_of(client)
    ids = {coach_id: namespace.registry_ids(coach_id) for coach_id in accounts}
    marker = namespace.own(ADOPTION_MARKER)
    products = _products(client, [*chain.from_iterable(ids.values()), marker])
    entries = {one: _first(products, ids[one]) for one in accounts}
    missing = [coach_id for coach_id in accounts if entries[coach_id] is None]
    replaced = _replaced(client, {one: ids[one][0] for one in missing})
    clear = _clear({one: accounts[one] for one in missing}, replaced)
    results = {one: "restored" if dry_run else _restore(registry, clear[one]) for one in walk(list(clear))}
    results |= {one: _check(registry, one, entry) for one, entry in entries.items() if entry is not None}
    contested = tuple(coach_id for coach_id in missing if coach_id not in clear)
    sweep = RegistrySweep(
        len(accounts),
        restored=_with(results, "restored"),
        contested=contested,
        refused=_with(results, "refused"),
        failed=_with(results, "failed"),
        broken=_with(results, "broken"),
        claimants={one: tuple(claimant.account_id for claimant in accounts[one]) for one in contested},
        until=until,
    )
    if marker in products and not (dry_run or left_out) and sweep.is_complete:
        _advance(registry, read_adopted_at(products[marker]), until)
    return sweep


def _replaced(client: stripe.StripeClient, ids: Mapping[str, str]) -> set[str]:
    """The coaches whose binding was replaced once, of some with their registry ids."""
    known = _products(client, [entry_id(one, 2) for one in ids.values()])
    return {coach_id for coach_id, one in ids.items() if entry_id(one, 2) in known}


def _clear(claimants: Mapping[str, Sequence[Claimant]], replaced: Collection[str]) -> dict[str, Entry]:
    """The entries of those coaches of whom it is clear which account is theirs."""
    chosen = {one: choose(accounts) or _any_of(accounts, one in replaced) for one, accounts in claimants.items()}
    return {coach_id: claimant.entry for coach_id, claimant in chosen.items() if claimant is not None}


def _accounts(client: stripe.StripeClient, unmarked: bool) -> tuple[dict[str, list[Claimant]], int, int]:
    """The accounts that carry each coach's id, the second until which every account is among those looked at, and the
    number of those that were left out because nothing marks them.
    """
    namespace, left_out = namespace_of(client), 0
    claimants: dict[str, list[Claimant]] = {}
    page = client.v1.accounts.list({"limit": PAGE})
    listed = {account.id: account for account in page.auto_paging_iter()}
    newest = max((account.created or 0 for account in listed.values()), default=0)
    unseen = (made for made in v2_accounts(client) if not metadata_of(listed.get(made.id)))
    for account in (*listed.values(), *unseen):
        claimant = claimant_of(account, namespace)
        if claimant is not None and not (unmarked or is_marked(metadata_of(account))):
            left_out += 1
        elif claimant is not None:
            claimants.setdefault(claimant.entry.coach_id, []).append(claimant)
    return claimants, answered_at(page) or newest, left_out


def _products(client: stripe.StripeClient, ids: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """The metadata of those Products that exist."""
    known: dict[str, Mapping[str, str]] = {}
    for start in range(0, len(ids), PAGE):
        page = client.v1.products.list({"ids": list(ids[start : start + PAGE]), "limit": PAGE})
        known.update({product.id: metadata_of(product) for product in page.data})
    return known


def _first(products: Mapping[str, Mapping[str, str]], ids: Iterable[str]) -> Mapping[str, str] | None:
    """The metadata of the first of these Products that exists."""
    return next((products[one] for one in ids if one in products), None)


def _any_of(claimants: Sequence[Claimant], is_replaced: bool) -> Claimant | None:
    """Any of the claimants, where the replacement of a lost entry exists: that one decides."""
    return claimants[0] if is_replaced else None


def _restore(registry: Registry, entry: Entry) -> str:
    """Register one coach. Whatever Stripe says to that is no reason to leave out the next."""
    try:
        holds = registry.claim(entry)
    except stripe.StripeError as error:
        log.warning("registry.refused", coach=entry.coach_id, account=entry.account_id, said=str(error))
        # Which of the two says that the id of a deleted entry is taken is not documented.
        return "refused" if error.http_status in (400, 409) else "failed"
    log.info("registry.restored", coach=entry.coach_id, account=holds.account_id)
    return "restored"


def _with(results: Mapping[str, str], outcome: str) -> tuple[str, ...]:
    return tuple(coach_id for coach_id, result in results.items() if result == outcome)


def _check(registry: Registry, coach_id: str, metadata: Mapping[str, str]) -> str:
    """Look at an entry that is there; one that was replaced is followed to the one that holds."""
    binding: Binding | Entry | None = read_binding(metadata)
    try:
        if binding is not None and binding.has_next:
            binding = registry.read(coach_id)
    except stripe.StripeError:
        return "failed"
    return "broken" if binding is None or binding.has_next or not binding.account_id else "bound"


def _advance(registry: Registry, adopted_at: int, until: int) -> None:
    if until - adopted_at >= _MARKER_MOVES_AFTER:
        registry.mark_adopted(until)
