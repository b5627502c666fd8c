"""``make conformance URL=https://…``: whether a backend answers as the screens of the front ends need it."""

from __future__ import annotations

import argparse
import sys
from urllib.parse import urlsplit

import click
import requests

from tests.conformance.kit import Stripe, run


def main() -> int:
    """Print a line for each case; 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument(
        "url", help="the backend's address; it should be one with test keys, for coaches and payments are made"
    )
    parser.add_argument(
        "--stripe", help="the address of Stripe's API or of a sandbox (default: the bundled sandbox, if there is one)"
    )
    parser.add_argument("--key", default="pk_test_sandbox", help="the publishable key to pay with")
    parser.add_argument("--token", help="an admin's token, where the backend asks who calls")
    given = parser.parse_args()
    address = given.stripe or _sandbox_beside(given.url)
    headers = {"Authorization": f"Bearer {given.token}"} if given.token else {}
    failed = skipped = passed = 0
    for outcome in run(given.url, Stripe(address, given.key) if address else None, headers):
        if outcome.skipped:
            skipped += 1
            click.echo(f"  --  {outcome.name}: not tried: {outcome.skipped}")
        elif outcome.problems:
            failed += 1
            click.echo(f"FAIL  {outcome.name}: {'; '.join(outcome.problems)}")
        else:
            passed += 1
            click.echo(f"  ok  {outcome.name}")
    click.echo(f"{passed} as the screens need it, {failed} not, {skipped} not tried.")
    return 1 if failed else 0


def _sandbox_beside(url: str) -> str | None:
    """The sandbox on the port after the backend's, where ``make run`` has it; None if nothing of the kind answers."""
    parts = urlsplit(url)
    address = f"http://{parts.hostname}:{(parts.port or 80) + 1}"
    try:
        return address if requests.get(f"{address}/_sandbox/", timeout=5).ok else None
    except requests.RequestException:
        return None


if __name__ == "__main__":
    sys.exit(main())
