"""The tasks that Stripe does later by itself: charges settling, funds maturing, payouts arriving."""

import heapq
from collections.abc import Callable
from itertools import count

from .clock import Clock

# What a task answers goes nowhere.
Task = Callable[[], object]


class Timeline:
    """Tasks by due time. A task sees its own due time as the present, however far the clock has jumped past it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Task]] = []
        self._order = count()
        self._instant: int | None = None

    def now(self) -> int:
        """The instant that objects made now are stamped with."""
        return self._clock.now() if self._instant is None else self._instant

    def at(self, due: int, task: Task) -> None:
        """Run `task` once the clock has reached `due`."""
        heapq.heappush(self._heap, (due, next(self._order), task))

    def next_due(self) -> int | None:
        """The time at which the next task is due, if there is one."""
        return self._heap[0][0] if self._heap else None

    def run_due(self) -> None:
        """Run everything that is due, in order of time, including what the tasks themselves add."""
        while self._heap and self._heap[0][0] <= self._clock.now():
            self._instant, _, task = heapq.heappop(self._heap)
            try:
                task()
            finally:
                self._instant = None

    def clear(self) -> None:
        """Forget every task."""
        self._heap.clear()
