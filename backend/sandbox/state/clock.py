"""The sandbox's own time: movable, so that a day of waiting costs a test nothing."""

import time
from collections.abc import Callable


class Clock:
    """Whole unix seconds: real time plus an offset, or a fixed instant when `frozen_at` is given."""

    def __init__(self, frozen_at: int | None = None) -> None:
        self._frozen_at = frozen_at
        self._offset = 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def frozen(self) -> bool:
        """True if time moves only when told to."""
        return self._frozen_at is not None

    def now(self) -> int:
        """The present instant, in unix seconds."""
        base = int(time.time()) if self._frozen_at is None else self._frozen_at
        return base + self._offset

    def receivers_now(self) -> int:
        """The time by which a receiver of webhooks judges how old a signature is: the wall clock's, however far this one
        was moved. Where time is frozen, sandbox and receiver share it.
        """
        return self.now() if self._frozen_at is not None else int(time.time())

    def advance(self, seconds: int) -> int:
        """Move by `seconds`; what falls due on the way happens. Returns the new instant."""
        self._offset += seconds
        return self._moved()

    def apart(self) -> "Clock":
        """A clock that shows the same time, and that is moved on its own."""
        clock = Clock(self._frozen_at)
        clock._offset = self._offset
        return clock

    def set(self, unix: int) -> int:
        """Jump to `unix`. Going back is allowed: clocks in the wild do."""
        self._offset += unix - self.now()
        return self._moved()

    def dump(self) -> dict[str, int]:
        """The seconds that it was moved, and the instant it shows if it is frozen, to be saved."""
        return {"offset": self._offset} if self._frozen_at is None else {"now": self.now()}

    def load(self, saved: dict[str, int]) -> None:
        """Go on from what was saved. Listeners are not told."""
        if "now" in saved:
            self._offset += saved["now"] - self.now()
        elif self._frozen_at is None:
            self._offset = saved["offset"]

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every move."""
        self._listeners.append(listener)

    def _moved(self) -> int:
        for listener in self._listeners:
            listener()
        return self.now()
