"""Fetch the source of Stripe's SDK, which has its tests: ``python -m tests.sdk_suite.fetch .venv/sdk-suite``.

The file is the one whose hash is in the lock, or none. It is built by what the environment has, and by nothing else: pip
looks into a source to learn what it is.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[2] / "requirements/sdk-source.lock"
OPTIONS = ("--require-hashes", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--retries", "2")


def main(environment: Path) -> None:
    """Put the source into the environment's folder. Exits with a sentence if it cannot be had."""
    python = environment / "bin/python"
    words = [str(python), "-m", "pip", "--disable-pip-version-check", "download", *OPTIONS, "--dest", str(environment)]
    done = subprocess.run([*words, "-r", str(LOCK)], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        sys.exit(f"The source of Stripe's SDK could not be fetched: {last}\nThen run this again: make sdk-suite")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
