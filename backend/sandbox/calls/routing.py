"""One row per endpoint: what is supported is exactly what these rows say."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..state.store import Collection, Row
from ..state.world import World
from ..wire import errors


@dataclass(slots=True)
class Call:
    """One checked API call, as a handler sees it: in whose account, on which objects, with which parameters."""

    world: World
    account: str
    path: str
    ids: dict[str, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    publishable: bool = False
    impersonating: bool = False
    # The date of the Stripe-Version, and the methods that an older one may name.
    version: str = "9999-12-31"
    method_types: list[str] | None = None

    def rows(self, kind: str) -> Collection:
        """The account's objects of one kind."""
        return self.world.store.of(self.account, kind)

    def in_path(self, kind: str, name: str, param: str = "id", place: str = "id") -> Row:
        """The object that the path names, or 404."""
        row = self.world.get(kind, self.account, self.ids[place])
        if row is None:
            raise errors.missing(name, self.ids[place], param, status=404)
        return row

    def in_body(self, kind: str, name: str, param: str) -> Row | None:
        """The object that a parameter names, or 400; None if the parameter is not there."""
        given = self.params.get(param)
        if given is None:
            return None
        row = self.world.get(kind, self.account, given)
        if row is None:
            raise errors.missing(name, given, param)
        return row

    def refuse(self, params: Iterable[str]) -> None:
        """Say no to parameters that Stripe has and this sandbox does not imitate."""
        for param in params:
            if self.params.get(param) not in (None, ""):
                raise errors.unsupported_param(param)


Handler = Callable[[Call], dict[str, Any]]


class Route(NamedTuple):
    """`operation` names the call in the SDK, for the parameter check; `returns` the object type, for `expand`."""

    method: str
    path: str
    operation: str
    handler: Handler
    returns: str
    shape: str = "object"
    # Whether a publishable key with the object's client secret may call it.
    publishable: bool = False
    # What Stripe.js sends here beyond the parameters that the SDK declares.
    browser: frozenset[str] = frozenset()
    # Parameters of Stripe's that are refused by name, and those that are taken but change nothing here.
    refuses: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
