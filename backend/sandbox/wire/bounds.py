"""The bounds of a list: how many objects a page has, and between which values a field may be."""

from typing import Any

from .errors import below_one, invalid

DEFAULT_LIMIT = 10
MOST = 100


def page_size(params: dict[str, Any]) -> int:
    """`limit`, 10 by default; refused outside 1 to 100."""
    limit: int = params.get("limit", DEFAULT_LIMIT)
    if limit < 1:
        raise below_one("limit")
    if limit > MOST:
        text = f"This value must be less than or equal to {MOST} (it currently is '{limit}')."
        raise invalid(text, "limit", "parameter_invalid_integer")
    return limit


def in_range(value: int, bounds: int | dict[str, int] | None) -> bool:
    """True if `value` satisfies an exact filter or one of gt, gte, lt, lte."""
    if not isinstance(bounds, dict):
        return bounds is None or value == bounds
    return (
        value > bounds.get("gt", value - 1)
        and value >= bounds.get("gte", value)
        and value < bounds.get("lt", value + 1)
        and value <= bounds.get("lte", value)
    )
