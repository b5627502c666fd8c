"""The session of a payment, with the moment from which it counts."""

from __future__ import annotations

from functools import partial
from typing import cast

import stripe

from backend.domain import idempotency_keys
from backend.domain.metadata import PAID_AT, REFUND_SEEN
from backend.domain.sessions import MOST_SECONDS_UNDER_WAY, Session, open_session, session_id
from backend.services.errors import Undecided
from backend.services.moments import write_once
from backend.services.reads import Payment, captured, refunded_amount
from backend.services.release import arrival_in, arrival_of


def is_open(client: stripe.StripeClient, payment: Payment) -> bool:
    """True if the payment was paid and the player does not have all of it back. Costs a call where the charge says so."""
    charge = payment.charge
    if charge is None or charge.status != "succeeded":
        return False
    surely = charge.amount_refunded < charge.amount_captured and REFUND_SEEN not in payment.metadata
    return surely or refunded_amount(client, payment) < captured(charge)


def session_of(client: stripe.StripeClient, payment: Payment, happened_at: int | None = None) -> Session:
    """The session that a paid payment opened. ``happened_at``: when Stripe says that it succeeded, if known."""
    intent = payment.intent
    paid_at = _paid_at(client, payment, happened_at)
    return open_session(payment.id, payment.purchase, intent.amount, intent.currency, paid_at)


def session_id_of(payment: Payment) -> str:
    """The id of the session, without asking from when it counts."""
    return session_id(payment.id)


def _paid_at(client: stripe.StripeClient, payment: Payment, happened_at: int | None) -> int:
    """The unix second at which the money arrived: the charge's for a card; else written once, by who sees it first."""
    known = arrival_of(payment)
    if known is not None:
        return known
    charge = cast(stripe.Charge, payment.charge)
    seen = happened_at or payment.at
    if seen is None:
        raise Undecided
    moment = min(max(seen, charge.created), charge.created + MOST_SECONDS_UNDER_WAY)
    known_in = partial(arrival_in, charge)
    return write_once(client, payment.id, {PAID_AT: str(moment)}, idempotency_keys.paid_at, known_in)
