"""The tasks that Stripe does later by itself: charges settling, funds maturing, payouts arriving."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

from .clock import Clock

# What a task answers goes nowhere.
Task = Callable[..., object]


class Timeline:
    """Tasks by due time. A task sees its own due time as the present, however far the clock has jumped past it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # When, in which order, the task's name and what it is called with. Data alone, so that it can be saved.
        self._heap: list[tuple[int, int, str, tuple[Any, ...]]] = []
        self._order = count()
        self._instant: int | None = None
        self.tasks: dict[str, Task] = {}

    def now(self) -> int:
        """The instant that objects made now are stamped with."""
        return self._clock.now() if self._instant is None else self._instant

    def at(self, due: int, task: str, *arguments: Any) -> None:
        """Run a task of `tasks.py` once the clock has reached `due`."""
        if task not in self.tasks:
            raise LookupError(f"{task} is no task: name it in state/tasks.py")
        heapq.heappush(self._heap, (due, next(self._order), task, arguments))

    def dump(self) -> list[Any]:
        """``[due, task, arguments]`` of each task that waits, in the order in which they will run, to be saved."""
        return [[due, task, list(arguments)] for due, _, task, arguments in sorted(self._heap)]

    def load(self, saved: list[Any]) -> None:
        """Wait for these instead. Raises LookupError for a task that is not known."""
        self.clear()
        for due, task, arguments in saved:
            self.at(due, task, *arguments)

    def next_due(self) -> int | None:
        """The time at which the next task is due, if there is one."""
        return self._heap[0][0] if self._heap else None

    def run_due(self) -> None:
        """Run everything that is due, in order of time, including what the tasks themselves add."""
        while self._heap and self._heap[0][0] <= self._clock.now():
            self._instant, _, task, arguments = heapq.heappop(self._heap)
            try:
                self.tasks[task](*arguments)
            finally:
                self._instant = None

    def clear(self) -> None:
        """Forget every task."""
        self._heap.clear()
