"""The thread that delivers webhooks and lets time pass, when the sandbox runs by itself."""

import threading
from concurrent.futures import ThreadPoolExecutor

from .deliveries import Order
from .world import World

# Deliveries run side by side, as Stripe's do: a slow receiver of one event holds up no other.
WORKERS = 8
# Real seconds after which a sleeper looks again even if nothing was due: the system's clock may have been set.
LOOK_AGAIN = 60.0


class Background:
    """Sleeps on a condition until an event is queued, the clock is moved, or the next thing is due."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wakened = threading.Condition()
        self._news = False
        self._running = False
        self._order: Order = "fifo"
        self._thread: threading.Thread | None = None
        world.events.deliveries.on_queued = self.wake

    def start(self, order: Order) -> None:
        """Begin."""
        if self._thread is not None:
            return
        self._running, self._order = True, order
        self._thread = threading.Thread(target=self._run, args=(order,), name="sandbox-deliveries", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, once what is being delivered has been."""
        thread = self._thread
        self.leave()
        if thread is not None:
            thread.join()

    def leave(self) -> None:
        """End, without waiting for what is being delivered."""
        self._running = False
        self.wake()
        self._thread = None

    @property
    def order(self) -> Order | None:
        """The order in which it delivers; None while it does not run."""
        return self._order if self._running else None

    def wake(self) -> None:
        """There is something to look at."""
        with self._wakened:
            self._news = True
            self._wakened.notify_all()

    def _run(self, order: Order) -> None:
        deliveries = self._world.events.deliveries
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="sandbox-webhook") as pool:
            while self._running:
                with self._world.lock:
                    self._world.timeline.run_due()
                    due = deliveries.take_due(order)
                    wait = self._wait_seconds()
                for delivery in due:
                    pool.submit(deliveries.send, delivery)
                with self._wakened:
                    if not self._news:
                        self._wakened.wait(wait)
                    self._news = False

    def _wait_seconds(self) -> float:
        """Until the next thing is due; a frozen clock reaches nothing by itself, and says so when it is moved."""
        dues = [self._world.timeline.next_due(), self._world.events.deliveries.next_due()]
        soonest = min((due for due in dues if due is not None), default=None)
        if soonest is None or self._world.clock.frozen:
            return LOOK_AGAIN
        return min(max(soonest - self._world.clock.now(), 0.05), LOOK_AGAIN)
