"""A bug to plant, and the files in which bugs are planted and seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A mistake: in ``path``, ``right`` becomes ``wrong``. ``tests``: the files that should see it, tried first."""

    name: str
    path: str
    right: str
    wrong: str
    tests: tuple[str, ...] = ()


ACCOUNT_EVENTS = "backend/webhooks/account_handlers.py"
ACCOUNT_MAKER = "backend/services/coach/account_maker.py"
BOOKS = "backend/services/reconcile/books.py"
COACHES = "backend/services/coach/coaches.py"
DISPUTES = "backend/services/disputes.py"
EVENTS = "backend/webhooks/handlers.py"
HOLDS = "backend/services/settlement/holds.py"
JUDGE = "backend/domain/settlement.py"
KEYS = "backend/domain/idempotency_keys.py"
MANUAL = "backend/services/settlement/manual_transfers.py"
MEMBERSHIP = "backend/domain/membership.py"
NEWS = "backend/webhooks/news.py"
POSITIONS = "backend/services/settlement/positions.py"
READS = "backend/services/reads.py"
REFUNDS = "backend/services/purchases/refunds.py"
RELEASE = "backend/services/release.py"
SESSIONS = "backend/services/purchases/sessions.py"
SETTLER = "backend/services/settlement/settle.py"
SOURCES = "backend/services/reconcile/sources.py"
STEPS = "backend/services/settlement/steps.py"
TRANSFERS = "backend/services/settlement/transfers.py"
ANSWERS_TESTS = ("tests/money/test_answers.py",)
CALLS_TESTS = ("tests/money/test_calls.py",)
COACHES_TESTS = (
    "tests/money/test_coaches.py",
    "tests/money/test_rebinding.py",
    "tests/money/test_damaged_bindings.py",
    "tests/money/test_accounts_gone.py",
    "tests/money/test_coach_adoption.py",
)
HOLDS_TESTS = ("tests/money/test_holds.py",)
REFUND_TESTS = ("tests/money/test_refunds.py", "tests/money/test_refund_keys.py")
SETTLE_TESTS = (
    "tests/money/test_share_kept.py",
    "tests/money/test_share_by_hand.py",
)
SLOW_TESTS = (
    "tests/money/test_slow_money.py",
    "tests/money/test_dispute_money.py",
)
SWEEP_TESTS = ("tests/money/test_sweep.py",)
WEBHOOK_TESTS = ("tests/routes/test_webhooks.py",)
WORLD_TESTS = (
    "tests/money/test_hand_transfers.py",
    "tests/money/test_told_first.py",
    "tests/money/test_world.py",
    "tests/money/test_lasting_refusals.py",
)
