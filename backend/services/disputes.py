"""Disputes of a charge: what they took of its payment, for now or for good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import stripe

from backend.services.reads import PAGE, list_all


class UnclearDispute(Exception):
    """A dispute took money in another currency than the payment's: how much of the payment cannot be told."""


# An inquiry moves no money, a prevented dispute was settled before it took any, and a won one has given it back.
_TAKES_NOTHING = frozenset(["won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"])

# A dispute in one of these has ended, for now: an appeal may open it again.
ENDED_DISPUTES = frozenset(["won", "lost", "warning_closed", "prevented"])


def taken_by(dispute: stripe.Dispute, currency: str) -> int:
    """The amount that one dispute took from a payment in ``currency``, in minor units.

    Its balance transactions say so, fees aside: money that came back is in them too. While there are none, an
    inquiry took nothing and any other dispute its amount: the platform must not pay out what it may have lost.
    Raises ``UnclearDispute``.
    """
    booked = list(getattr(dispute, "balance_transactions", None) or [])
    if booked and all(entry.currency == currency for entry in booked):
        taken: int = -sum(entry.amount for entry in booked)
        return max(0, taken)
    if booked and (sum(entry.amount for entry in booked) >= 0 or _came_back(dispute, booked)):
        return 0
    if not booked and dispute.status in _TAKES_NOTHING:
        return 0
    if dispute.currency != currency:
        raise UnclearDispute
    amount: int = dispute.amount
    return amount


def _came_back(dispute: stripe.Dispute, booked: list[Any]) -> bool:
    """True if a won dispute's money is back. In another currency less or more may come back than was taken."""
    given_back = sum(entry.amount > 0 for entry in booked)
    return dispute.status == "won" and 2 * given_back >= len(booked)


def disputes_of(client: stripe.StripeClient, charge_id: str) -> list[stripe.Dispute]:
    """Every dispute of a charge, whatever became of it."""
    return list_all(client.v1.disputes.list({"charge": charge_id, "limit": PAGE}))


def disputed_by(disputes: Iterable[stripe.Dispute], currency: str) -> int:
    """The amount that all these disputes took, for now or for good. Raises ``UnclearDispute``."""
    return sum(taken_by(dispute, currency) for dispute in disputes)
