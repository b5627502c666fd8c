"""The release of one payment's share, as Stripe tells of it: see ``domain/release.py`` for the rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import stripe

from backend.domain.metadata import ACCEPTED_AT, DELIVERED_AT, PAID_AT
from backend.domain.release import ReleaseFacts, is_released, moment_of, released_at
from backend.domain.sessions import INSTANT_METHODS, MOST_SECONDS_UNDER_WAY
from backend.services.disputes import ENDED_DISPUTES
from backend.services.reads import Payment


def arrival_of(payment: Payment) -> int | None:
    """The unix second at which the money arrived: the charge's for a card, else the one that was written; None for neither.

    A bank debit's charge is made days before its money comes, and nothing on it says when that was.
    https://docs.stripe.com/payments/payment-methods#payment-notification
    """
    charge = payment.charge
    if charge is None:
        return None
    details = charge.payment_method_details
    if details is None or details.type in INSTANT_METHODS:
        created: int = charge.created
        return created
    return arrival_in(charge, payment.metadata)


def arrival_in(charge: stripe.Charge, metadata: Mapping[str, str]) -> int | None:
    """The moment that was written for money that takes days; None where there is none.

    Outside the time that money is under way it was not written here, and may be no moment that a calendar has.
    """
    written = moment_of(metadata.get(PAID_AT), charge.created)
    return written if written is not None and written - charge.created <= MOST_SECONDS_UNDER_WAY else None


def facts_of(payment: Payment) -> ReleaseFacts:
    """The moments that decide about the release of a paid payment."""
    not_before = payment.charge.created if payment.charge is not None else 0
    delivered, accepted = (moment_of(payment.metadata.get(key), not_before) for key in (DELIVERED_AT, ACCEPTED_AT))
    return ReleaseFacts(arrival_of(payment), delivered, accepted)


def release_of(payment: Payment) -> int | None:
    """The unix second from which the share may be sent, as far as it is known now; None where that cannot be told yet."""
    return released_at(payment.purchase.offer.release, facts_of(payment))


def is_due(payment: Payment, now: int | None) -> bool:
    """True if the share may be sent. ``now``: Stripe's time."""
    terms = payment.purchase.offer.release
    return not terms.keeps or is_released(terms, facts_of(payment), now)


def is_kept(payment: Payment, disputes: Iterable[stripe.Dispute]) -> bool:
    """True if nothing may be sent now: the share is not released, or a dispute or an inquiry of it is open."""
    if not payment.purchase.offer.release.keeps:
        return False
    return not is_due(payment, payment.at) or any(one.status not in ENDED_DISPUTES for one in disputes)
