"""Two reads at once: in a thread, which under gevent is a greenlet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Reading(Generic[T]):
    """What a read beside this thread comes to."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._result: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Read."""
        try:
            self._result = self._read()
        except BaseException as error:  # noqa: BLE001  (raised again by ``result``)
            self._error = error

    def result(self) -> T:
        """What was read, once the block has ended. Raises what the read raised."""
        if self._error is not None:
            raise self._error
        result: T = self._result
        return result


@contextmanager
def beside(read: Callable[[], T]) -> Iterator[Reading[T]]:
    """Read while the block runs, within the same budget; the block ends when both have. Its own error goes first."""
    reading = Reading(read)
    thread = threading.Thread(target=copy_context().run, args=(reading.run,), daemon=True)
    thread.start()
    try:
        yield reading
    finally:
        thread.join()
