"""Search: a query language over objects as they were a minute ago, for Search is never up to date."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from ..wire.bounds import page_size
from ..wire.errors import invalid
from ..wire.http import to_json
from ..wire.packing import Packed, Packer
from .search_query import Clause, Query, parse
from .store import Collection, Row
from .switches import Switches
from .timeline import Timeline

# "Normally under a minute" behind: a caller must not count on less.
LAG_SECONDS = 60
FIELDS = {
    "payment_intents": frozenset({"amount", "created", "currency", "customer", "metadata", "status"}),
    "customers": frozenset({"created", "email", "metadata", "name", "phone"}),
}
# Fields whose values pick out few objects, and so are worth an index.
SELECTIVE = frozenset({"customer", "email", "metadata"})
Term = tuple[str, str, str, str]


class SearchIndex:
    """The index of Search: each object as it was a minute ago.

    States are kept as packed text, the newest one always, for when the object changes it is the past that Search still shows.
    """

    def __init__(self, timeline: Timeline, packer: Packer) -> None:
        self._timeline = timeline
        self._packer = packer
        self._ever: dict[Term, dict[str, Row]] = defaultdict(dict)

    def note(self, row: Row) -> None:
        """Remember an object as it is now; called at every change."""
        if row.kind not in FIELDS:
            return
        history = row.hidden.setdefault("history", [])
        self._forget(history)
        history.append((self._timeline.now(), self._packer.pack(row.kind, to_json(row))))
        self._index(row, row)

    def load(self, rows: Iterable[Row]) -> None:
        """Index these instead: as they are, and as they were a minute ago."""
        self._ever.clear()
        for row in rows:
            for _, state in row.hidden["history"] if row.kind in FIELDS else ():
                self._index(row, json.loads(state.text()))

    def _index(self, row: Row, state: Mapping[str, Any]) -> None:
        for path, value in _terms(state):
            self._ever[row.account, row.kind, path, value][row["id"]] = row

    def find(self, collection: Collection, account: str, kind: str, query: Query) -> Iterator[dict[str, Any]]:
        """The states that match, newest object first."""
        for row in self._candidates(collection, account, kind, query):
            seen = self._visible(row)
            if seen is not None and query.matches(seen) and collection.get(row["id"]) is row:
                yield seen

    def _candidates(self, collection: Collection, account: str, kind: str, query: Query) -> Iterable[Row]:
        """Objects that ever had a value asked for: without this, Search would slow down with every object made."""
        exact = [clause for clause in query.clauses if clause.is_exact and clause.field in SELECTIVE]
        found = [self._ever.get((account, kind, *clause.term), {}) for clause in exact]
        if not found or (query.any_of and len(exact) < len(query.clauses)):
            return collection.walk({}, newest=True)
        few = {row_id: row for rows in found for row_id, row in rows.items()} if query.any_of else min(found, key=len)
        return sorted(few.values(), key=lambda row: -row.seq)

    def _visible(self, row: Row) -> dict[str, Any] | None:
        history, limit = row.hidden["history"], self._timeline.now() - LAG_SECONDS
        if history[-1][0] <= limit:
            return row
        past = next((state for at, state in reversed(history) if at <= limit), None)
        return None if past is None else dict(json.loads(past.text()))

    def _forget(self, history: list[tuple[int, Packed]]) -> None:
        """Keep the newest state that Search can see already, and what came after it."""
        limit = self._timeline.now() - LAG_SECONDS
        seen = [place for place, (at, _) in enumerate(history) if at <= limit]
        del history[: seen[-1] if seen else 0]


def result(found: Iterator[dict[str, Any]], params: dict[str, Any], url: str) -> dict[str, Any]:
    """One page as a search_result object; `page` is an opaque position. Counts the rest only when asked to."""
    start, limit = _position(params.get("page")), page_size(params)
    end = start + limit
    matches = list(islice(found, end + 1))
    body = {
        "object": "search_result",
        "data": matches[start:end],
        "has_more": len(matches) > end,
        "next_page": f"page_{end}" if len(matches) > end else None,
        "url": url,
    }
    if "total_count" in params.get("expand", ()):
        body["total_count"] = len(matches) + sum(1 for _ in found)
    return body


def query_of(switches: Switches, kind: str, text: str) -> Query:
    """Parse a query, refusing the fields that this kind of object cannot be searched by."""
    query = parse(text, switches["search_clauses_max"])
    for clause in query.clauses:
        if clause.field not in FIELDS[kind]:
            allowed = ", ".join(sorted(FIELDS[kind]))
            raise invalid(
                f"Field `{clause.field}` is an unsupported search field. Supported fields: {allowed}.",
                "query",
            )
    return query


def _position(page: str | None) -> int:
    if page is None:
        return 0
    number = page.removeprefix("page_")
    if not number.isdecimal() or page == number:
        raise invalid("Invalid page.", param="page")
    return int(number)


def _terms(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("customer", "email"):
        if row.get(field) is not None:
            yield field, Clause.word(row[field])
    for key, value in (row.get("metadata") or {}).items():
        yield f"metadata.{key}", Clause.word(value)
