"""The sandbox as the control path sees it: what the routes need of it."""

from collections.abc import Sequence
from typing import Any, Protocol

from ..saved.keeper import Keeper
from ..state.clock import Clock
from ..state.deliveries import Delivery, Order
from ..state.world import World
from ..wire.faults import Faults
from ..wire.keys import Keys
from ..wire.logged import LoggedCall


class Controlled(Protocol):
    """A sandbox, as far as a route needs it."""

    clock: Clock
    faults: Faults
    keeper: Keeper | None
    keys: Keys
    requests: list[LoggedCall]
    world: World

    @property
    def worlds(self) -> "ControlledWorlds":
        """The worlds beside the one that all other keys share."""

    def reset(self) -> None:
        """Begin again with an empty platform."""

    def deliver_due(self, order: Order) -> Sequence[Delivery]:
        """Make every delivery that is due, in this order."""

    def add_webhook(self, url: str, secret: str | None, connect: bool) -> dict[str, Any]:
        """Deliver events to an address: the endpoint, with its secret."""


class ControlledWorlds(Protocol):
    """The worlds, as far as a route needs them."""

    def names(self) -> list[str]:
        """Those that are there, oldest first."""

    def make(self, name: str, seed: int | None) -> Controlled:
        """Make a new world. Raises a 400 if there is one of that name."""

    def drop(self, name: str) -> None:
        """Forget a world. Raises a 404 if there is none of that name."""
