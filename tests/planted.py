"""The proof of the proof: plant a bug in a copy of the backend, and see the tests go red.

``make planted`` runs it. Each bug is a mistake that payment systems really make; a suite that stays green with one
of them in place proves nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
SUITE = [
    "tests/money/test_settle.py",
    "tests/money/test_answers.py",
    "tests/money/test_crashes.py",
    "tests/routes/test_webhooks.py",
]
SUITE += ["tests/routes/test_payments.py", "tests/routes/test_connect.py", "tests/money/test_properties.py"]
_LONGEST_SECONDS = 300


@dataclass(frozen=True)
class Bug:
    """A mistake: in ``path``, ``right`` becomes ``wrong``."""

    name: str
    path: str
    right: str
    wrong: str


BUGS = [
    Bug(
        "a random key for every attempt",
        "backend/services/settlement.py",
        'return f"{slot}:g{generation}" if generation else slot',
        'return slot + __import__("secrets").token_hex(8)',
    ),
    Bug(
        "a key without a look at the list",
        "backend/services/settlement.py",
        "self._now() - charge.created < FRESH_PAYMENT",
        "True",
    ),
    Bug(
        "a session id from the clock",
        "backend/domain/sessions.py",
        "id=f\"session_{payment_id.removeprefix('pi_')}\"",
        'id=f"session_{datetime.now(UTC).timestamp()}"',
    ),
    Bug(
        "failures swallowed with a 200",
        "backend/routes/errors.py",
        "    response.status_code = failure.http_status\n",
        "    response.status_code = 200 if request.path.startswith('/api/webhooks') else failure.http_status\n",
    ),
    Bug(
        "a decision on the first page",
        "backend/services/reads.py",
        "return list(page.auto_paging_iter())",
        "return list(page.data)",
    ),
    Bug(
        "events told apart by their id alone",
        "backend/events.py",
        '    handler(services, event)\n    return "handled"',
        "    seen = services.__dict__.setdefault('seen', set())\n    if event.id in seen:\n        return 'seen'\n"
        '    seen.add(event.id)\n    handler(services, event)\n    return "handled"',
    ),
    Bug(
        "the PaymentIntent as source",
        "backend/services/transfers.py",
        'params["source_transaction"] = charge.id',
        'params["source_transaction"] = payment.intent.id',
    ),
    Bug(
        "a fee in floating point, rounded half to even",
        "backend/domain/money.py",
        "fee = round_half_up(self.fraction * amount_minor)",
        "fee = round(float(self.fraction) * amount_minor)",
    ),
    Bug(
        "acting on the payload",
        "backend/routes/payments.py",
        'return answer(ConfirmResponse(), {"session": session})',
        "object.__setattr__(session, 'sport', asked['session_data'].sport)\n"
        '    return answer(ConfirmResponse(), {"session": session})',
    ),
    Bug(
        "obeying the body's amount",
        "backend/services/manual_transfers.py",
        "if claim.amount != payment.intent.amount:",
        "if False:",
    ),
    Bug(
        "obeying the body's account",
        "backend/services/manual_transfers.py",
        "if claim.coach_account_id != payee:",
        "if False:",
    ),
    Bug(
        "today's percentage for an old payment",
        "backend/domain/metadata.py",
        "return FeeRate.from_percent(metadata[FEE_PERCENT])",
        'return FeeRate.from_percent("50")',
    ),
    Bug(
        "no transfer group at purchase",
        "backend/services/payments.py",
        '"transfer_group": f"purchase_{purchase_id}",',
        "",
    ),
    Bug(
        "ending before a read that is later than the write",
        "backend/services/settlement.py",
        "if not step.from_charge or _moved(view.payment.charge, result.source_transaction):",
        "if False:",
    ),
    Bug(
        "stepping past a stored 500 at once",
        "backend/domain/settlement.py",
        "return now - note.at > UNKNOWN_SETTLES_AFTER",
        "return True",
    ),
    Bug(
        "a refund that waits for the coach's balance",
        "backend/services/refunds.py",
        "        except (stripe.StripeError, PaymentsError) as error:\n",
        "        except ZeroDivisionError as error:\n",
    ),
]


# Nothing is changed: the tests have to be green without a bug, or what they say of the others means nothing.
NO_BUG = Bug("no bug at all", "backend/__init__.py", "backend", "backend")


def caught(bug: Bug) -> bool:
    """Whether the tests go red with the bug in place."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache", ".hypothesis")
        )
        target = copy / bug.path
        text = target.read_text()
        if bug.right not in text:
            raise click.ClickException(f"{bug.name}: {bug.path} no longer has the line that it changes.")
        target.write_text(text.replace(bug.right, bug.wrong))
        # Output is thrown away: a red test prints the log of everything that led to it.
        command = [sys.executable, "-m", "pytest", "-x", "-p", "no:logging", "--show-capture=no", *SUITE]
        try:
            run = subprocess.run(command, cwd=copy, capture_output=True, timeout=_LONGEST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return False
        return run.returncode == 1


@click.command()
@click.option("--only", help="Plant only bugs whose name contains this.")
def main(only: str | None) -> None:
    """Plant each bug in a copy of the backend and run the money tests against it. All have to go red."""
    if caught(NO_BUG):
        raise SystemExit("The tests are red without a planted bug. Mend that first: make test")
    missed = []
    for bug in BUGS:
        if only and only not in bug.name:
            continue
        found = caught(bug)
        click.echo(f"  {'caught' if found else 'MISSED'}   {bug.name}")
        if not found:
            missed.append(bug.name)
    if missed:
        raise SystemExit(f"{len(missed)} planted bugs were not caught.")
    click.echo("Every planted bug was caught.")


if __name__ == "__main__":
    main()
