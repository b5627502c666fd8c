"""Search: a query language over objects as they were a minute ago, for Search is never up to date."""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .errors import invalid
from .lists import page_size
from .search_query import Clause, Query, parse
from .store import Collection, Row, clone

if TYPE_CHECKING:
    from .timeline import Timeline

# "Normally under a minute" behind: a caller must not count on less.
LAG_SECONDS = 60
FIELDS = {
    "payment_intents": frozenset({"amount", "created", "currency", "customer", "metadata", "status"}),
    "customers": frozenset({"created", "email", "metadata", "name", "phone"}),
    "charges": frozenset({"amount", "created", "currency", "customer", "metadata", "refunded", "disputed", "status"}),
    "products": frozenset({"active", "description", "metadata", "name", "url"}),
}
Term = tuple[str, str, str, str]


class SearchIndex:
    """Past states of the searchable objects, and which ones ever had which value."""

    def __init__(self, timeline: "Timeline") -> None:
        self._timeline = timeline
        self._ever: dict[Term, dict[str, Row]] = defaultdict(dict)

    def note(self, row: Row) -> None:
        """Remember an object as it is now; called at every change."""
        if row.kind not in FIELDS:
            return
        history = row.hidden.setdefault("history", [])
        history.append((self._timeline.now(), clone(row)))
        self._forget(history)
        for path, value in _terms(row, FIELDS[row.kind]):
            self._ever[row.account, row.kind, path, value][row["id"]] = row

    def find(self, collection: Collection, account: str, kind: str, query: Query) -> Iterator[dict[str, Any]]:
        """The states that match, newest object first."""
        rows = self._candidates(collection, account, kind, query)
        for row in sorted(rows, key=lambda row: -row.seq):
            seen = self._visible(row)
            if seen is not None and query.matches(seen) and collection.get(row["id"]) is row:
                yield seen

    def _candidates(self, collection: Collection, account: str, kind: str, query: Query) -> list[Row]:
        """Without an index on the values, Search would slow down with every object ever made."""
        exact = [clause for clause in query.clauses if clause.is_exact]
        if query.any_of and len(exact) < len(query.clauses):
            return list(collection)
        sets = [self._ever.get((account, kind, *clause.term), {}) for clause in exact]
        if not sets:
            return list(collection)
        if query.any_of:
            return list({row_id: row for found in sets for row_id, row in found.items()}.values())
        return list(min(sets, key=len).values())

    def _visible(self, row: Row) -> dict[str, Any] | None:
        limit = self._timeline.now() - LAG_SECONDS
        for at, state in reversed(row.hidden["history"]):
            if at <= limit:
                return dict(state)
        return None

    def _forget(self, history: list[tuple[int, Any]]) -> None:
        """Keep the newest state that Search can already see, and everything after it."""
        limit = self._timeline.now() - LAG_SECONDS
        visible = [place for place, (at, _) in enumerate(history) if at <= limit]
        del history[: visible[-1] if visible else 0]


def result(found: Iterator[dict[str, Any]], params: dict[str, Any], url: str) -> dict[str, Any]:
    """One page as a search_result object; `page` is an opaque position."""
    matches = list(found)
    start, limit = _position(params.get("page")), page_size(params)
    end = start + limit
    more = len(matches) > end
    body = {
        "object": "search_result",
        "data": matches[start:end],
        "has_more": more,
        "next_page": f"page_{end}" if more else None,
        "url": url,
    }
    return body | ({"total_count": len(matches)} if "total_count" in params.get("expand", ()) else {})


def query_of(kind: str, text: str) -> Query:
    """Parse a query, refusing the fields that this kind of object cannot be searched by."""
    query = parse(text)
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


def _terms(row: Row, fields: frozenset[str]) -> Iterator[tuple[str, str]]:
    for field in fields - {"metadata"}:
        yield field, Clause.word(row.get(field))
    for key, value in (row.get("metadata") or {}).items():
        yield f"metadata.{key}", Clause.word(value)
