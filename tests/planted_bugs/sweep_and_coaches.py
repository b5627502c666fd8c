"""Mistakes of the second line and of the registry. The rules are those of docs/architecture.md."""

from __future__ import annotations

from tests.planted_bugs.bug import (
    ACCOUNT_EVENTS,
    COACHES,
    COACHES_TESTS,
    SOURCES,
    SWEEP_TESTS,
    WORLD_TESTS,
    Bug,
)

OF_SWEEP_AND_COACHES = [
    Bug(
        "13: the sweep's mark by the machine's own clock",
        SOURCES,
        "self._read.until = answered_at(page)",
        'self._read.until = int(__import__("time").time())',
        SWEEP_TESTS,
    ),
    Bug(
        "13: what a sweep could not finish forgotten",
        SOURCES,
        '        read.attempt("carried", self._carried)\n',
        "",
        ("tests/money/test_sweep_memory.py",),
    ),
    Bug(
        "13: debits that were booked early not looked for",
        SOURCES,
        '        read.attempt("debits", self._early_debits)\n',
        "",
        SWEEP_TESTS,
    ),
    Bug(
        "14: a source that fails ends the sweep",
        "backend/services/reconcile/findings.py",
        "            self.unread.append(Unread(name, type(error).__name__))\n",
        "            raise\n",
        SWEEP_TESTS,
    ),
    Bug(
        "14: a payment that fails ends the sweep",
        "backend/commands/sweep_repair.py",
        "                yield ReconcileResult(case.payment_id, MoneyState.FAILED, reason=type(error).__name__)\n",
        "                raise\n",
        SWEEP_TESTS,
    ),
    Bug(
        "14: one failure ends a coach's waiting payments",
        ACCOUNT_EVENTS,
        "            unfinished = unfinished or error\n",
        "            raise\n",
        WORLD_TESTS,
    ),
    Bug(
        "14: Search down ends the look for waiting payments",
        "backend/services/reconcile/candidates.py",
        "        failure = error\n",
        "        raise\n",
        WORLD_TESTS,
    ),
    Bug(
        "18: a binding that was replaced still believed",
        "backend/services/coach/registry.py",
        "while entry is not None and entry.has_next:",
        "while False:",
        COACHES_TESTS,
    ),
    Bug(
        "18: a field that differs swallowed by a repeated registration",
        COACHES,
        "        _check_details(account, coach)\n",
        "",
        ("tests/routes/test_connect.py",),
    ),
    Bug(
        "19: a second account for a coach whom the old backend onboarded",
        COACHES,
        " or self._adopted(coach)",
        "",
        COACHES_TESTS,
    ),
    Bug(
        "19: an account given to whoever knows its coach id",
        COACHES,
        "        _check_email(chosen.entry.email_hash, coach)\n",
        "",
        COACHES_TESTS,
    ),
]
