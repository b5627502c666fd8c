"""Stripe's form encoding: `a[b][c]=1`, `a[]=1`, `a[0][b]=1`; in a body or a query, brackets raw or percent-encoded."""

from typing import Any
from urllib.parse import parse_qsl

from .errors import invalid

# Deeper than anything in Stripe's API; a bound so that nobody can make us recurse.
MAX_DEPTH = 12
# The digits of a position. A longer key is a name, and Python refuses to read thousands of digits as a number.
POSITION_MAX = 9
# The keys of these are the caller's own words, so digits there are names, never positions.
FREE_FORM = frozenset({"metadata"})

Tree = dict[str, Any]


def decode(encoded: str) -> Tree:
    """Nested strings, dicts and lists from a query string or form body; a repeated plain key keeps its last value."""
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=10_000)
    except ValueError as error:
        raise invalid(f"Invalid request: the parameters could not be decoded ({error}).") from error
    tree: Tree = {}
    for name, value in pairs:
        _plant(tree, _path(name), value)
    return {name: _with_lists(child, name) for name, child in tree.items()}


def _path(name: str) -> list[str]:
    """`a[b][]` is `a`, `b`, ``."""
    head, bracket, rest = name.partition("[")
    if not bracket:
        return [name]
    steps = [head, *rest.removesuffix("]").split("][")]
    if not head or not rest.endswith("]") or len(steps) > MAX_DEPTH:
        raise invalid(f"Invalid request: could not understand the parameter name '{name[:80]}'.", param=name[:80])
    return steps


def _plant(tree: Tree, path: list[str], value: str) -> None:
    for step in path[:-1]:
        tree = _child(tree, step or str(len(tree)), path)
    tree[path[-1] or str(len(tree))] = value


def _child(tree: Tree, step: str, path: list[str]) -> Tree:
    child = tree.setdefault(step, {})
    if not isinstance(child, dict):
        raise invalid(f"Invalid {path[0]}: it is used both as a value and as a hash.", param=path[0])
    return child


def _with_lists(tree: Any, name: str) -> Any:
    """Turn hashes whose keys are all positions into lists."""
    if not isinstance(tree, dict):
        return tree
    if name in FREE_FORM:
        return tree
    children = {key: _with_lists(child, key) for key, child in tree.items()}
    if children and all(key.isdecimal() and len(key) <= POSITION_MAX for key in children):
        return [children[key] for key in sorted(children, key=int)]
    return children
