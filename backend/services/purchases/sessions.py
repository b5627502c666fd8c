"""The session of a payment, with the moment from which it counts."""

from __future__ import annotations

from typing import cast

import stripe

from backend.domain import idempotency_keys
from backend.domain.metadata import PAID_AT, REFUND_SEEN
from backend.domain.sessions import INSTANT_METHODS, MOST_SECONDS_UNDER_WAY, Session, open_session, session_id
from backend.services.errors import Undecided
from backend.services.reads import Payment, captured, metadata_of, refunded_amount

# A stored failure is escaped twice; what fails more often is left to the next trigger.
_GENERATIONS = 3


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
    """The unix second at which the money arrived: the charge's for a card; else written once, by who sees it first.

    A bank debit's charge is made days before its money comes, and nothing on it says when that was.
    https://docs.stripe.com/payments/payment-methods#payment-notification
    """
    charge = cast(stripe.Charge, payment.charge)
    details = charge.payment_method_details
    if details is None or details.type in INSTANT_METHODS:
        return charge.created
    known = _known(payment.metadata.get(PAID_AT), charge)
    if known is not None:
        return known
    seen = happened_at or payment.at
    if seen is None:
        raise Undecided
    return _written_once(client, payment, min(max(seen, charge.created), charge.created + MOST_SECONDS_UNDER_WAY))


def _known(text: str | None, charge: stripe.Charge) -> int | None:
    if text is None or not (text.isascii() and text.isdecimal() and len(text) <= 12):
        return None
    # Outside the time that money is under way it was not written here, and may be no moment that a calendar has.
    return int(text) if 0 <= int(text) - charge.created <= MOST_SECONDS_UNDER_WAY else None


def _written_once(client: stripe.StripeClient, payment: Payment, moment: int) -> int:
    """Write the moment, unless somebody has; answers with the one that stands."""
    charge = cast(stripe.Charge, payment.charge)
    for generation in range(_GENERATIONS):
        key = idempotency_keys.paid_at(payment.id, generation)
        try:
            client.v1.payment_intents.update(payment.id, {"metadata": {PAID_AT: str(moment)}}, {"idempotency_key": key})
        except stripe.IdempotencyError:
            pass  # another worker wrote another moment
        except stripe.APIError as error:
            if isinstance(error, stripe.APIConnectionError) or (error.http_status or 0) < 500:
                raise
        now = metadata_of(client.v1.payment_intents.retrieve(payment.id)).get(PAID_AT)
        known = _known(now, charge)
        if known is not None:
            return known
    raise Undecided
