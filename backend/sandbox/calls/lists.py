"""Lists: newest first, in pages, filtered."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ..state.store import Collection, Row
from ..wire.bounds import in_range, page_size
from ..wire.errors import missing

Predicate = Callable[[Row], bool]


def page(collection: Collection, params: dict[str, Any], url: str, name: str, /, **query: Any) -> dict[str, Any]:
    """One page as a list object.

    `query`: values that fields must equal (None: not asked for), and `where`, a predicate for the rest. The page is cut
    by `limit`, `starting_after` and `ending_before` of `params`.
    """
    where: Predicate = query.pop("where", _anything)
    filters = {field: value for field, value in query.items() if value is not None}
    low, high = _created_window(collection, params.get("created"))
    before, after = params.get("ending_before"), params.get("starting_after")
    backwards = before is not None
    if before is not None:
        low = max(low, _seq(collection, before, "ending_before", name) + 1)
    if after is not None:
        high = min(high, _seq(collection, after, "starting_after", name))
    rows = collection.walk(filters, low, high, newest=not backwards)
    limit = page_size(params)
    found = list(islice(_matching(rows, params, where), limit + 1))
    data = found[:limit]
    return list_object(data[::-1] if backwards else data, url, len(found) > limit)


def list_object(data: list[Any], url: str, has_more: bool = False, **extra: Any) -> dict[str, Any]:
    """The list object."""
    return {"object": "list", "data": data, "has_more": has_more, **extra, "url": url}


def _matching(rows: Iterator[Row], params: dict[str, Any], where: Predicate) -> Iterator[Row]:
    created = params.get("created")
    for row in rows:
        if (created is None or in_range(row["created"], created)) and where(row):
            yield row


def _created_window(collection: Collection, created: int | dict[str, int] | None) -> tuple[int, int]:
    bounds = {"gte": created, "lte": created} if isinstance(created, int) else created or {}
    return collection.created_window(bounds)


def _seq(collection: Collection, row_id: str, param: str, name: str) -> int:
    row = collection.get(row_id)
    if row is None:
        raise missing(name, row_id, param)
    return row.seq


def _anything(row: Row) -> bool:
    return True
