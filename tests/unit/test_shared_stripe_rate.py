"""The budget of calls that several machines share through Redis."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from limits.storage import RedisStorage

from backend.stripe_client.rate import (
    REQUESTS,
    SWEEP,
    WEBHOOKS,
)
from backend.stripe_client.rate_windows import REDIS_OPTIONS, REST_SECONDS, LocalWindows, SharedWindows
from tests.processes import free_port_pair
from tests.ship.machines import redis_server
from tests.unit.budgets import Backend, Time


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """A Redis of its own: its address and process."""
    port = free_port_pair()
    with redis_server(port, tmp_path_factory.mktemp("redis")) as process:
        yield f"redis://127.0.0.1:{port}", process


def _shared(address: str, time: Time, prefix: str, **options: Any) -> SharedWindows:
    # A busy machine may take longer than production waits.
    storage = RedisStorage(address, **{"socket_timeout": 30, **options})
    return SharedWindows(storage, prefix, LocalWindows(0.1, now=time.now), time.now)


def test_two_machines_on_one_redis_stay_within_the_budget_together(redis: tuple[str, Any]) -> None:
    """Whatever their clocks say: one is an hour ahead, and its own stands still."""
    right, wrong = Time(), Time()
    wrong.seconds += 3_600
    made = []
    for time in (right, wrong):
        backend = Backend(10, _shared(redis[0], time, "together"), time)
        backend.act(SWEEP)
        backend.act(WEBHOOKS)
        backend.flood(REQUESTS, times=30)
        backend.flood(WEBHOOKS, times=30)
        made.append(len(backend.line.calls))

    # Both floods end within one of Redis's seconds, or at worst within two.
    assert 0 < sum(made) <= 2 * 10


def test_calls_beyond_a_second_are_paid_in_the_next_ones(redis: tuple[str, Any]) -> None:
    """The calls that a machine owes are drawn first."""
    time = Time()
    windows = _shared(redis[0], time, "owed")

    windows.owe("requests", 5, 12)

    assert not windows.take("requests", 5, 1)


def test_a_refused_draw_leaves_no_count(redis: tuple[str, Any]) -> None:
    """A flood of refusals would fill the window for those whom it belongs to."""
    windows = _shared(redis[0], Time(), "refusals")
    assert windows.take("webhooks", 1_000, 900)

    assert not any(windows.take("webhooks", 1_000, 200) for _ in range(50))
    assert windows.take("webhooks", 1_000, 100)


def test_when_redis_is_silent_the_local_share_counts(redis: tuple[str, Any]) -> None:
    """It is asked once, given up, and asked again some seconds later."""
    address, process = redis
    time = Time()
    windows = _shared(address, time, "silent", **REDIS_OPTIONS)
    assert windows.take("requests", 100, 50)
    process.send_signal(signal.SIGSTOP)
    try:
        taken = [windows.take("requests", 100, 1) for _ in range(40)]
    finally:
        process.send_signal(signal.SIGCONT)

    assert sum(taken) == 10  # a tenth of 100
    time.wait(REST_SECONDS + 1)
    assert windows.take("requests", 100, 20)


class Broken:
    """A Redis that fails, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def get(self, _key: str) -> int:
        """Fail."""
        self.asked += 1
        raise ConnectionError


def test_a_redis_that_failed_is_left_alone_for_a_while() -> None:
    """Each request would wait for it in vain; some seconds later it is asked again."""
    time, broken = Time(), Broken()
    windows = SharedWindows(broken, "broken", LocalWindows(1, now=time.now), time.now)  # type: ignore[arg-type]

    for _ in range(20):
        assert windows.take("requests", 100, 1)
    assert broken.asked == 1
    time.wait(REST_SECONDS + 1)
    windows.take("requests", 100, 1)

    assert broken.asked == 2


def test_when_redis_is_away_the_money_goes_on() -> None:
    """Nothing listens there."""
    time = Time()
    windows = _shared(f"redis://127.0.0.1:{free_port_pair()}", time, "away", **REDIS_OPTIONS)
    backend = Backend(100, windows, time)

    assert backend.act(REQUESTS)
    assert backend.act(WEBHOOKS)
