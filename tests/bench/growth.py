"""The growth of a sandbox: memory for each payment, and what looking costs as they grow. Loopback, in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import click

from tests.sandbox.conftest import Platform

_ROUNDS = 50


def _memory() -> int:
    """The memory that this process holds, in bytes (Linux)."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4_096


def _buy(platform: Platform, many: int) -> None:
    for number in range(many):
        platform.paid(metadata={"player": str(number)}, transfer_group=f"group_{number}")
        # The logs of a test's helper, not the sandbox's.
        platform.sandbox.requests.clear()


def _looks(platform: Platform, some: Any) -> dict[str, Callable[[], Any]]:
    """The reads that are measured, by name; each finds one page or one object."""
    player = some.metadata["player"]
    return {
        "newest page": lambda: platform.v1.payment_intents.list({"limit": 10}),
        "page in the middle": lambda: platform.v1.payment_intents.list({"limit": 10, "starting_after": some.id}),
        "one by its id": lambda: platform.v1.payment_intents.retrieve(some.id),
        "charges of one": lambda: platform.v1.charges.list({"payment_intent": some.id}),
        "search by metadata": lambda: platform.v1.payment_intents.search({"query": f'metadata["player"]:"{player}"'}),
        "undelivered events": lambda: platform.v1.events.list({"delivery_success": False}),
    }


def _milliseconds(look: Callable[[], Any]) -> float:
    """The median: a collection of Python's garbage, which takes longer the more there is, falls into one round or two."""
    taken = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        look()
        taken.append(time.perf_counter() - began)
    return median(taken) * 1_000


@click.command()
@click.option("--payments", type=click.IntRange(100, 1_000_000), default=10_000, show_default=True)
def main(payments: int) -> None:
    """Fill a sandbox, and compare each look at a tenth of the payments with the same look at all of them."""
    platform = Platform()
    _buy(platform, 50)
    before, began = _memory(), time.perf_counter()
    tenth = payments // 10
    _buy(platform, tenth)
    some = platform.v1.payment_intents.list({"limit": 100}).data[-1]
    platform.clock.advance(120)
    first = {name: _milliseconds(look) for name, look in _looks(platform, some).items()}
    _buy(platform, payments - tenth)
    seconds = time.perf_counter() - began
    platform.clock.advance(120)

    click.echo(
        f"{payments:,} payments, {payments / seconds:.0f} a second, {(_memory() - before) / payments / 1000:.1f} kB each"
    )
    click.echo(f"{'':20} {tenth:>10,} {payments:>10,}   ratio")
    for name, look in _looks(platform, some).items():
        now = _milliseconds(look)
        click.echo(f"{name:20} {first[name]:>7.2f} ms {now:>7.2f} ms {now / first[name]:>7.2f}")


if __name__ == "__main__":
    main()
