"""The numbers of days for which shares are kept, in a Product of their own: where the sweep looks for what is due.

Search may be down when a share is due, and events may be lost. The sweep then walks the books of so many days ago, and has
to know how many: the catalogue of today may not sell it any more.
"""

from __future__ import annotations

from typing import Any

import stripe

from backend.domain.metadata import KEPT_DAYS, KEPT_DAYS_ID
from backend.services.reads import get_or_none, metadata_of
from backend.stripe_client.platform import namespace_of


class KeptDays:
    """Remembers the numbers before the first sale of each."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client
        self._known: frozenset[int] = frozenset()

    def remember(self, days: int) -> None:
        """See that the number is written, before anything is sold that is kept for so long. Raises what Stripe raises."""
        if days in self._known:
            return
        product_id = namespace_of(self._client).own(KEPT_DAYS_ID)
        product = get_or_none(lambda: self._client.v1.products.retrieve(product_id))
        if product is None:
            product = self._created(product_id, days)
        if days not in _days_in(product):
            # Each number has a key of its own: of two who write at once none loses what the other wrote.
            product = self._client.v1.products.update(product_id, {"metadata": _entry(days)})
        self._known = _days_in(product)

    def _created(self, product_id: str, days: int) -> stripe.Product:
        params: Any = {
            "id": product_id,
            "name": "How long shares are kept: do not delete",
            "active": False,
            "metadata": {**namespace_of(self._client).mark, **_entry(days)},
        }
        try:
            return self._client.v1.products.create(params)
        except stripe.InvalidRequestError:
            return self._client.v1.products.retrieve(product_id)  # another worker was quicker


def read_kept_days(client: stripe.StripeClient) -> frozenset[int]:
    """Every number of days that was ever sold, under this name of the deployment and its earlier ones."""
    days: frozenset[int] = frozenset()
    for product_id in namespace_of(client).owns(KEPT_DAYS_ID):
        product = get_or_none(lambda one=product_id: client.v1.products.retrieve(one))  # type: ignore[misc]
        days |= _days_in(product)
    return days


def _entry(days: int) -> dict[str, str]:
    return {f"{KEPT_DAYS}{days}": "true"}


def _days_in(product: stripe.Product | None) -> frozenset[int]:
    words = (key.removeprefix(KEPT_DAYS) for key in metadata_of(product) if key.startswith(KEPT_DAYS))
    return frozenset(int(word) for word in words if word.isascii() and word.isdecimal() and len(word) <= 2)
