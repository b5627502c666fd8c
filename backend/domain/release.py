"""The release of a coach's share: at once, some days after the money arrived, or once the work was delivered. Pure.

The terms are frozen in the payment at purchase. A share that is not released is kept: nothing is sent, and what the coach
should hold in the end stays the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from backend.domain.days import DAY

# Stripe lets a platform keep money for its connected accounts for so long in most countries.
# https://docs.stripe.com/connect/manual-payouts
MOST_DAYS_KEPT = 90

_FORM = re.compile(r"at_once|(?P<kind>after_days|on_delivery):(?P<days>[1-9][0-9]?)", re.ASCII)
_DAYS = re.compile(r"[1-9][0-9]?", re.ASCII)
_GRACE = re.compile(r"[0-9]{1,2}", re.ASCII)
_MOMENT = re.compile(r"[0-9]{1,12}", re.ASCII)


class ReleaseError(ValueError):
    """The terms of a release are wrong; the message says which form they have."""


class ReleaseKind(StrEnum):
    """The event that releases a share. Each value is written on payments and never changes."""

    AT_ONCE = "at_once"  # the payment
    AFTER_DAYS = "after_days"  # so many days have passed since the money arrived
    ON_DELIVERY = "on_delivery"  # the coach says that the work is delivered; or so many days have passed


@dataclass(frozen=True)
class ReleaseTerms:
    """The terms of one release. ``days``: the deadline, counted from the money's arrival.

    ``grace_days``: how long a player may object after the coach has said that the work is delivered.
    """

    kind: ReleaseKind = ReleaseKind.AT_ONCE
    days: int = 0
    grace_days: int = 0

    @property
    def keeps(self) -> bool:
        """True if the share is kept for some time."""
        return self.kind != ReleaseKind.AT_ONCE


AT_ONCE = ReleaseTerms()


@dataclass(frozen=True)
class ReleaseFacts:
    """The moments that decide, in unix seconds by Stripe's clock; None for what has not happened or is not known."""

    arrived_at: int | None = None
    delivered_at: int | None = None
    accepted_at: int | None = None


def terms_of(text: object, grace_days: int) -> ReleaseTerms:
    """Read ``at_once``, ``after_days:N`` or ``on_delivery:N``. Raises ``ReleaseError``."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ReleaseError(f"must be at_once, after_days:N or on_delivery:N with N from 1 to 99, not {text!r}")
    if match["kind"] is None:
        return AT_ONCE
    days = int(match["days"])
    if days + grace_days > MOST_DAYS_KEPT:
        raise ReleaseError(
            f"{days} days and {grace_days} of grace (RELEASE_GRACE_DAYS) are more than {MOST_DAYS_KEPT}: Stripe lets nobody "
            "keep money for longer"
        )
    kind = ReleaseKind(match["kind"])
    return ReleaseTerms(kind, days, grace_days if kind == ReleaseKind.ON_DELIVERY else 0)


def frozen_terms(kind: str | None, days: str | None, grace_days: str | None) -> ReleaseTerms:
    """Read the terms that were frozen at purchase. Without a kind, at once. Raises ``ReleaseError``.

    Damage is no release: a share whose terms cannot be read is not paid.
    """
    if kind in (None, ReleaseKind.AT_ONCE):
        return AT_ONCE
    if kind not in tuple(ReleaseKind) or not _DAYS.fullmatch(days or "") or not _GRACE.fullmatch(grace_days or "0"):
        raise ReleaseError(f"release {kind!r} of {days!r} days and {grace_days!r} of grace")
    return ReleaseTerms(ReleaseKind(str(kind)), int(days or 0), int(grace_days or 0))


def moment_of(text: str | None, not_before: int) -> int | None:
    """Read a moment from a payment's metadata. None for damage, and for what lies before the payment."""
    if text is None or not _MOMENT.fullmatch(text) or int(text) < not_before:
        return None
    return int(text)


def released_at(terms: ReleaseTerms, facts: ReleaseFacts) -> int | None:
    """Return the unix second from which the share may be sent; None while it is not known when the money arrived.

    A share that is sent at once may be sent from the beginning of time.
    """
    if not terms.keeps:
        return 0
    if facts.accepted_at is not None:
        return facts.accepted_at
    if facts.arrived_at is None:
        return None
    deadline = facts.arrived_at + terms.days * DAY
    if terms.kind == ReleaseKind.ON_DELIVERY and facts.delivered_at is not None:
        return min(deadline, facts.delivered_at + terms.grace_days * DAY)
    return deadline


def is_released(terms: ReleaseTerms, facts: ReleaseFacts, now: int | None) -> bool:
    """Return True if the share may be sent. ``now``: Stripe's time; where it is not known, no deadline has passed."""
    if not terms.keeps or facts.accepted_at is not None:
        return True
    moment = released_at(terms, facts)
    return moment is not None and now is not None and now >= moment
