"""``make compare REV=…``: whether the backend behaves as another version of it does.

Both are played the same play. What differs is printed as a diff: the reference document, answers, calls to Stripe, and the
bytes of every idempotency key. The exit code is 1 then.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import click

from tests.compare.play import play
from tests.processes import ROOT


def differences(before: list[str], after: list[str]) -> Iterator[str]:
    """The lines of a diff of two records, with where they are."""
    return unified_diff(before, after, "before", "after", n=2, lineterm="")


def _source(revision: str, folder: Path) -> Path:
    """The backend of a commit, unpacked. Raises ``click.ClickException`` where git has no such commit."""
    packed = subprocess.run(["git", "archive", revision, "backend"], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        raise click.ClickException(packed.stderr.decode().strip() or f"git has no {revision}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def main() -> int:
    """Print the differences; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare", description=__doc__)
    parser.add_argument("revision", help="the commit, branch or tag to compare with")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            earlier = _source(given.revision, folder / "source")
        except click.ClickException as error:
            error.show()
            return 2
        before, after = play(earlier, folder), play(ROOT, folder)
    found = list(differences(before, after))
    click.echo("\n".join(found) if found else f"No difference from {given.revision} in {len(after)} lines.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
