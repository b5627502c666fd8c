"""The paragraph for the coach: what a person outside this house understands, and no more."""

from __future__ import annotations

import stripe

from backend.domain.days import spell_day_of
from backend.domain.metadata import COACH_NAME, Purchase
from backend.domain.money import format_money
from backend.domain.reasons import BY_A_PERSON, WORDS, Words
from backend.domain.settlement import Reason
from backend.services.operators.why_words import bought, plain
from backend.services.reads import captured, metadata_of
from backend.services.settlement.positions import View

# What may be said of money that is to come back: other sentences speak of a share that is kept.
_COMES_BACK = (BY_A_PERSON, WORDS[Reason.CLAWBACK_PENDING])


def letter(view: View, words: Words) -> str:
    """The state of a paid payment. ``words``: those of the reason why something waits."""
    payment = view.payment
    intent, charge = payment.intent, payment.charge
    paid_at = charge.created if charge is not None else intent.created
    opening = (
        f"{_hello(payment.purchase.coach_name)} on {spell_day_of(paid_at)} a player paid "
        f"{format_money(intent.amount, intent.currency)} for {bought(payment.purchase)} with you."
    )
    return " ".join(text for text in (opening, _what_went_back(view), _share(view), _end(view, words)) if text)


def _what_went_back(view: View) -> str:
    position, payment = view.position, view.payment
    currency = payment.intent.currency
    if payment.charge is not None and not captured(payment.charge):
        return "The player's bank returned the payment later."
    parts = []
    if position.refunded:
        parts.append(f"{format_money(position.refunded, currency)} of it went back to the player.")
    if position.disputed:
        parts.append(f"The player's bank took {format_money(position.disputed, currency)} of it back.")
    return " ".join(parts)


def _share(view: View) -> str:
    position, currency = view.position, view.payment.intent.currency
    if not position.target:
        return "So there is no share to pay out to you."
    return f"Your share is {format_money(position.target, currency)}."


def _end(view: View, words: Words) -> str:
    position, currency = view.position, view.payment.intent.currency
    difference = position.target - position.held
    if difference < 0:
        amount = format_money(-difference, currency)
        return f"You were sent {amount} more than that, which is to come back. {what_to_know(words, difference)}"
    if difference > 0:
        sent = f"{format_money(position.held, currency)} of it was sent to you already. " if position.held else ""
        return f"{sent}{words.coach}"
    if not position.held:
        return "You need to do nothing."
    last = max(transfer.created for transfer in view.transfers)
    return f"It was sent to you on {spell_day_of(last)}; when it reaches your bank follows from your payout schedule."


def what_to_know(words: Words, waits: int) -> str:
    """The sentence for the coach about money that waits, or (``waits`` below zero) that is to come back."""
    return words.coach if waits >= 0 or words in _COMES_BACK else "You need to do nothing."


def in_person(purchase: Purchase, intent: stripe.PaymentIntent, words: Words) -> str:
    """For a payment of which it cannot be told what is owed."""
    return (
        f"{_hello(purchase.coach_name)} a player paid {format_money(intent.amount, intent.currency)} for "
        f"{bought(purchase)} with you. {words.coach}"
    )


def unpaid(purchase: Purchase, intent: stripe.PaymentIntent) -> str:
    """For a payment that has not come."""
    state = "was given up" if intent.status == "canceled" else "is not complete yet"
    return (
        f"{_hello(purchase.coach_name)} the payment of {format_money(intent.amount, intent.currency)} for "
        f"{bought(purchase)} with you {state}, so there is nothing to pay out to you."
    )


def damaged(intent: stripe.PaymentIntent, words: Words) -> str:
    """For a payment whose record cannot be read."""
    name = metadata_of(intent).get(COACH_NAME, "")
    return f"{_hello(name)} a player paid {format_money(intent.amount, intent.currency)}. {words.coach}"


def _hello(name: str) -> str:
    return f"Hello {plain(name)}," if name else "Hello,"
