"""Rounds of load, the servers taking turns, and what the upstream says was done in each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.bench.load import WORK, Load, Loaded
from tests.bench.servers import Server, cpu_seconds, machine_seconds
from tests.bench.upstream import Upstream

_WARM_UP_SECONDS = 2


@dataclass(frozen=True)
class Plan:
    """The plan of a benchmark: every flow at every number of connections, so many rounds of so many seconds.

    ``delay`` is what Stripe takes for a call, in milliseconds, and ``ceiling`` how many calls a second it takes (0: any).
    """

    flows: Sequence[str]
    connections: Sequence[int]
    rounds: int
    seconds: int
    delay: int
    ceiling: int = 0


@dataclass(frozen=True)
class Round:
    """One round of one server. ``done`` is what Stripe was brought to do: intents made, or payments paid out."""

    server: str
    flow: str
    connections: int
    loaded: Loaded
    done: int
    counts: dict[str, Any]
    server_cpu: float
    upstream_cpu: float
    elsewhere: float

    @property
    def goodput(self) -> float:
        """Work that was done and answered with 200, a second."""
        ok = self.loaded.answers - self.loaded.not_ok
        return min(ok, self.done) / self.loaded.seconds

    @property
    def cpu_each(self) -> float:
        """Milliseconds of the server's processor for each that was done."""
        return self.server_cpu / max(self.done, 1) * 1_000

    @property
    def calls_each(self) -> float:
        """Calls to Stripe for each that was done."""
        return float(self.counts["total"]) / max(self.done, 1)


def run(
    plan: Plan, servers: Sequence[Server], upstream: Upstream, load: Load, told: Callable[[Round], None]
) -> list[Round]:
    """Every round, each told when it has ended."""
    made = []
    for flow in plan.flows:
        for connections in plan.connections:
            for number in range(plan.rounds):
                for server in servers:
                    if number == 0:
                        upstream.reset(plan.delay, plan.ceiling)
                        load.run(flow, server.url, connections, _WARM_UP_SECONDS)
                        upstream.settled_counts()
                    made.append(_round(plan, server, flow, connections, upstream, load))
                    told(made[-1])
    return made


def _round(plan: Plan, server: Server, flow: str, connections: int, upstream: Upstream, load: Load) -> Round:
    upstream.reset(plan.delay, plan.ceiling)
    began = time.monotonic()
    before = (server.cpu_seconds(), cpu_seconds(upstream.pid), machine_seconds(), cpu_seconds(os.getpid(), True))
    loaded = load.run(flow, server.url, connections, plan.seconds)
    counts = upstream.settled_counts()
    after = (server.cpu_seconds(), cpu_seconds(upstream.pid), machine_seconds(), cpu_seconds(os.getpid(), True))
    ours, theirs, machine, harness = (later - earlier for earlier, later in zip(before, after, strict=True))
    work = WORK.get(flow)
    done = loaded.answers - loaded.not_ok if work is None else counts.get(work, counts["calls"].get(work, 0))
    elsewhere = max(0.0, machine - ours - theirs - harness) / (time.monotonic() - began)
    return Round(server.name, flow, connections, loaded, done, counts, ours, theirs, elsewhere)


def middle(rounds: Sequence[Round], value: Callable[[Round], float]) -> float:
    """The median of a value over rounds."""
    return median(value(one) for one in rounds)
