"""``make model``: search everything, find each planted bug, and hold the model against tapes of the real service."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import redirect_stderr

import click

from tests.model import roots
from tests.model.acceptor import Acceptor, RejectedError
from tests.model.calls import Pair, of_replica, of_tape
from tests.model.mutants import is_rejected, mutants
from tests.model.rules import PLANTED
from tests.model.search import Found, Search
from tests.model.story import told
from tests.model.tapes import History
from tests.model.world import Config

_STEPS = 60  # of one history
_BATCH = 5  # histories a process plays before it reports


def searched(number: int, most: int) -> tuple[Config, Found, set[Pair], float]:
    """One beginning of the large run, and the seconds it took."""
    began = time.monotonic()
    config = roots.LARGE[number]
    search = Search(config)
    found = search.run(most)
    return config, found, search.pairs, time.monotonic() - began


def played(seed: int) -> tuple[int, Counter[tuple[str, bool]], set[Pair]]:
    """Histories from this seed on: writes accepted, changed tapes by name and whether rejected, pairs of calls."""
    accepted, changed, pairs = 0, Counter[tuple[str, bool]](), set[Pair]()
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        for one in range(seed, seed + _BATCH):
            for tape in History(one).run(_STEPS):
                try:
                    acceptor = Acceptor.of(tape)
                except RejectedError as why:
                    raise RejectedError(f"history {one}: {why}") from why
                accepted += len(acceptor.accepted)
                changed.update((name, is_rejected(mutant)) for name, mutant in mutants(tape, acceptor))
                pairs |= of_tape(tape) if tape.alone else set()
    return accepted, changed, pairs


def search_all(pool: ProcessPoolExecutor, most: int) -> tuple[bool, set[Pair]]:
    """Every beginning; False if a state is wrong."""
    began, books, money, states, edges = time.monotonic(), 0, 0, 0, 0
    pairs: set[Pair] = set()
    whole = 0
    for future in as_completed([pool.submit(searched, number, most) for number in range(len(roots.LARGE))]):
        config, found, some, seconds = future.result()
        books, money = books + len(found.books), money + len(found.money)
        states, edges, whole, pairs = states + found.states, edges + found.edges, whole + found.complete, pairs | some
        extent = "all" if found.complete else "first"
        click.echo(f"{extent} {found.states} states, {seconds:.0f} s: {config}")
        if found.wrong:
            click.echo("\n".join(told(config, found)))
            return False, pairs
    click.echo(
        f"{money} distinct states of the money ({states} states, {edges} steps; {books} distinct books) from "
        f"{len(roots.LARGE)} beginnings, {whole} of them to the end, in {time.monotonic() - began:.0f} s: none is wrong."
    )
    return True, pairs


def find_planted() -> bool:
    """Tell how each planted bug goes wrong; False if one is not found."""
    for name, rules in PLANTED.items():
        config = roots.FOUND_FROM[name]
        found = Search(config, rules).run()
        click.echo(f"\n# {name}\n" + "\n".join(told(config, found)))
        if not found.wrong:
            return False
    return True


def read_tapes(pool: ProcessPoolExecutor, requests: int, known: set[Pair]) -> bool:
    """Hold tapes against the model until so many writes were accepted."""
    began, accepted, changed, pairs = time.monotonic(), 0, Counter[tuple[str, bool]](), set[Pair]()
    seed = 0
    while accepted < requests:
        for some, more, seen in pool.map(played, (seed, seed + _BATCH)):
            accepted, changed, pairs = accepted + some, changed + more, pairs | seen
        seed += 2 * _BATCH
    click.echo(f"\n{accepted} writes of {seed} histories accepted in {time.monotonic() - began:.0f} s.")
    for (name, rejected), count in sorted(changed.items()):
        click.echo(f"{'rejected' if rejected else 'NOT REJECTED'}: {count} with {name}")
    strange = pairs - of_replica(known)
    click.echo(f"{len(pairs)} pairs of calls in the tapes; the replica does not know: {sorted(strange) or 'none'}")
    return not strange and all(rejected for _, rejected in changed)


@click.command()
@click.option("--most", default=400_000, show_default=True, help="States of one beginning.")
@click.option("--requests", default=10_000, show_default=True, help="Writes of tapes to accept.")
def main(most: int, requests: int) -> None:
    """Search the model, find the planted bugs, and read the tapes."""
    with ProcessPoolExecutor(2) as pool:
        right, pairs = search_all(pool, most)
        right = find_planted() and right
        right = read_tapes(pool, requests, pairs) and right
    sys.exit(not right)


if __name__ == "__main__":
    main()
