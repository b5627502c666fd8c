"""The report of a benchmark, as a table and a plot: ``docs/benchmarks.md`` and ``docs/benchmarks.svg``."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.overload import Offered
from tests.bench.rounds import Plan, Round, middle
from tests.bench.servers import NAMES, WORKERS
from tests.bench.upstream import node
from tests.processes import ROOT

DOCUMENT, PICTURE = ROOT / "docs/benchmarks.md", ROOT / "docs/benchmarks.svg"
# The prose of the document is kept by hand above this line; all below it is written anew.
_MARK = "<!-- measured -->"
_TITLES = {
    "purchases": "Purchases of players who bought before",
    "first": "First purchases",
    "webhooks": "Paid webhooks",
    "health": "`/health`",
    "coaches": "Purchases from 10,000 coaches",
}
_COLOURS = {"ours": "#2f6fde", "express": "#9aa3ad", "fastify": "#c9ced4"}
_SHOWN = {"ours": "this backend", "express": "Express", "fastify": "Fastify"}


@dataclass
class Measured:
    """Everything that one run of the benchmark found.

    ``ahead``: everything else on the machine had to wait. ``cold_start`` in seconds, ``memory`` in megabytes a worker.
    """

    plan: Plan
    loaded: list[Round]
    ahead: bool = False
    alone: list[Round] = field(default_factory=list)
    ceiling: list[Round] = field(default_factory=list)
    coaches: list[Round] = field(default_factory=list)
    offered: Sequence[Offered] = ()
    cold_start: dict[str, float] = field(default_factory=dict)
    memory: dict[str, list[float]] = field(default_factory=dict)


def write(measured: Measured) -> None:
    """Write the tables and the plot into the documents."""
    prose = DOCUMENT.read_text().partition(_MARK)[0]
    DOCUMENT.write_text(f"{prose}{_MARK}\n\n{tables(measured)}\n")
    PICTURE.write_text(plot(measured.loaded))


def tables(measured: Measured) -> str:
    """Return everything that was measured, in Markdown."""
    parts = [_machine(measured.plan, measured.ahead), _loaded(measured), _alone(measured), _processes(measured)]
    parts += [_ceiling(measured), _offered(measured), _coaches(measured)]
    return "\n\n".join(part for part in parts if part)


def _machine(plan: Plan, ahead: bool) -> str:
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in info if line.startswith("model name")), platform.machine())
    cores = sum(line.startswith("processor") for line in info)
    commit = subprocess.run(
        ["git", "log", "-1", "--format=%h", "--", "backend"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    said = subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return (
        f"Measured on {datetime.now(UTC):%d %B %Y}, backend of commit {commit}: {cores} cores of {model}, shared by the "
        f"server ({WORKERS} workers), the load and the upstream; Linux {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, gunicorn {version('gunicorn')}, Node {said[1:]}. Stripe takes {plan.delay} "
        f"milliseconds a call. Rounds of {plan.seconds} seconds, {plan.rounds} of each, the servers taking turns; medians."
        + (" Other work on the machine had to wait (`--ahead`)." if ahead else "")
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _of(rounds: Iterable[Round], **wanted: object) -> list[Round]:
    return [one for one in rounds if all(getattr(one, name) == value for name, value in wanted.items())]


def _servers(rounds: Iterable[Round]) -> list[str]:
    there = dict.fromkeys(one.server for one in rounds)
    return sorted(there, key=lambda name: NAMES.index(name) if name in NAMES else len(NAMES))


def _loaded(measured: Measured) -> str:
    texts = []
    for flow in measured.plan.flows:
        rows = []
        for connections in measured.plan.connections:
            here = _of(measured.loaded, flow=flow, connections=connections)
            base = [
                middle(_of(here, server=name), lambda one: one.goodput) for name in NAMES[1:] if _of(here, server=name)
            ]
            for name in _servers(here):
                rows.append([str(connections), *_row(_of(here, server=name), base)])
        head = ["connections", "server", "done a second", "x Express", "x Fastify", "p50 ms", "p99 ms", "not 200"]
        texts.append(f"## {_TITLES[flow]}\n\n{_table([*head, 'processor ms each'], rows)}")
    return "\n\n".join(texts)


def _row(rounds: list[Round], base: list[float]) -> list[str]:
    done = middle(rounds, lambda one: one.goodput)
    share = middle(rounds, lambda one: one.loaded.not_ok / max(one.loaded.answers, 1))
    return [
        _SHOWN.get(rounds[0].server, rounds[0].server),
        f"{done:,.0f}",
        *(f"{done / other:.2f}" if other else "–" for other in (base if len(base) == 2 else [0.0, 0.0])),
        f"{middle(rounds, lambda one: one.loaded.p50):,.0f}",
        f"{middle(rounds, lambda one: one.loaded.p99):,.0f}",
        f"{share:.1%}",
        f"{middle(rounds, lambda one: one.cpu_each):.2f}",
    ]


def _alone(measured: Measured) -> str:
    """The cost of each flow where nothing waits for anything else."""
    rows = []
    for one in measured.alone:
        added = one.loaded.p50 - round(one.calls_each) * measured.plan.delay
        rows.append(
            [_TITLES[one.flow], _SHOWN.get(one.server, one.server), f"{one.calls_each:.2f}", f"{one.loaded.p50:.0f}",
             f"{added:.1f}", f"{one.cpu_each:.2f}"]
        )  # fmt: skip
    head = ["flow", "server", "calls to Stripe", "p50 ms", "of it added", "processor ms each"]
    return f"## One connection\n\n{_table(head, rows)}" if rows else ""


def _processes(measured: Measured) -> str:
    rows = [
        [_SHOWN.get(name, name), f"{seconds:.1f}", " and ".join(f"{one:.0f}" for one in measured.memory[name])]
        for name, seconds in measured.cold_start.items()
    ]
    head = ["server", "seconds from start to first answer", "MB a worker after the run (PSS)"]
    return f"## Start and memory\n\n{_table(head, rows)}"


def _ceiling(measured: Measured) -> str:
    rows = []
    for one in measured.ceiling:
        refused, seconds = one.counts["refused"], one.loaded.seconds
        rows.append(
            [_SHOWN.get(one.server, one.server), f"{one.goodput:.0f}", f"{one.counts['total'] / seconds:,.0f}",
             f"{refused / seconds:,.0f}", f"{one.loaded.not_ok / max(one.loaded.answers, 1):.0%}"]
        )  # fmt: skip
    head = ["server", "purchases a second", "calls a second", "of them refused by Stripe", "answers that are not 200"]
    told = "Purchases on 256 connections, where Stripe refuses more than 100 calls a second."
    return f"## At Stripe's ceiling\n\n{told}\n\n{_table(head, rows)}" if rows else ""


def _offered(measured: Measured) -> str:
    rows = [
        [one.name, f"{one.rate:,.0f}", f"{one.served:,.0f}", _ms(one.told["served"]["p99"]),
         f"{one.told['refused']['count'] / one.seconds:,.0f}", _ms(one.told["refused"]["p99"]), str(one.told["failed"]),
         _ms(one.told["health"]["p99"]), "–" if one.refusal_ms is None else f"{one.refusal_ms:.2f}"]
        for one in measured.offered
    ]  # fmt: skip
    head = [
        "offered",
        "asked a second",
        "served a second",
        "p99 ms",
        "refused a second",
        "p99 ms",
        "failed",
        "`/health` p99 ms",
        "processor ms of a refusal",
    ]
    told = "Purchases at a constant rate to this backend, as parts and multiples of the most that 64 or 256 connections get."
    return f"## More than the capacity\n\n{told}\n\n{_table(head, rows)}" if rows else ""


def _coaches(measured: Measured) -> str:
    rows = [
        [_TITLES[one.flow], f"{one.goodput:,.0f}", f"{one.calls_each:.2f}", f"{one.cpu_each:.2f}"]
        for one in measured.coaches
    ]
    head = ["this backend, 64 connections", "done a second", "calls to Stripe", "processor ms each"]
    return f"## Many coaches\n\n{_table(head, rows)}" if rows else ""


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def plot(rounds: Sequence[Round]) -> str:
    """Draw what is done a second as a multiple of Express, for each flow and number of connections."""
    groups = list(dict.fromkeys((one.flow, one.connections) for one in rounds))
    bars: list[tuple[int, int, str, float]] = []
    for at, (flow, connections) in enumerate(groups):
        here = _of(rounds, flow=flow, connections=connections)
        names = _servers(here)
        base = middle(_of(here, server="express" if "express" in names else names[0]), lambda one: one.goodput) or 1
        for place, name in enumerate(names):
            bars.append((at, place, name, middle(_of(here, server=name), lambda one: one.goodput) / base))
    return _drawn(groups, bars)


def _drawn(groups: Sequence[tuple[str, int]], bars: Sequence[tuple[int, int, str, float]]) -> str:
    most = max(1.0, *(share for *_, share in bars))
    height, wide, left, top = 220, 110, 40, 40
    down: Callable[[float], float] = lambda share: top + height * (1 - share / most)  # noqa: E731
    names = list(dict.fromkeys(name for _, _, name, _ in bars))
    width = left + wide * len(groups) + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height + 100}" font-family="sans-serif" '
        'font-size="12">',
        "<title>Work done a second, as a multiple of Express</title>",
        f'<rect width="{width}" height="{height + 100}" fill="#fff"/>',
        f'<line x1="{left}" x2="{width - 10}" y1="{down(1):.1f}" y2="{down(1):.1f}" stroke="#888" stroke-dasharray="3"/>',
        f'<text x="{left - 6}" y="{down(1) + 4:.1f}" text-anchor="end">1 x</text>',
    ]
    for at, name in enumerate(names):
        lines.append(
            f'<rect x="{left + at * 120}" y="10" width="12" height="12" fill="{_COLOURS.get(name, "#e08b2f")}"/>'
        )
        lines.append(f'<text x="{left + at * 120 + 18}" y="21">{_SHOWN.get(name, name)}</text>')
    for at, place, name, share in bars:
        x = left + at * wide + 10 + place * 28
        lines.append(
            f'<rect x="{x}" y="{down(share):.1f}" width="25" height="{height * share / most:.1f}" '
            f'fill="{_COLOURS.get(name, "#e08b2f")}"/>'
        )
        lines.append(
            f'<text x="{x + 12}" y="{down(share) - 4:.1f}" text-anchor="middle" font-size="10">{share:.2f}</text>'
        )
    for at, (flow, connections) in enumerate(groups):
        x = left + at * wide + 52
        lines.append(f'<text x="{x}" y="{top + height + 18}" text-anchor="middle">{flow}</text>')
        lines.append(f'<text x="{x}" y="{top + height + 34}" text-anchor="middle">{connections} connections</text>')
    return "\n".join([*lines, "</svg>", ""])
