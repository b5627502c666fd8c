"""Changes that were made by hand, and that no test saw at the time."""

from __future__ import annotations

from tests.planted_bugs.bug import (
    ACCOUNT_MAKER,
    BOOKS,
    COACHES_TESTS,
    MEMBERSHIP,
    NEWS,
    READS,
    SLOW_TESTS,
    SWEEP_TESTS,
    WORLD_TESTS,
    Bug,
)

THAT_LIVED = [
    Bug(
        "a failed refund taken as standing",
        READS,
        'NOT_REFUNDED = frozenset(["failed", "canceled"])',
        'NOT_REFUNDED = frozenset(["canceled"])',
        SLOW_TESTS,
    ),
    Bug(
        "disputes left out of the sweep's candidates",
        BOOKS,
        '            "dispute": self._dispute,\n',
        "",
        SWEEP_TESTS,
    ),
    Bug(
        "a dispute of the books believed only where the charge shows it",
        "backend/services/reconcile/joins.py",
        "if traces.disputes or payment.may_be_disputed:",
        "if payment.may_be_disputed:",
        ("tests/money/test_sweep_cases.py",),
    ),
    Bug(
        "a session told for a refunded payment",
        NEWS,
        "if not payment.purchase.ours or not is_open(self._services.client, payment):",
        "if not payment.purchase.ours:",
        WORLD_TESTS,
    ),
    Bug(
        "registry entries remembered for ever",
        "backend/services/cache.py",
        "if known is None or not 0 <= self._now() - known[0] < self._seconds:",
        "if known is None:",
        COACHES_TESTS,
    ),
    Bug(
        "a transfer in another currency counted",
        MEMBERSHIP,
        " or transfer.currency != payment.currency",
        "",
        WORLD_TESTS,
    ),
    Bug(
        "the account that lost the race kept open",
        ACCOUNT_MAKER,
        "            get_or_none(lambda: self._client.v1.accounts.delete(account.id))\n",
        "",
        ("tests/money/test_registrations.py",),
    ),
]
