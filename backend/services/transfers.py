"""The transfers of one payment: all of them, and nobody else's; and the two writes that move money."""

from __future__ import annotations

from typing import Any

import stripe
import structlog

from backend.domain.metadata import APP, APP_VALUE, COACH_ID, PAYMENT
from backend.domain.settlement import Pay, TakeBack, TransferRecord
from backend.services.reads import PAGE, Payment, every, id_of, metadata_of

log = structlog.get_logger(__name__)


class UnclearTransfers(Exception):
    """The coach was sent money since the payment that names no payment: perhaps this one was paid by hand."""


def transfers_of(client: stripe.StripeClient, payment: Payment, destination: str | None) -> list[stripe.Transfer]:
    """Every transfer that belongs to the payment, oldest first.

    They are found by the charge's ``transfer_group``. A transfer of the group that names neither this
    charge nor this payment is reported and otherwise left alone: it is neither counted nor reversed.
    For a payment of the Node backend all that its coach was sent since is looked at, and what names no
    payment at all raises ``UnclearTransfers``.
    """
    charge = _charge(payment)
    if payment.purchase.ours:
        # An empty filter would list the whole platform's transfers.
        assert charge.transfer_group, "a payment of ours has a transfer_group from its first moment"
        listed = _list(client, {"transfer_group": charge.transfer_group})
        return _mine(listed, payment)
    if destination is None:
        return []
    listed = _list(client, {"destination": destination, "created": {"gte": charge.created}})
    if any(not t.source_transaction and PAYMENT not in metadata_of(t) for t in listed):
        raise UnclearTransfers
    return _mine(listed, payment)


def record_of(client: stripe.StripeClient, transfer: stripe.Transfer) -> TransferRecord:
    """What settlement needs to know of a transfer."""
    return TransferRecord(
        id=transfer.id,
        amount=transfer.amount,
        amount_reversed=transfer.amount_reversed,
        reversal_count=_reversal_count(client, transfer),
    )


def create_transfer(
    client: stripe.StripeClient, payment: Payment, step: Pay, destination: str, key: str
) -> stripe.Transfer:
    """Send the coach money. Everything in the request is derived, so equal views send equal bytes."""
    charge = _charge(payment)
    params: stripe.params.TransferCreateParams = {
        "amount": step.amount,
        "currency": payment.intent.currency,
        "destination": destination,
        "metadata": {
            APP: APP_VALUE,
            PAYMENT: payment.intent.id,
            COACH_ID: payment.purchase.coach_id,
        },
    }
    if step.from_charge:
        # The charge, never the PaymentIntent: Stripe then sends even money that is still pending. The
        # group is the charge's by itself. The answer brings the charge as it is at that moment.
        params["source_transaction"] = charge.id
        params["expand"] = ["source_transaction"]
    elif charge.transfer_group:
        params["transfer_group"] = charge.transfer_group
    return client.v1.transfers.create(params, {"idempotency_key": key})


def create_reversal(client: stripe.StripeClient, payment: Payment, step: TakeBack, key: str) -> stripe.TransferReversal:
    """Take money back from the coach. A refund never does this by itself."""
    return client.v1.transfers.reversals.create(
        step.transfer_id,
        {"amount": step.amount, "metadata": {APP: APP_VALUE, PAYMENT: payment.intent.id}},
        {"idempotency_key": key},
    )


def _list(client: stripe.StripeClient, filters: dict[str, Any]) -> list[stripe.Transfer]:
    params: Any = {**filters, "limit": PAGE}
    return every(client.v1.transfers.list(params))


def _mine(listed: list[stripe.Transfer], payment: Payment) -> list[stripe.Transfer]:
    """The payment's own, oldest first; Stripe lists the newest first."""
    mine = []
    for transfer in reversed(listed):
        if _belongs(transfer, payment):
            mine.append(transfer)
        elif payment.purchase.ours:
            log.warning("transfer.stranger", payment=payment.intent.id, transfer=transfer.id)
    return mine


def _belongs(transfer: stripe.Transfer, payment: Payment) -> bool:
    return (
        id_of(transfer.source_transaction) == _charge(payment).id
        or metadata_of(transfer).get(PAYMENT) == payment.intent.id
    )


def _reversal_count(client: stripe.StripeClient, transfer: stripe.Transfer) -> int:
    if transfer.amount_reversed == 0:
        return 0
    return len(every(client.v1.transfers.reversals.list(transfer.id, {"limit": PAGE})))


def _charge(payment: Payment) -> stripe.Charge:
    assert payment.charge is not None, "only a paid payment has money to settle"
    return payment.charge
