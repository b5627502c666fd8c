"""Payments that the Node backend made: when this backend may move their money, and that they are ours from then on."""

from __future__ import annotations

import stripe
import structlog

from backend.domain.metadata import ALSO_PAID_BY, COACH_ACCOUNT_ID, COACH_KEY, ids_that_fit
from backend.services.reads import PAGE, Payment, list_all, metadata_of
from backend.services.settlement.positions import View
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)


class Adoption:
    """Makes a payment of the Node backend ours."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def is_owed_to_us(self, payment: Payment) -> bool:
        """True if money was moved for the payment by this backend, and what the player paid has changed since.

        Earlier versions left no marker when they paid such a payment.
        """
        charge = payment.charge
        if charge is None or not (charge.amount_refunded or charge.disputed or charge.status == "failed"):
            return False
        namespace = namespace_of(self._client)
        group = list_all(self._client.v1.transfers.list({"transfer_group": payment.group, "limit": PAGE}))
        return any(namespace.is_ours(metadata_of(transfer)) for transfer in group)

    def mark(self, view: View) -> None:
        """Write the marker before the first of its money moves, with the payee and the transfers found so far.

        From then on refund, dispute and sweep treat it like any other. A payment of which nothing is left, and for
        which nothing was sent, stays the Node backend's.
        """
        position, payment = view.position, view.payment
        if not position.target and not position.transfers:
            return
        elsewhere = [one.id for one in view.transfers if one.transfer_group != payment.group]
        marks = {
            **namespace_of(self._client).mark,
            COACH_KEY: payment.purchase.coach_key,
            COACH_ACCOUNT_ID: view.destination or "",
            ALSO_PAID_BY: ids_that_fit(elsewhere),
        }
        given = {key: value for key, value in marks.items() if value}
        self._client.v1.payment_intents.update(payment.id, {"metadata": given})
        log.info("payment.adopted", payment=payment.id, coach=payment.purchase.coach_id)
