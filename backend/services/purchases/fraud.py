"""The answer to an early fraud warning: nothing but to tell of it, or a refund before there is a dispute."""

from __future__ import annotations

from typing import Literal

import structlog

from backend.domain.requests import RefundRequest
from backend.services.errors import Conflict
from backend.services.purchases.refunds import Refunds
from backend.services.reads import Payment

log = structlog.get_logger(__name__)

FraudWarnings = Literal["tell", "refund"]


class FraudPolicy:
    """The operator's choice. A refund costs the sale; a dispute costs the sale and a fee, and counts against the platform."""

    def __init__(self, refunds: Refunds, policy: FraudWarnings) -> None:
        self._refunds = refunds
        self._policy = policy

    def answer(self, warning_id: str, payment: Payment) -> None:
        """Refund all that is left of a payment of ours, where that is the policy. Done again, it is the same refund.

        A payment that a person settles is left to the person. What cannot be refunded any more (it was, or it is disputed)
        is no failure. Raises what a refund raises otherwise.
        """
        if self._policy != "refund" or payment.is_manual or not payment.purchase.ours:
            return
        try:
            refund = self._refunds.refund(RefundRequest(payment.id, "fraudulent"), f"fraud-warning:{warning_id}")
        except Conflict as conflict:
            log.info("fraud.not_refunded", payment=payment.id, warning=warning_id, why=conflict.message)
        else:
            log.warning("fraud.refunded", payment=payment.id, warning=warning_id, refund=refund.id)
