"""Helpers that several resources share."""

from typing import Any

from ..state.store import Row
from ..wire import errors

METADATA_KEYS_MAX = 50


def new_metadata(given: Any) -> dict[str, str]:
    """The metadata of a new object; keys given as empty are left out."""
    return merged_metadata({}, given)


def merged_metadata(before: dict[str, str], given: Any) -> dict[str, str]:
    """Stripe's merge: keys not mentioned stay, an empty value removes its key, empty metadata removes them all."""
    if given == "":
        return {}
    after = {key: value for key, value in {**before, **(given or {})}.items() if value not in ("", None)}
    if len(after) > METADATA_KEYS_MAX:
        raise errors.invalid(
            f"Metadata can have at most {METADATA_KEYS_MAX} keys, but this object would have {len(after)}.",
            "metadata",
        )
    return after


def amend(row: Row, params: dict[str, Any], *fields: str) -> dict[str, Any]:
    """Write the given parameters into the row, an empty string as null. Returns what the changed fields were before."""
    before = {field: row.get(field) for field in fields if field in params}
    if "metadata" in params:
        metadata: dict[str, str] = dict(row.get("metadata") or {})
        before["metadata"] = metadata
        row["metadata"] = merged_metadata(metadata, params["metadata"])
    for field in fields:
        if field in params:
            row[field] = None if params[field] == "" else params[field]
    return {field: value for field, value in before.items() if row.get(field) != value}


def text_or_none(params: dict[str, Any], field: str) -> Any:
    """A parameter's value; null when absent or empty."""
    return params.get(field) or None


def deleted(row_id: str, kind: str) -> dict[str, Any]:
    """The answer to a DELETE."""
    return {"id": row_id, "object": kind, "deleted": True}
