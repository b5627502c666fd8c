"""The facts of a payment that its return page shows, each in words for the player."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import stripe

from backend.domain.days import spell_days, spell_moment
from backend.domain.decline_advice import advice_for
from backend.domain.money import format_money
from backend.domain.refund_arrival import FEWEST_BUSINESS_DAYS, MOST_BUSINESS_DAYS, arrival_of
from backend.services.purchases.receipts import Receipt
from backend.services.reads import NOT_REFUNDED

_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


def receipt_facts(receipt: Receipt) -> dict[str, Any]:
    """Return the texts that the template names; each is empty where there is nothing to say."""
    charge, offer = receipt.payment.charge, receipt.payment.purchase.offer
    return {
        "bought": f"{offer.clips} clips, {offer.sport}",
        "card": card_of(charge),
        "statement": (charge.calculated_statement_descriptor or "") if charge else "",
        "expires": _expiry(receipt),
        "refund_words": _refund_words(receipt),
        "returned_words": _returned_words(receipt),
        "advice": _advice(receipt.payment.intent.last_payment_error),
    }


def card_of(charge: stripe.Charge | None) -> str:
    """Return the card that paid, as its owner knows it: ``Visa •••• 4242``, never broken over two lines.

    Empty for another way of paying.
    """
    details: Any = charge.payment_method_details if charge is not None else None
    if details is None or details.type != "card":
        return ""
    brand = details.card.brand or ""
    return f"{_BRANDS.get(brand, 'Card')} •••• {details.card.last4}".replace(" ", "\u00a0")


def _expiry(receipt: Receipt) -> str:
    """The moment at which the session ends, in UTC: a server does not know the reader's clock."""
    if receipt.session is None:
        return ""
    end = datetime.fromisoformat(receipt.session.session_expiry)
    return spell_moment(int(end.timestamp()))


def _under_way(receipt: Receipt) -> list[stripe.Refund]:
    """The refunds that the player has, or will have."""
    return [refund for refund in receipt.refunds if refund.status not in NOT_REFUNDED]


def _refund_words(receipt: Receipt) -> str:
    """The money on its way back: where it goes, and when it is there."""
    under_way = _under_way(receipt)
    if not under_way:
        return ""
    amount = format_money(receipt.refunded, receipt.payment.intent.currency)
    goes = f"{amount} goes back to {card_of(receipt.payment.charge) or 'where it was paid from'}."
    wait = f"{FEWEST_BUSINESS_DAYS} to {MOST_BUSINESS_DAYS} business days"
    if any(refund.status != "succeeded" for refund in under_way):
        return f"{goes} It has not left yet; banks show it {wait} after it has."
    days = spell_days(*arrival_of(max(refund.created for refund in under_way)))
    return f"{goes} Banks take {wait}: expect it between {days}."


def _returned_words(receipt: Receipt) -> str:
    """A refund that did not reach the player, unless another was made since."""
    since = max((refund.created for refund in _under_way(receipt)), default=0)
    failed = sum(one.amount for one in receipt.refunds if one.status == "failed" and one.created > since)
    if not failed:
        return ""
    amount = format_money(failed, receipt.payment.intent.currency)
    return f"A refund of {amount} did not arrive: your bank sent it back. Please ask us for another way."


def _advice(error: Any) -> str:
    if error is None:
        return ""
    return advice_for(getattr(error, "code", None), getattr(error, "decline_code", None)) or ""
