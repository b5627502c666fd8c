"""State in memory: rows by id, in order of creation, with an index for each thing that lists filter on."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

# The list filters of each kind (docs/stripe.md 6.2); `created` needs no index, for rows come in its order.
INDEXED: dict[str, tuple[str, ...]] = {
    "customers": ("email",),
    "charges": ("customer", "payment_intent", "transfer_group"),
    "payment_intents": ("customer",),
    "payment_methods": ("customer",),
    "application_fees": ("charge",),
    "fee_refunds": ("fee",),
    "setup_intents": ("customer", "payment_method"),
    "setup_attempts": ("setup_intent",),
    "transfers": ("destination", "transfer_group", "source_transaction"),
    "reversals": ("transfer",),
    "refunds": ("charge", "payment_intent"),
    "disputes": ("charge", "payment_intent"),
    "early_fraud_warnings": ("charge", "payment_intent"),
    "balance_transactions": ("currency", "source", "type", "payout"),
    "payouts": ("status",),
    "products": ("active",),
    "events": ("type", "undelivered"),
}


class Row(dict[str, Any]):
    """One Stripe object as it goes over the wire, with what Stripe knows but does not show in `hidden`."""

    __slots__ = ("account", "hidden", "kind", "seq")

    def __init__(self, kind: str, account: str, fields: dict[str, Any], **hidden: Any) -> None:
        super().__init__(fields)
        self.kind = kind
        self.account = account
        self.hidden: dict[str, Any] = hidden
        self.seq = -1

    def term(self, field: str) -> Any:
        """The value that a list is filtered by: a field that the object shows, or else one that Stripe only knows."""
        return self[field] if field in self else self.hidden.get(field)


class Collection:
    """All rows of one kind in one account. Look-up is O(1); a filtered list costs what it returns, not what is stored."""

    def __init__(self, kind: str) -> None:
        self._indexed = INDEXED.get(kind, ())
        self._by_id: dict[str, Row] = {}
        self._removed: set[str] = set()
        self._rows: list[Row | None] = []
        self._created: list[int] = []
        self._in_order = True
        self._index: dict[tuple[str, Any], list[int]] = defaultdict(list)
        self._terms: dict[int, tuple[Any, ...]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._by_id.values())

    def get(self, row_id: str) -> Row | None:
        """The row of that id, unless it was never made or is gone."""
        return self._by_id.get(row_id)

    def add(self, row: Row) -> None:
        """Append a new row."""
        row.seq = len(self._rows)
        created = row.get("created", 0)
        self._in_order = self._in_order and (not self._created or created >= self._created[-1])
        self._rows.append(row)
        self._created.append(created)
        self._by_id[row["id"]] = row
        self.reindex(row)

    def remove(self, row: Row) -> None:
        """Take a row out of lists and look-ups."""
        del self._by_id[row["id"]]
        self._removed.add(row["id"])
        self._rows[row.seq] = None

    def is_removed(self, row_id: str) -> bool:
        """True if a row of that id was there and is gone."""
        return row_id in self._removed and row_id not in self._by_id

    def reindex(self, row: Row) -> None:
        """Note the present values of the indexed fields, after the row has changed."""
        terms = tuple(row.term(field) for field in self._indexed)
        before = self._terms.get(row.seq, ())
        for place, (field, value) in enumerate(zip(self._indexed, terms, strict=True)):
            if before and before[place] == value:
                continue
            if before:
                old = self._index[field, before[place]]
                del old[bisect_left(old, row.seq)]
            insort(self._index[field, value], row.seq)
        self._terms[row.seq] = terms

    @property
    def removed(self) -> list[str]:
        """The ids of rows that were there and are gone."""
        return sorted(self._removed)

    def forget(self, removed: Iterable[str]) -> None:
        """Note ids of rows that were there once."""
        self._removed.update(removed)

    def find(self, **filters: Any) -> list[Row]:
        """All rows with these values of indexed fields, oldest first."""
        return list(self.walk(filters))

    def walk(
        self, filters: dict[str, Any], low: int = 0, high: int | None = None, newest: bool = False
    ) -> Iterator[Row]:
        """Rows in the half-open range of sequence numbers whose fields equal the filters."""
        indexed = {field: value for field, value in filters.items() if field in self._indexed}
        rest = {field: value for field, value in filters.items() if field not in self._indexed}
        for seq in self._candidates(indexed, low, len(self._rows) if high is None else high, newest):
            row = self._rows[seq]
            if row is None or not self._terms_match(seq, indexed):
                continue
            if all(row.term(field) == value for field, value in rest.items()):
                yield row

    def created_window(self, bounds: dict[str, int]) -> tuple[int, int]:
        """The sequence numbers that can satisfy `{gt, gte, lt, lte}`; all of them if the clock ever went back."""
        low, high = 0, len(self._rows)
        if not self._in_order:
            return low, high
        for bound, value in bounds.items():
            after = bound in {"gt", "lte"}
            place = (bisect_right if after else bisect_left)(self._created, value)
            low, high = (max(low, place), high) if bound in {"gt", "gte"} else (low, min(high, place))
        return low, high

    def _terms_match(self, seq: int, indexed: dict[str, Any]) -> bool:
        terms = self._terms[seq]
        return all(terms[self._indexed.index(field)] == value for field, value in indexed.items())

    def _candidates(self, indexed: dict[str, Any], low: int, high: int, newest: bool) -> Iterable[int]:
        if not indexed:
            return range(high - 1, low - 1, -1) if newest else range(low, high)
        lists = (self._index.get(term, []) for term in indexed.items())
        shortest = min(lists, key=len)
        found = shortest[bisect_left(shortest, low) : bisect_left(shortest, high)]
        return reversed(found) if newest else found


class Store:
    """The collections of every account, and one look-up by id over all of them."""

    def __init__(self) -> None:
        self._collections: dict[tuple[str, str], Collection] = {}
        self._anywhere: dict[str, Row] = {}

    def of(self, account: str, kind: str) -> Collection:
        """The rows of one kind in one account."""
        place = (account, kind)
        if place not in self._collections:
            self._collections[place] = Collection(kind)
        return self._collections[place]

    def all(self, kind: str) -> Iterator[Row]:
        """The rows of one kind in every account."""
        for (_, name), collection in list(self._collections.items()):
            if name == kind:
                yield from collection

    def anywhere(self, row_id: str) -> Row | None:
        """The row of that id, whichever account it belongs to."""
        return self._anywhere.get(row_id)

    def rows(self) -> list[Row]:
        """Every row of every kind and account."""
        return [row for collection in self._collections.values() for row in collection]

    def dump(self) -> list[Any]:
        """``[account, kind, rows, ids of removed rows]`` of each collection, to be saved."""
        return [[*place, list(one), one.removed] for place, one in self._collections.items()]

    def load(self, saved: list[Any]) -> None:
        """Take these rows instead of what is there."""
        self._collections.clear()
        self._anywhere.clear()
        for account, kind, rows, removed in saved:
            self.of(account, kind).forget(removed)
            for row in rows:
                self.add(row)

    def add(self, row: Row) -> Row:
        """Keep a new row."""
        self.of(row.account, row.kind).add(row)
        self._anywhere[row["id"]] = row
        return row

    def changed(self, row: Row) -> None:
        """Call after changing a row's fields."""
        self.of(row.account, row.kind).reindex(row)

    def remove(self, row: Row) -> None:
        """Delete a row."""
        self.of(row.account, row.kind).remove(row)
        self._anywhere.pop(row["id"], None)


def clone(value: Any) -> Any:
    """A deep copy of JSON-like data; several times faster than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value
