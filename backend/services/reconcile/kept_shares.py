"""Shares that are kept until the work is done: what a sweep finds of them in the books and in Search's answers.

The sweep keeps deadlines without Search: a share that is kept for so many days was paid for so many days before it is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import stripe

from backend.domain.days import DAY
from backend.domain.namespace import Namespace
from backend.services.errors import UnreadablePayment
from backend.services.kept_days import read_kept_days
from backend.services.reads import PAGE, Payment, payment_of, purchase_of
from backend.services.reconcile.books import EXPAND, Traces
from backend.services.reconcile.joins import is_kept_until_due

# The source's name in a sweep's report.
KEPT = "kept"
# A bank debit may be booked when it begins. The slowest, with a mandate to be sent first, takes two weeks.
DEBIT_SECONDS = 21 * DAY


class KeptShares:
    """Finds them. ``of_today``: for how many days shares are kept by today's catalogue."""

    def __init__(self, client: stripe.StripeClient, namespace: Namespace, of_today: frozenset[int]) -> None:
        self._client = client
        self._namespace = namespace
        self._of_today = of_today

    def numbers(self) -> frozenset[int]:
        """Every number of days that shares were ever kept for, as far as it is known. Raises what Stripe raises."""
        return self._of_today | read_kept_days(self._client)

    def walks(self, days: int, since: int | None, until: int | None) -> Iterator[Callable[[], Any]]:
        """The first pages of the books so many days before a window; none where the window is all there is."""
        if since is None or until is None:
            return
        start, end = since - days * DAY, until - days * DAY
        # What takes days to arrive is booked before it counts.
        for kind, first in (("charge", start), ("payment", start - DEBIT_SECONDS)):
            created = {"gte": first, "lte": end}
            params: Any = {"type": kind, "created": created, "limit": PAGE, "expand": EXPAND}
            yield partial(self._client.v1.balance_transactions.list, params)

    def is_of_one(self, intent: Any) -> bool:
        """True for the intent of a payment of ours whose share is or was kept, damaged ones too."""
        try:
            purchase = purchase_of(intent, self._namespace)
        except UnreadablePayment:
            return True
        return purchase is not None and purchase.ours and purchase.offer.release.keeps

    def unreleased(self, intent: Any, now: int | None) -> Payment | None:
        """The payment of an intent that was read with its charge, if its share is not due yet; else None."""
        if isinstance(intent.latest_charge, str):
            return None  # read without it: settling looks
        try:
            payment = payment_of(intent, self._namespace)
        except UnreadablePayment:
            return None
        payment = replace(payment, at=now) if payment is not None else None
        return payment if payment is not None and is_kept_until_due(Traces(), payment) else None
