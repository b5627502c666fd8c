"""Payments that wait for a coach, found when the coach may have become payable."""

from __future__ import annotations

import stripe

from backend.domain.metadata import COACH_KEY, SETTLEMENT, registry_id
from backend.services.reads import PAGE, every, metadata_of

_HOUR = 3_600


def payments_waiting_for(client: stripe.StripeClient, coach_id: str, now: int) -> list[str]:
    """The ids of a coach's payments that carry a note or were paid within the last hour, oldest first.

    Search finds notes of any age, but lags: a minute as a rule, an hour at worst. What it may not see yet is
    among the last hour's events. https://docs.stripe.com/search#data-freshness
    """
    coach_key = registry_id(coach_id)
    noted = client.v1.payment_intents.search(
        {"query": f'metadata["{COACH_KEY}"]:"{coach_key}" AND -metadata["{SETTLEMENT}"]:null', "limit": PAGE}
    )
    found = {intent.id: intent.created for intent in noted.auto_paging_iter()}
    recent = client.v1.events.list(
        {"type": "payment_intent.succeeded", "created": {"gte": now - _HOUR}, "limit": PAGE}
    )
    for event in every(recent):
        intent = event.data.object
        if metadata_of(intent).get(COACH_KEY) == coach_key:
            found[intent.id] = intent.created
    return sorted(found, key=lambda payment_id: found[payment_id])
