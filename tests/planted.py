"""The proof of the proof: plant a bug in a copy of the backend, and see the tests go red.

``make planted`` runs it. Each bug is a mistake that payment systems really make; a suite that stays green with one
of them in place proves nothing. As many bugs are tried at once as there are cores.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from tests.planted_bugs import BUGS, Bug

__all__ = [
    "BUGS",
    "CAUGHT",
    "GREEN",
    "NO_BUG",
    "OUT_OF_TIME",
    "SUITE",
    "Bug",
    "NoSuchLine",
    "copy_with",
    "has_line",
    "trial",
]

ROOT = Path(__file__).parents[1]
# The quick ones first; a bug names the ones that should see it before all others.
SUITE = [
    "tests/unit/test_settlement.py",
    "tests/unit/test_membership.py",
    "tests/money/test_hand_transfers.py",
    "tests/money/test_told_first.py",
    "tests/money/test_world.py",
    "tests/money/test_lasting_refusals.py",
    "tests/money/test_slow_money.py",
    "tests/money/test_dispute_money.py",
    "tests/money/test_calls.py",
    "tests/money/test_refunds.py",
    "tests/money/test_refund_keys.py",
    "tests/money/test_share_kept.py",
    "tests/money/test_share_by_hand.py",
    "tests/money/test_answers.py",
    "tests/money/test_holds.py",
    "tests/routes/test_webhooks.py",
    "tests/routes/test_payments.py",
    "tests/routes/test_confirm.py",
    "tests/routes/test_refund_route.py",
    "tests/routes/test_connect.py",
    "tests/routes/test_manual_transfers.py",
    "tests/money/test_crashes.py",
    "tests/money/test_properties.py",
]
# A bug may make the code loop: then it counts as missed, because nobody would be told.
_LONGEST_SECONDS = 900
_NOT_COPIED = (".venv", ".git", "__pycache__", ".*_cache", ".hypothesis", "node_modules", "mutants")


# Nothing is changed: the tests have to be green without a bug, or what they say of the others means nothing.
NO_BUG = Bug("no bug at all", "backend/__init__.py", "backend", "backend")

CAUGHT, GREEN, OUT_OF_TIME, BROKEN = "caught", "MISSED", "MISSED: out of time", "the tests did not run"


class NoSuchLine(Exception):
    """The backend no longer has the line that a bug changes."""

    def __init__(self, bug: Bug) -> None:
        super().__init__(f"{bug.name}: {bug.path} no longer has the line that it changes.")


@contextmanager
def copy_with(bug: Bug) -> Iterator[Path]:
    """A copy of the repository with the bug in it. Raises ``NoSuchLine``."""
    if not has_line(bug):
        raise NoSuchLine(bug)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_NOT_COPIED))
        target = copy / bug.path
        target.write_text(target.read_text().replace(bug.right, bug.wrong))
        yield copy


def has_line(bug: Bug) -> bool:
    """True if the line is there to be changed."""
    target = ROOT / bug.path
    return target.is_file() and bug.right in target.read_text()


@dataclass(frozen=True)
class Trial:
    """The result of the tests on one bug, and the seconds that they took."""

    bug: Bug
    result: str
    seconds: float


def trial(bug: Bug, suite: list[str], longest_seconds: float = _LONGEST_SECONDS) -> Trial:
    """Run the tests against a copy with the bug, those that it names first, until one of them is red."""
    began = time.monotonic()
    # Output is thrown away: a red test prints the log of everything that led to it.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-p",
        "no:logging",
        "--show-capture=no",
        *dict.fromkeys([*bug.tests, *suite]),
    ]
    with copy_with(bug) as copy:
        # A session of its own, so that what the tests started ends with them.
        run = subprocess.Popen(
            command, cwd=copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            result = {0: GREEN, 1: CAUGHT}.get(run.wait(longest_seconds), BROKEN)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            result = OUT_OF_TIME
    return Trial(bug, result, time.monotonic() - began)


@click.command()
@click.option("--only", default="", help="Plant only bugs whose name contains this.")
@click.option("--jobs", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default="the cores")
@click.option("--limit", type=click.FloatRange(1), default=_LONGEST_SECONDS, show_default=True, help="Seconds a bug.")
def main(only: str, jobs: int, limit: float) -> None:
    """Plant each bug in a copy of the backend and run the money tests against it. All have to go red."""
    bugs = [bug for bug in BUGS if only in bug.name]
    gone = [bug for bug in bugs if not has_line(bug)]
    if gone:
        raise click.ClickException("\n".join(str(NoSuchLine(bug)) for bug in gone))
    if not bugs:
        raise click.ClickException(f"No bug's name contains {only!r}.")
    missed = 0
    with ThreadPoolExecutor(jobs) as pool:
        green = pool.submit(trial, NO_BUG, SUITE, limit)
        for tried in pool.map(lambda bug: trial(bug, SUITE, limit), bugs):
            missed += tried.result != CAUGHT
            click.echo(f"  {tried.result:<22}{tried.seconds:>6.1f} s  {tried.bug.name}")
        if green.result().result != GREEN:
            raise SystemExit("The tests are not green without a planted bug. Mend that first: make test")
    if missed:
        raise SystemExit(f"{missed} of {len(bugs)} planted bugs were not caught.")
    click.echo(f"All {len(bugs)} planted bugs were caught.")


if __name__ == "__main__":
    main()
