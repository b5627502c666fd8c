"""At rest: with nobody else at work and time going by, settling alone brings the money right, or a hold that is true."""

from __future__ import annotations

from tests.model.memory import Worker
from tests.model.outside import pass_time
from tests.model.replica import ENDED, Replica
from tests.model.world import ALL, Config, World, held, target

# Hours before each run: what is unknown gets old, holds lapse, keys are forgotten, a part is taken each day.
_HOURS = (0, 4, 4, 18, 25, 25, 25, 25)
_MOST_CALLS = 200


class Rest:
    """Settles worlds alone, and keeps what came of them."""

    def __init__(self, config: Config, replica: Replica) -> None:
        self._config = config
        self._replica = replica
        self._right: set[World] = set()

    def wrong(self, world: World) -> str:
        """The fault that remains; empty where there is none. Whatever of the bag is left does not happen any more."""
        world = world._replace(left=0, by_hand=0, hands=0, excused=0)
        passed = []
        for hours in _HOURS:
            if world in self._right:
                break
            passed.append(world)
            world = self._settled(pass_time(world, hours) if hours else world)
        else:
            if not self._is_right(world):
                return f"at rest the coach holds {held(world)} and the target is {target(self._config, world)}"
        self._right.update(passed)
        return ""

    def _settled(self, world: World) -> World:
        """One activation in which Stripe does what it can, and stores what it refuses."""
        worker: Worker | None
        _, _, worker = next(iter(self._replica.starts(world)))
        for _ in range(_MOST_CALLS):
            if worker is None or worker.at == ENDED:
                return world
            _, world, worker = next(iter(self._replica.advance(world, worker)))
        raise AssertionError("a worker that is alone never ends")

    def _is_right(self, world: World) -> bool:
        over = held(world) - target(self._config, world)
        if over > 0:
            return world.coach != ALL and world.coach < over
        return over == 0 or world.kept or not world.ready or not world.funds
