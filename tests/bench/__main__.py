"""Measure the backend beside lean Express and Fastify backends that do the same work on one canned Stripe."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import product
from pathlib import Path

import click

from tests.bench.load import FLOWS, Load, wrk
from tests.bench.overload import HEAD, overload
from tests.bench.report import Measured, write
from tests.bench.rounds import Plan, Round, middle, run
from tests.bench.servers import NAMES, Server, alone_on_the_machine, server_process
from tests.bench.upstream import Upstream, upstream_process
from tests.processes import ROOT
from tests.programs import PEERS

# Calls a second that Stripe takes of a live account: https://docs.stripe.com/rate-limits
_CEILING = 100
_HEAD = f"{'flow':<11}{'conn.':>6} {'server':<9}{'done/s':>8}{'p50':>8}{'p99':>8}{'not 200':>9}{'failed':>8}"
_HEAD += f"{'cpu ms':>8}{'calls':>7}{'elsewhere':>11}"


def _listed(allowed: tuple[str, ...]) -> Callable[[click.Context, click.Parameter, str], tuple[str, ...]]:
    def parse(_context: click.Context, _param: click.Parameter, value: str) -> tuple[str, ...]:
        names = tuple(value.split(",")) if value else ()
        if wrong := [name for name in names if name not in allowed]:
            raise click.BadParameter(f"{wrong[0]} is none of {', '.join(allowed)}")
        return names

    return parse


def _trees(_context: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> dict[str, Path]:
    return {name: Path(path).resolve() for name, _, path in (one.partition("=") for one in value)}


def _numbers(_context: click.Context, _param: click.Parameter, value: str) -> tuple[int, ...]:
    return tuple(int(number) for number in value.split(","))


@click.command()
@click.option("--only", "flows", default="purchases,webhooks", show_default=True, callback=_listed(FLOWS))
@click.option("--connections", default="64,256,1024", show_default=True, callback=_numbers)
@click.option("--peers", "names", default=",".join(NAMES), show_default=True, callback=_listed(NAMES))
@click.option("--rounds", default=3, show_default=True)
@click.option("--seconds", default=6, show_default=True, help="of each round")
@click.option("--delay", default=50, show_default=True, help="milliseconds that Stripe takes for a call")
@click.option("--quick", is_flag=True, help="two minutes: one round of four seconds")
@click.option("--write-docs", is_flag=True, help="measure everything else too, and write it into docs/benchmarks.*")
@click.option("--ahead", is_flag=True, help="take the processor before everybody else on this machine (Linux, root)")
@click.option(
    "--tree",
    "trees",
    multiple=True,
    metavar="NAME=PATH",
    callback=_trees,
    help="another checkout, measured under a name",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="a variable of our servers; NAME of one of them, a colon, and so on: of that one",
)
def main(
    *,
    flows: tuple[str, ...],
    connections: tuple[int, ...],
    names: tuple[str, ...],
    rounds: int,
    seconds: int,
    delay: int,
    quick: bool,
    write_docs: bool,
    ahead: bool,
    trees: dict[str, Path],
    settings: tuple[str, ...],
) -> None:
    """Measure purchases and paid webhooks beside Express and Fastify."""
    wrk()
    _check_peers(names)
    plan = Plan(flows, connections, 1 if quick else rounds, 4 if quick else seconds, delay)
    names = (*names, *trees)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        stack.enter_context(alone_on_the_machine(ahead))
        folder = Path(name)
        upstream = stack.enter_context(upstream_process())
        upstream.reset(delay)
        servers = [
            stack.enter_context(server_process(one, upstream, folder, trees.get(one, ROOT), **_of(one, settings)))
            for one in names
        ]
        load, show = Load(upstream.shapes, folder), lambda one: click.echo(_line([one]))
        for server in servers:
            click.echo(f"{server.name}: first answer after {server.cold_start:.2f} s")
        click.echo(_HEAD)
        measured = Measured(plan, run(plan, servers, upstream, load, show), ahead)
        for server in servers:
            measured.cold_start[server.name], measured.memory[server.name] = server.cold_start, server.memory()
            click.echo(f"{server.name}: {', '.join(f'{one:.0f}' for one in server.memory())} MB a worker (PSS)")
        if write_docs:
            _measure_the_rest(measured, servers, upstream, load, show)
            write(measured)
    _show_medians(measured, names)


def _check_peers(names: tuple[str, ...]) -> None:
    """Say how to install the peers, where one is asked for that is not there."""
    if not set(names) <= {"ours"} and not (PEERS / "node_modules").is_dir():
        raise click.ClickException(f"The peers are not installed: cd {PEERS} && npm ci")


def _show_medians(measured: Measured, names: tuple[str, ...]) -> None:
    """Print a line for each flow, number of connections and server."""
    plan = measured.plan
    click.echo(f"\nMedians of {plan.rounds} rounds\n{_HEAD}")
    for flow, many, name in product(plan.flows, plan.connections, names):
        click.echo(_line([r for r in measured.loaded if (r.flow, r.connections, r.server) == (flow, many, name)]))


def _measure_the_rest(
    measured: Measured, servers: Sequence[Server], upstream: Upstream, load: Load, show: Callable[[Round], None]
) -> None:
    """Measure one connection, Stripe's ceiling, many coaches, and more than the capacity; each once, and short."""
    short = replace(measured.plan, rounds=1, seconds=3)
    alone = replace(short, seconds=6, flows=("purchases", "first", "webhooks"), connections=(1,))
    measured.alone = run(alone, servers, upstream, load, show)
    ceiling = replace(short, flows=("purchases",), connections=(256,), seconds=5, ceiling=_CEILING)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        # Where Stripe is at another address our own budget of calls is off, so it is set as it is with live keys.
        ours = server_process("ours", upstream, Path(name), STRIPE_RATE=str(_CEILING))
        limited = [stack.enter_context(ours) if one.name == "ours" else one for one in servers]
        measured.ceiling = run(ceiling, limited, upstream, load, show)
    many = replace(short, flows=("purchases", "coaches"), connections=(64,))
    measured.coaches = run(many, servers[:1], upstream, load, show)
    click.echo(HEAD)
    measured.offered = overload(servers[0], upstream, load, measured.plan.delay, 5, lambda one: click.echo(one.line()))


def _of(server: str, settings: tuple[str, ...]) -> dict[str, str]:
    """The variables that are set for a server: ``NAME=VALUE``, or ``server:NAME=VALUE``."""
    split = [one.partition("=") for one in settings]
    named = [(*name.rpartition(":"), value) for name, _, value in split]
    return {name: value for whose, _, name, value in named if whose in ("", server)}


def _line(rounds: list[Round]) -> str:
    first = rounds[0]
    unknown = {name for one in rounds for name in one.counts["unknown"]}
    return (
        f"{first.flow:<11}{first.connections:>6} {first.server:<9}{middle(rounds, lambda r: r.goodput):>8.0f}"
        f"{middle(rounds, lambda r: r.loaded.p50):>8.0f}{middle(rounds, lambda r: r.loaded.p99):>8.0f}"
        f"{middle(rounds, lambda r: r.loaded.not_ok):>9.0f}"
        f"{middle(rounds, lambda r: r.loaded.errors + r.loaded.timeouts):>8.0f}"
        f"{middle(rounds, lambda r: r.cpu_each):>8.2f}{middle(rounds, lambda r: r.calls_each):>7.2f}"
        f"{middle(rounds, lambda r: r.elsewhere):>11.0%}"
        + (f"  unknown to the upstream: {', '.join(sorted(unknown))}" if unknown else "")
    )


if __name__ == "__main__":
    main()
