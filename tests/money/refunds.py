"""Refunds as a front end asks for them, and as Stripe has them."""

from __future__ import annotations

from typing import Any

from requests.structures import CaseInsensitiveDict
from werkzeug.test import TestResponse

from tests.builders import Marketplace, key_of
from tests.money.workers import ObservedStripe

MINUTES = 60
TEN_MINUTES = 10 * MINUTES
HOUR = 3_600
DAY = 24 * HOUR
LOST = ["close", "truncate", "empty_200", "garbage", "html_502"]


def refund(market: Marketplace, payment: str, key: str | None = None, **body: Any) -> TestResponse:
    """Ask for a refund; from any thread."""
    headers = {"Idempotency-Key": key_of(key)} if key else {}
    sent = {"paymentIntentId": payment, **body}
    answer: TestResponse = market.app.test_client().post("/api/payments/refund", json=sent, headers=headers)
    return answer


def made(market: Marketplace, payment: str) -> list[int]:
    """The amounts that a payment's player has back or will have, in the order in which they were refunded."""
    refunds = reversed(market.refunds(payment))
    return [one.amount for one in refunds if one.status not in ("failed", "canceled")]


def ends(market: Marketplace, refund_id: str, status: str, forgotten: bool = True) -> None:
    """A refund fails or is canceled at Stripe; ``forgotten``: the charge's own sum goes down again."""
    world = market.sandbox.world
    with world.lock:
        row = world.must(refund_id)
        row["status"] = status
        charge = world.must(row["charge"])
        if forgotten:
            charge["amount_refunded"] -= row["amount"]
            charge["refunded"] = False
        world.changed(row)
        world.changed(charge)


def with_date(headers: Any, date: str | None) -> Any:
    """The headers of an answer with another ``Date``; None takes it away."""
    others = {name: value for name, value in headers.items() if name != "Date"}
    return CaseInsensitiveDict(others if date is None else {**others, "Date": date})


class AnotherDate(ObservedStripe):
    """A line on which something between changes the ``Date`` of each answer, or takes it away."""

    def __init__(self, market: Marketplace, date: str | None) -> None:
        super().__init__(market.sandbox)
        self._date = date

    def request(self, *args: Any, **rest: Any) -> Any:
        """Change the ``Date`` of the answer to each call."""
        body, status, headers = super().request(*args, **rest)
        return body, status, with_date(headers, self._date)
