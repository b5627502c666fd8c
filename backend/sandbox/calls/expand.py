"""`expand[]`: which ids may be replaced by the objects they name, and doing it."""

from collections.abc import Iterable
from typing import Any

from ..state.world import World
from ..wire.errors import invalid
from .expandable import class_of, steps

MAX_DEPTH = 4
# Lists that are not part of an object until asked for, and that this sandbox can fill; any other is an empty one.
INCLUDABLE = {("charge", "refunds"), ("customer", "sources"), ("customer", "subscriptions"), ("customer", "tax_ids")}
# Fields that older versions could expand and the newest has no more -> the version without them. They are left out of the
# answer, which has the newest shape.
REMOVED = {
    ("payment_intent", "charges"): "2022-11-15",
    ("payment_intent", "invoice"): "2025-03-31",
    ("charge", "invoice"): "2025-03-31",
}


def check_expand(paths: Iterable[str], kind: str, shape: str, version: str) -> None:
    """Refuse what cannot be expanded, before anything is done. `shape` is `object`, `list` or `search`."""
    for path in paths:
        names = path.split(".")
        if len(names) > MAX_DEPTH:
            raise invalid(f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}", "expand")
        if shape == "search" and path == "total_count":
            continue
        if shape != "object":
            _check_list(path, names)
            names = names[1:]
        if version >= REMOVED.get((kind, names[0]), version):
            _check_steps(path, names, class_of(kind))


def _check_list(path: str, names: list[str]) -> None:
    if names[0] != "data" or len(names) == 1:
        hint = f" You may want to try expanding 'data.{path}' instead." if names[0] != "data" else ""
        raise invalid(f"This property cannot be expanded ({path}).{hint}", "expand")


def _check_steps(path: str, names: list[str], owner: type | None) -> None:
    """Follow the path through the SDK's classes. Behind an id of several kinds of object everything may be named."""
    last, listed = "", False
    for name in names:
        if owner is None:
            return
        if listed and name == "data":
            listed = False
            continue
        step = steps(owner).get(name)
        if step is None:
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        last, owner, listed = step.kind, step.target, step.kind == "list"
    if last == "hash":
        raise invalid(f"This property cannot be expanded ({path}).", "expand")


def expanded(world: World, body: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """`body` with the paths expanded; what is stored stays untouched. A path through null changes nothing."""
    for path in paths:
        body = _expand(world, body, path.split("."), None)
    return body


def _expand(world: World, body: dict[str, Any], names: list[str], owner: type | None) -> dict[str, Any]:
    """`owner`: the class of a hash inside an object; an object says itself what it is."""
    name, rest = names[0], names[1:]
    if name == "data" and isinstance(body.get("data"), list):
        return body | {"data": [_expand(world, item, rest, None) if rest else item for item in body["data"]]}
    owner = class_of(body.get("object", "")) or owner
    step = steps(owner).get(name) if owner else None
    if step is None:
        # Behind an id of several kinds a path may name what another kind has: there it stays as it is.
        return body
    value = _value(world, body, name, step.kind)
    if isinstance(value, dict) and rest:
        value = _expand(world, value, rest, step.target)
    return body if value is None else {**body, name: value}


def _value(world: World, body: dict[str, Any], name: str, kind: str) -> Any:
    value = body.get(name)
    if kind == "list" and not value and (body.get("object"), name) in INCLUDABLE:
        return _included(world, body, name)
    return (world.store.anywhere(value) or value) if kind == "id" and isinstance(value, str) else value


def _included(world: World, body: dict[str, Any], step: str) -> dict[str, Any]:
    data: list[Any] = []
    if step == "refunds":
        owner = world.must(body["id"]).account
        data = world.store.of(owner, "refunds").find(charge=body["id"])[::-1]
    url = f"/v1/{body['object']}s/{body['id']}/{step}"
    # At most the ten newest ride along (docs/stripe.md 3.2).
    return {
        "object": "list",
        "data": data[:10],
        "has_more": len(data) > 10,
        "total_count": len(data),
        "url": url,
    }
