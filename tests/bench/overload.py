"""More than a server can do: what is served, how fast, what a refusal costs, and whether ``/health`` still answers.

An open loop: requests begin at a constant rate whatever becomes of earlier ones (open_loop.mjs). First the capacity is
found by purchases on 64 and 256 connections; then parts and multiples of it are asked for.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from tests.bench.load import Load, order
from tests.bench.rounds import Plan, run
from tests.bench.servers import Server, alone_on_the_machine, server_process
from tests.bench.upstream import Upstream, node, upstream_process

_PROGRAM = Path(__file__).with_name("open_loop.mjs")
SHARES = (0.5, 0.9, 2, 4, 10)
HEAD = f"{'':<24}{'asked/s':>8}{'served/s':>9}{'p50':>8}{'p99':>8}{'refused':>9}{'p99':>8}{'failed':>8}{'health':>9}{'p99':>8}"
HEAD += f"{'refusal cpu':>13}"


@dataclass(frozen=True)
class Offered:
    """The result of one rate; latencies in milliseconds. ``cpu`` is the server's, in seconds.

    ``served_ms`` is the processor time of a purchase that is served, in milliseconds, as found where nothing is refused.
    """

    name: str
    rate: float
    seconds: int
    told: dict[str, Any]
    cpu: float
    served_ms: float | None = None

    @property
    def refusal_ms(self) -> float | None:
        """The processor time of a refusal, in milliseconds; None where there are none, or too little is known."""
        refused = self.told["refused"]["count"]
        if self.served_ms is None or not refused:
            return None
        served = float(self.told["served"]["count"])
        return max(0.0, self.cpu * 1_000 - self.served_ms * served) / int(refused)

    @property
    def served(self) -> float:
        """Answers with 200, for each second of the load."""
        return float(self.told["served"]["count"]) / self.seconds

    def line(self) -> str:
        """One row of the table."""
        served, refused, health = (self.told[name] for name in ("served", "refused", "health"))
        return (
            f"{self.name:<24}{self.rate:>8.0f}{self.served:>9.0f}{_ms(served['p50'])}{_ms(served['p99'])}"
            f"{refused['count']:>9}{_ms(refused['p99'])}{self.told['failed']:>8} {_ms(health['p50'])}{_ms(health['p99'])}"
            + ("" if self.refusal_ms is None else f"{self.refusal_ms:>9.2f}")
        )


def _ms(value: float | None) -> str:
    return f"{'–' if value is None else round(value):>8}"


def offer(server: Server, name: str, rate: float, seconds: int) -> Offered:
    """Ask a server for so many purchases a second."""
    port = server.url.rpartition(":")[2]
    before = server.cpu_seconds()
    done = subprocess.run(
        [node(), str(_PROGRAM), port, str(rate), str(seconds)],
        input=json.dumps(order("player7")),
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=True,
    )
    return Offered(name, rate, seconds, json.loads(done.stdout), server.cpu_seconds() - before)


def capacity(server: Server, upstream: Upstream, load: Load, delay: int) -> float:
    """Find the most purchases a second that 64 or 256 connections get, each asking again when it is answered."""
    plan = Plan(("purchases",), (64, 256), 1, 4, delay)
    return max(one.goodput for one in run(plan, [server], upstream, load, lambda _: None))


def overload(
    server: Server, upstream: Upstream, load: Load, delay: int, seconds: int, told: Callable[[Offered], None]
) -> Sequence[Offered]:
    """Offer parts and multiples of the capacity, each told when it has ended."""
    most = capacity(server, upstream, load, delay)
    made: list[Offered] = []
    for share in SHARES:
        upstream.reset(delay)
        one = offer(server, f"{share:g} of the capacity", most * share, seconds)
        # The second rate is near the capacity, where each costs what it costs under load.
        base = made[1] if len(made) > 1 else one
        made.append(replace(one, served_ms=base.cpu * 1_000 / max(base.told["served"]["count"], 1)))
        upstream.settled_counts()
        told(made[-1])
    return made


@contextmanager
def _slow_clients(url: str, many: int) -> Iterator[None]:
    """Hold connections whose request never ends."""
    host, port = url.removeprefix("http://").split(":")
    with ExitStack() as stack:
        for _ in range(many):
            one = stack.enter_context(socket.create_connection((host, int(port)), 30))
            one.sendall(b"POST /api/payments/create-intent HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        yield


@click.command()
@click.option("--server", "name", default="ours", show_default=True)
@click.option("--delay", default=50, show_default=True, help="milliseconds that Stripe takes for a call")
@click.option("--seconds", default=6, show_default=True, help="of each rate")
@click.option("--ahead", is_flag=True, help="take the processor before everybody else on this machine (Linux, root)")
def main(*, name: str, delay: int, seconds: int, ahead: bool) -> None:
    """Ask more of the production server than it can do."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        stack.enter_context(alone_on_the_machine(ahead))
        upstream = stack.enter_context(upstream_process())
        server = stack.enter_context(server_process(name, upstream, Path(place)))
        click.echo(f"{name}; {seconds} seconds a rate; milliseconds\n{HEAD}")
        load = Load(upstream.shapes, Path(place))
        made = overload(server, upstream, load, delay, seconds, lambda one: click.echo(one.line()))
        most = made[0].rate / SHARES[0]
        upstream.reset(4_000)
        click.echo(offer(server, "Stripe takes 4 s", most / 2, seconds).line())
        upstream.settled_counts()
        upstream.reset(delay)
        with _slow_clients(server.url, 200):
            click.echo(offer(server, "200 slow clients", most / 2, seconds).line())


if __name__ == "__main__":
    main()
