"""The ends of a sweep, by payment, and a subscriber that refuses."""

from __future__ import annotations

from typing import Any

from backend.services.reconcile.reconcile import ReconcileResult
from tests.builders import Marketplace
from tests.money.sweeping import swept


def ends(market: Marketplace, **options: Any) -> dict[str, ReconcileResult]:
    """Sweep; the ends of the payments that did not balance, by id."""
    return {one.payment_id: one for one in swept(market, **options).mended}
