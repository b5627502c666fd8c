"""Operations: each view says who may call it, what it takes and what it answers. Access and reference are read from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from marshmallow import Schema

from backend.domain.access import Rule

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """One route. ``rule``: None where nobody is asked who they are. ``failures``: statuses beside those of any call.

    ``keyed``: it takes an ``Idempotency-Key``. ``body_required``: False where the body may be left out.
    """

    rule: Rule | None
    answer: type[Schema]
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    failures: tuple[int, ...] = ()
    keyed: bool = False
    body_required: bool = True
    example: Any = None


def operation(rule: Rule | None, answer: type[Schema], **more: Any) -> Callable[[View], View]:
    """Say of a view what ``Operation`` holds. A view of a guarded blueprint without it does not exist for any caller."""

    def described(view: View) -> View:
        view.__dict__["operation"] = Operation(rule, answer, **more)
        return view

    return described


def operation_of(view: Callable[..., Any] | None) -> Operation | None:
    """The operation of a view, or None."""
    return getattr(view, "operation", None)


def operations(views: dict[str, Callable[..., Any]]) -> dict[str, Operation]:
    """The operations of an app's ``view_functions``, by endpoint."""
    found = {endpoint: operation_of(view) for endpoint, view in views.items()}
    return {endpoint: one for endpoint, one in found.items() if one is not None}
