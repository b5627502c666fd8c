"""The counts of clients in this process's memory: what a flood of addresses may take of it. Time moves by hand."""

from __future__ import annotations

import pytest

from backend.http.client_counts import ClientCounts


class Time:
    """Unix seconds."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    """A clock that moves by hand."""
    return Time()


def test_a_count_lasts_for_its_window(clock: Time) -> None:
    """It begins with the first request; the last second still counts, and then it is as if nothing had been."""
    counts = ClientCounts(now=clock)
    first = clock.now

    assert [counts.incr("a", 900), counts.incr("a", 900, 2), counts.get("a")] == [1, 3, 3]
    clock.now += 899
    assert (counts.get("a"), counts.get_expiry("a")) == (3, first + 900)
    clock.now += 1
    assert (counts.get("a"), counts.get_expiry("a")) == (0, clock.now)
    assert counts.incr("a", 900) == 1


def test_more_clients_than_there_is_room_for_push_out_the_oldest(clock: Time) -> None:
    """Whoever asks from ever new addresses fills no memory."""
    counts = ClientCounts(most=3, now=clock)

    for key in "abacd":
        counts.incr(key, 900)

    assert [counts.get(key) for key in "abcd"] == [0, 1, 1, 1]
    assert len(counts) == 3


def test_windows_that_have_ended_are_forgotten_by_later_requests(clock: Time) -> None:
    """A quiet hour after a flood leaves nothing behind but who asks now."""
    counts = ClientCounts(now=clock)
    for number in range(50):
        counts.incr(str(number), 900)

    clock.now += 901
    for _ in range(50):
        counts.incr("later", 900)

    assert len(counts) == 1


def test_a_count_can_be_taken_back(clock: Time) -> None:
    """One, or all."""
    counts = ClientCounts(now=clock)
    for key in "ab":
        counts.incr(key, 900)

    counts.clear("a")
    counts.clear("unknown")
    assert [counts.get("a"), counts.get("b")] == [0, 1]
    assert counts.reset() == 1
    assert len(counts) == 0
    assert counts.check()
