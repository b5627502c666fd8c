"""The note on a payment, and a stored failure."""

from __future__ import annotations

import re
from typing import Any

from tests.builders import Marketplace
from tests.money.workers import ObservedStripe

HOUR = 3_600


STORED: Any = {"status": 500, "cache": True}


def written(market: Marketplace, payment: str) -> int:
    """The number of writes on the payment itself since ``forget_calls``."""
    return market.calls().count(f"POST /v1/payment_intents/{payment}")


class UnseenDisputes(ObservedStripe):
    """A line on which no charge says that it is disputed."""

    def request(self, *args: Any, **rest: Any) -> Any:
        """Take ``disputed`` out of the answer to each call."""
        body, status, headers = super().request(*args, **rest)
        return re.sub(rb'"disputed":\s*true', b'"disputed":false', body), status, headers
