"""Releasing a payment whose coach had no account when it was made: an operator says which account is the coach's."""

from __future__ import annotations

import stripe
import structlog

from backend.domain.metadata import COACH_ACCOUNT_ID
from backend.services.errors import Conflict, Forbidden
from backend.services.reads import sold_payment
from backend.services.registry import Registry

log = structlog.get_logger(__name__)


class Releases:
    """The use case of ``flask settle --release``."""

    def __init__(self, client: stripe.StripeClient, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    def release(self, payment_id: str, account_id: str) -> None:
        """Freeze the account in the payment, as if the coach had had it at purchase; settling it then pays it.

        The account is an assertion: it has to be the one that is registered for the coach. Raises ``NotFound``,
        ``Conflict`` and ``Forbidden``.
        """
        purchase = sold_payment(self._client, payment_id).purchase
        if purchase.coach_account_id is not None:
            raise Conflict(f"The coach had an account at purchase already: {purchase.coach_account_id}.")
        entry = self._registry.read(purchase.coach_id)
        if entry is None:
            raise Conflict("The coach has not registered yet, so there is no account to release to.")
        if entry.account_id != account_id:
            raise Forbidden(
                f"The coach is registered with {entry.account_id}. See in the Stripe Dashboard that it is "
                "the coach's own account, and name that one."
            )
        self._client.v1.payment_intents.update(payment_id, {"metadata": {COACH_ACCOUNT_ID: account_id}})
        log.info("payment.released", payment=payment_id, account=account_id, coach=purchase.coach_id)
