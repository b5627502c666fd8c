"""Workers that a test can interleave, call by call, and kill between any two calls to Stripe."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from backend.sandbox import Sandbox
from tests.wire import InProcessStripe

_PATIENCE_SECONDS = 30


class KilledError(BaseException):
    """The process died here. Not an ``Exception``: nothing in the backend may catch it and tidy up."""


class CallObserver(Protocol):
    """An observer of every call, told before and after it; either may raise ``KilledError``."""

    def before(self) -> None: ...

    def after(self) -> None: ...


class ObservedStripe(InProcessStripe):
    """The in-process line to the sandbox, with an observer of every call."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.observer: CallObserver | None = None

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **rest: Any
    ) -> Any:
        """One call; the observer is told before it and after it."""
        if self.observer is not None:
            self.observer.before()
        answer = super().request(method, url, headers, post_data, **rest)
        if self.observer is not None:
            self.observer.after()
        return answer

    @contextmanager
    def watched(self, observer: CallObserver) -> Iterator[None]:
        """Have the observer told of every call while the block runs."""
        self.observer = observer
        try:
            yield
        finally:
            self.observer = None


class CrashPoint:
    """Kills at one side of the n-th call (from 0), and counts the calls."""

    def __init__(self, call: int | None = None, side: str = "before") -> None:
        self.calls = 0
        self._call = call
        self._side = side

    def before(self) -> None:
        """The request has not left."""
        if (self.calls, self._side) == (self._call, "before"):
            raise KilledError

    def after(self) -> None:
        """Stripe has done the work; nobody will read the answer."""
        self.calls += 1
        if (self.calls - 1, self._side) == (self._call, "after"):
            raise KilledError


class Meanwhile:
    """Lets something else happen right before the n-th call (from 0) leaves."""

    def __init__(self, call: int, happens: Callable[[], Any]) -> None:
        self._left = call
        self._happens = happens

    def before(self) -> None:
        """Count down to the moment; what happens may make calls of its own."""
        self._left -= 1
        if self._left == -1:
            self._happens()

    def after(self) -> None:
        """Nothing happens on this side."""


class Interleaver:
    """Runs jobs in threads of which exactly one moves at a time: from one call to Stripe to its next.

    ``schedule`` names who moves next, by position among those still running; a negative number kills that
    one instead, and one of -10 or less lets it make its call and die before it reads the answer. The same schedule
    gives the same run. ``deaths`` counts.
    """

    def __init__(self, schedule: Sequence[int]) -> None:
        self._schedule = iter(schedule)
        self._mine = threading.local()
        self._events: queue.Queue[tuple[int, str]] = queue.Queue()
        self._go: list[threading.Semaphore] = []
        self._killed: set[int] = set()
        self._doomed: set[int] = set()

    @property
    def deaths(self) -> int:
        """The number of those killed so far."""
        return len(self._killed | self._doomed)

    def before(self) -> None:
        """Stop before a call until it is this worker's turn."""
        worker = getattr(self._mine, "worker", None)
        if worker is None:
            return
        if worker in self._doomed:
            raise KilledError  # the line was cut, so that ``after`` was not reached
        self._events.put((worker, "waits"))
        assert self._go[worker].acquire(timeout=_PATIENCE_SECONDS)
        if worker in self._killed:
            raise KilledError

    def after(self) -> None:
        """Stripe has done the work; nobody will read the answer of one that is to die here."""
        if getattr(self._mine, "worker", None) in self._doomed:
            raise KilledError

    def run(self, jobs: Sequence[Callable[[], Any]]) -> list[Any]:
        """The jobs' results; None for one that was killed."""
        results: list[Any] = [None] * len(jobs)
        failures: list[BaseException] = []
        self._go = [threading.Semaphore(0) for _ in jobs]

        def work(worker: int) -> None:
            self._mine.worker = worker
            try:
                results[worker] = jobs[worker]()
            except KilledError:
                pass
            except BaseException as error:  # noqa: BLE001  (told to the test below)
                failures.append(error)
            finally:
                self._events.put((worker, "ended"))

        threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in range(len(jobs))]
        waiting: list[int] = []
        for thread in threads:
            thread.start()
            self._settle_one(waiting)
        while waiting:
            self._move(waiting)
        for thread in threads:
            thread.join(_PATIENCE_SECONDS)
        if failures:
            raise failures[0]
        return results

    def _move(self, waiting: list[int]) -> None:
        choice = next(self._schedule, 0)
        worker = waiting.pop(abs(choice) % len(waiting))
        if choice < 0:
            (self._doomed if choice <= -10 else self._killed).add(worker)
        self._go[worker].release()
        self._settle_one(waiting)

    def _settle_one(self, waiting: list[int]) -> None:
        """Wait until the one that moves stops at its next call, or ends."""
        worker, state = self._events.get(timeout=_PATIENCE_SECONDS)
        if state == "waits":
            waiting.append(worker)
            waiting.sort()
