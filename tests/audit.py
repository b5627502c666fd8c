"""``make audit``: known holes in what the backend is built on, and risky habits in its own code.

A source of advisories that cannot be reached is said: NOT CHECKED is not clean, and not a finding either.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
# The lock of the checks holds all of the backend's too.
_LOCK = ["--require-hashes", "-r", "requirements/dev.lock"]
_ADVISORIES = ["-m", "pip_audit", "--strict", "--disable-pip", *_LOCK, "-f", "json"]
# From medium severity on: the low ones are asserts, and processes that the drill starts.
_HABITS = ["-m", "bandit", "-q", "-r", "backend", "-ll"]
_PATIENCE_SECONDS = 120


def verdict(answer: str, complaint: str) -> tuple[bool, str]:
    """True if what pip-audit wrote is no finding, and the sentence to say of it."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return True, f"NOT CHECKED: no advisories could be had. {complaint.strip().rpartition(chr(10))[2]}"
    found = [
        f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'nothing yet'}"
        for package in packages
        for hole in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if found:
        return False, "\n".join(found)
    return True, f"NOT CHECKED: {', '.join(unknown)}" if unknown else f"{len(packages)} packages, no known holes."


def main() -> None:
    """Both; exit code 1 when anything was found."""
    try:
        asked = subprocess.run(
            [sys.executable, *_ADVISORIES],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        clean, text = verdict(asked.stdout, asked.stderr)
    except subprocess.TimeoutExpired:
        clean, text = True, "NOT CHECKED: the advisories took too long."
    click.echo(f"Advisories: {text}")
    habits = subprocess.run([sys.executable, *_HABITS], cwd=ROOT, timeout=_PATIENCE_SECONDS, check=False)
    click.echo(f"Own code: {'nothing found' if habits.returncode == 0 else 'see above'}.")
    raise SystemExit(0 if clean and habits.returncode == 0 else 1)


if __name__ == "__main__":
    main()
