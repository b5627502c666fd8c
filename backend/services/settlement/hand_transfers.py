"""Transfers that a person, or another program, made for a payment: kept on the payment, so that later looks find them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe
import structlog

from backend.domain.metadata import ALSO_PAID_BY, MOST_CHARACTERS, ids_that_fit
from backend.domain.namespace import is_marked
from backend.domain.settlement import FRESH_PAYMENT
from backend.services.errors import UnreadablePayment
from backend.services.reads import Payment, metadata_of, read_payment
from backend.services.settlement.positions import View

log = structlog.get_logger(__name__)


def remember(client: stripe.StripeClient, transfer: Mapping[str, Any], payment_id: str) -> None:
    """Write a hand-made transfer's id onto the payment that it names, unless the payment's group leads to it.

    ``transfer``: an event's copy. A payment that is not ours is left alone.
    """
    if not _is_by_hand(transfer):
        return
    try:
        payment = read_payment(client, payment_id)
    except UnreadablePayment:
        return  # it is held by name; a person mends it first
    if payment is not None:
        remember_on(client, transfer, payment)


def remember_on(client: stripe.StripeClient, transfer: Mapping[str, Any], payment: Payment) -> bool:
    """The same for a payment that was just read. True if it was written."""
    if not _is_by_hand(transfer) or not payment.purchase.ours or transfer.get("transfer_group") == payment.group:
        return False
    known = payment.also_paid_by
    text = ",".join([*known, transfer["id"]])
    if transfer["id"] in known or len(text) > MOST_CHARACTERS:
        return False
    client.v1.payment_intents.update(payment.id, {"metadata": {ALSO_PAID_BY: text}})
    log.info("transfer.remembered", payment=payment.id, transfer=transfer["id"])
    return True


def remember_found(client: stripe.StripeClient, view: View) -> None:
    """Write the hand-made transfers of a young payment onto it before the rest is sent.

    They fill the first slots, so the rest goes out under another key than that of the fast path, which takes the
    transfers of a young payment to be none: both would be carried out. It looks at this first.
    """
    payment, position = view.payment, view.position
    by_hand = [transfer.id for transfer in view.transfers if not is_marked(metadata_of(transfer))]
    charge = payment.charge
    young = charge is not None and (payment.at is None or payment.at - charge.created < FRESH_PAYMENT)
    if not (by_hand and young and position.target > position.held) or payment.also_paid_by:
        return
    client.v1.payment_intents.update(payment.id, {"metadata": {ALSO_PAID_BY: ids_that_fit(by_hand)}})


def _is_by_hand(transfer: Mapping[str, Any]) -> bool:
    return not is_marked(transfer.get("metadata") or {}) and not transfer.get("source_transaction")
