"""The fields that can be expanded, read from the SDK's classes: they say of each field whether it holds an id of an object."""

import functools
import inspect
import types
from collections.abc import Iterator
from importlib import import_module
from typing import Any, ForwardRef, Literal, NamedTuple, Union, get_args, get_origin

import stripe
from stripe._object_classes import OBJECT_CLASSES


class Step(NamedTuple):
    """The place that a field leads to.

    `kind`: `id` of an object, a `list` of objects that is there only when asked for, or a `hash` that has fields of its own.
    `target`: the class of the object there; None if it may be several.
    """

    kind: str
    target: type | None


@functools.cache
def class_of(kind: str) -> type | None:
    """The SDK's class of an object type; None for a type that it does not know."""
    if kind not in OBJECT_CLASSES:
        return None
    module, name = OBJECT_CLASSES[kind]
    found: type = getattr(import_module(module), name)
    return found


@functools.cache
def steps(owner: type) -> dict[str, Step]:
    """The fields of a class that a path of `expand` may name."""
    read = ((name, _step(hint)) for name, hint in inspect.get_annotations(owner).items())
    return {name: step for name, step in read if step is not None}


def _step(hint: Any) -> Step | None:
    parts = list(_parts(hint))
    listed = [part for part in parts if get_origin(part) is stripe.ListObject]
    if listed:
        return Step("list", _only([_class(one) for one in _parts(get_args(listed[0])[0])]))
    hashes = [part for part in parts if isinstance(part, type) and issubclass(part, stripe.StripeObject)]
    objects = [_class(part) for part in parts if isinstance(part, ForwardRef)]
    objects += [one for one in hashes if hasattr(one, "OBJECT_NAME")]
    if objects and str in parts:
        return Step("id", _only(objects))
    plain = [one for one in hashes if not hasattr(one, "OBJECT_NAME")]
    return Step("hash", plain[0]) if plain else None


def _parts(hint: Any) -> Iterator[Any]:
    """The alternatives of a type; those of its items for an array."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        for part in get_args(hint):
            yield from _parts(part)
    elif origin is list:
        yield from _parts(get_args(hint)[0])
    elif origin is not Literal:
        yield hint


def _class(part: Any) -> type | None:
    """The class that a forward reference names."""
    if isinstance(part, type):
        return part
    name = part.__forward_arg__.strip("'\"")
    return next((class_of(kind) for kind, (_, found) in OBJECT_CLASSES.items() if found == name), None)


def _only(classes: list[type | None]) -> type | None:
    return classes[0] if len(classes) == 1 else None
