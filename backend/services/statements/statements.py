"""A month's statement from Stripe's books: of all coaches from the platform's month, or of one coach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import stripe

from backend.domain.months import Month
from backend.domain.statement import Statement, in_order
from backend.services.coach.registry import Registry
from backend.services.reads import PAGE
from backend.services.reconcile.pace import Pace
from backend.services.statements.coach import CoachMonth
from backend.services.statements.entries import EXPAND, Entries
from backend.stripe_client.platform import namespace_of

# Stripe allows 25 calls a second in test mode; live traffic needs them too.
_CALLS_PER_SECOND = 10.0


class Statements:
    """Reads statements. It writes nothing."""

    def __init__(
        self,
        client: stripe.StripeClient,
        registry: Registry,
        now: Callable[[], int],
        calls_per_second: float = _CALLS_PER_SECOND,
    ) -> None:
        self._client = client
        self._registry = registry
        self._now = now
        self._pace = Pace(calls_per_second)

    def read(self, month: Month, coach_id: str | None = None) -> Statement:
        """The statement of a month, in UTC. A line belongs to the month in which Stripe booked it.

        All coaches: a call for each hundred lines of the books. One coach: see ``CoachMonth``. Raises what Stripe raises.
        """
        if coach_id is None:
            found = self._platform(month)
        else:
            found = CoachMonth(self._client, self._registry, self._pace).read(month, coach_id)
        return replace(found, remarks=(*self._about_time(month), *found.remarks))

    def _platform(self, month: Month) -> Statement:
        entries = Entries(namespace_of(self._client))
        lines = [entries.line(one) for one in self._books(month)]
        count = f"all {len(lines)} lines" if lines else "no line"
        read = f"Read whole: {count} that Stripe booked on the platform's balance in the month."
        return Statement(month, None, in_order(entries.joined(lines)), (read,))

    def _books(self, month: Month) -> Iterator[Any]:
        params: Any = {"created": {"gte": month.start, "lt": month.end}, "limit": PAGE, "expand": EXPAND}
        for page in self._pace.pages(lambda: self._client.v1.balance_transactions.list(params)):
            yield from page.data

    def _about_time(self, month: Month) -> tuple[str, ...]:
        now = self._now()
        if now < month.start:
            return ("The month has not begun.",)
        return ("The month is not over: these are its lines so far.",) if now < month.end else ()
