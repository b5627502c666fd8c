"""``make quick``: the tests of the inner loop, in under a minute on two cores. Each folder of the backend has its part.

Nothing but Python is needed. What is left out is said at the end, so that nobody takes this for all of the tests.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from tests.programs import NAMES

ROOT = Path(__file__).parents[1]
# By folder of the backend: the tests that see most of its mistakes in the least time.
SELECTION = {
    "backend/commands": ("tests/routes/test_ledger.py",),
    "backend/config": ("tests/unit/test_settings.py",),
    "backend/domain": ("tests/unit",),
    "backend/http": ("tests/routes/test_errors.py", "tests/routes/test_auth.py", "tests/security/test_refusals.py"),
    "backend/observability": ("tests/unit/test_logs.py",),
    "backend/routes": (
        "tests/routes/test_payments.py",
        "tests/routes/test_connect.py",
        "tests/routes/test_manual_transfers.py",
    ),
    "backend/sandbox": ("tests/sandbox/test_payments.py", "tests/sandbox/test_money.py", "tests/sandbox/test_wire.py"),
    "backend/sandbox/resources/v2": ("tests/sandbox/test_accounts_v2.py", "tests/sandbox/test_thin_events.py"),
    "backend/schemas": ("tests/routes/test_earnings.py",),
    "backend/services": ("tests/money/test_long_lists.py", "tests/money/test_objects.py"),
    "backend/services/coach": ("tests/money/test_registrations.py",),
    "backend/services/operators": ("tests/routes/test_story.py",),
    "backend/services/purchases": ("tests/money/test_refunds.py", "tests/money/test_refund_keys.py"),
    "backend/services/reconcile": ("tests/money/test_sweep.py",),
    "backend/services/settlement": (
        "tests/money/test_answers.py",
        "tests/money/test_holds.py",
        "tests/money/test_slow_money.py",
    ),
    "backend/services/statements": ("tests/money/test_statements.py", "tests/money/test_statement_lines.py"),
    "backend/stripe_client": ("tests/unit/test_stripe_rate.py",),
    "backend/web": ("tests/web/test_money_map.py",),
    "backend/webhooks": ("tests/routes/test_webhooks.py", "tests/money/test_news.py"),
}
# The rules of the house: quick, and soon broken.
ALWAYS = ("tests/meta/test_citations.py", "tests/meta/test_contributing.py", "tests/meta/test_words.py")
# Folders of which nothing runs here, each with the reason.
LEFT_OUT = {
    "tests/bench": "measures",
    "tests/browser": "needs Chromium",
    "tests/compare": "starts servers",
    "tests/chaos": "starts servers and kills them",
    "tests/conformance": "starts a server",
    "tests/fuzz": "starts servers and attacks them",
    "tests/drift": "plays a hundred scenarios",
    "tests/model": "searches",
    "tests/sdk_suite": "serves a suite",
    "tests/sorts": "plays tests of other folders again",
    "tests/ship": "needs nginx and Redis",
}


def selected() -> list[str]:
    """The files and folders that run, each once."""
    paths = dict.fromkeys(path for files in SELECTION.values() for path in files)
    inside = [path for path in paths if str(Path(path).parent) not in paths]
    return [*inside, *ALWAYS]


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def main(pytest_arguments: tuple[str, ...]) -> None:
    """Run the selection, on every core. What follows is given to pytest: make quick ARGS="-x"."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "auto",
        f"--without={','.join(NAMES)}",
        *selected(),
        *pytest_arguments,
    ]
    code = subprocess.run(words, cwd=ROOT, check=False).returncode
    click.echo("This was a part. Left out, beside other files of the same folders:", err=True)
    for folder, reason in LEFT_OUT.items():
        click.echo(f"  {folder:<20} {reason}", err=True)
    click.echo("All of it: make test", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
