"""``make test``: get what the tests need beside Python, then run them. What was left out is said, and fails the run."""

from __future__ import annotations

import os
import subprocess
import sys

import click

from tests.programs import Machine, get, search_path


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--without", help="Programs to leave out, separated by commas, instead of getting what is missing.")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def main(without: str | None, pytest_arguments: tuple[str, ...]) -> None:
    """Run the tests, on every core. What follows is given to pytest: make test ARGS="tests/money -x"."""
    left_out = get(Machine.this(), _say) if without is None else without.split(",")
    fewer = [f"--without={','.join(left_out)}"] if left_out else []
    words = [sys.executable, "-m", "pytest", "-n", "auto", *fewer, *pytest_arguments]
    code = subprocess.run(words, env={**os.environ, "PATH": search_path()}, check=False).returncode
    if code:
        _say(f"To run only what failed: {sys.executable} -m pytest --last-failed")
    if left_out:
        _say(f"Left out, and so not passed: the tests that need {' and '.join(left_out)}.")
    sys.exit(code or bool(left_out))


if __name__ == "__main__":
    main()
