"""The second line: find what does not balance, from Stripe alone, and mend it by settling it.

Webhooks can be lost, late, or never generated. Settling is safe beside live traffic and does nothing to what
balances, so a sweep may run at any time, anywhere, and as often as one likes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import stripe
import structlog

from backend.services.errors import NotFound, PaymentsError
from backend.services.ledger import ledger_of
from backend.services.registry import Registry
from backend.services.settlement import NOT_OURS, SETTLED, Settlement, Settler
from backend.services.transfers import UnclearTransfers

log = structlog.get_logger(__name__)

FAILED = "failed"


@dataclass(frozen=True)
class Mended:
    """What settling one payment did.

    ``moved``: what the coach was sent, less what was taken back; in a dry run what is owed. Minor units.
    """

    payment_id: str
    state: str
    moved: int = 0
    currency: str = ""
    reason: str = ""
    settlement: Settlement | None = None


class Pace:
    """Keeps a sweep under Stripe's rate limit, which live traffic needs too (25 a second in test mode)."""

    def __init__(self, calls_per_second: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._gap = 1 / calls_per_second
        self._sleep = sleep
        self._next = 0.0

    def wait(self, calls: int) -> None:
        """Before ``calls`` further calls: wait as long as the earlier ones have earned."""
        now = time.monotonic()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + calls * self._gap


class Reconciler:
    """Mends payments one by one."""

    # Reading a payment and its transfers, a write, and a look after it.
    _CALLS_EACH = 4

    def __init__(
        self, client: stripe.StripeClient, registry: Registry, settler: Settler, pace: Pace | None = None
    ) -> None:
        self._client = client
        self._registry = registry
        self._settler = settler
        self._pace = pace

    def mend(self, payment_ids: Iterable[str], *, adopt: bool = False, dry_run: bool = False) -> Iterator[Mended]:
        """Settle each payment, or (``dry_run``) say what is owed. One that fails does not stop the rest."""
        for payment_id in payment_ids:
            if self._pace is not None:
                self._pace.wait(self._CALLS_EACH)
            try:
                yield self._one(payment_id, adopt, dry_run)
            except (stripe.StripeError, PaymentsError, UnclearTransfers) as error:
                log.warning("reconcile.failed", payment=payment_id, kind=type(error).__name__)
                yield Mended(payment_id, FAILED, reason=type(error).__name__)

    def _one(self, payment_id: str, adopt: bool, dry_run: bool) -> Mended:
        if dry_run:
            return self._owed(payment_id)
        settlement = self._settler.settle(payment_id, adopt=adopt)
        return Mended(
            payment_id,
            settlement.state,
            settlement.moved,
            settlement.payment.intent.currency if settlement.payment else "",
            settlement.note.reason if settlement.note else "",
            settlement,
        )

    def _owed(self, payment_id: str) -> Mended:
        try:
            ledger = ledger_of(self._client, self._registry, payment_id)
        except NotFound:
            return Mended(payment_id, NOT_OURS)
        state = SETTLED if ledger.balances else "owed"
        return Mended(payment_id, state, ledger.owed, ledger.currency, ledger.note or "")
