"""The payments to settle when a coach becomes ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import stripe
import structlog

from backend.domain.metadata import COACH_KEY, RELEASE, SETTLEMENT
from backend.domain.settlement import Reason, read_note
from backend.domain.states import MoneyState
from backend.services.reads import PAGE, metadata_of
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

_HOUR = 3_600
# Three pages: what Search cannot see yet is younger than that on all but the busiest platforms.
_MOST_EVENTS = 300


@dataclass(frozen=True)
class Waiting:
    """A coach's waiting payments, as far as they could be found. ``failure``: what Search raised, if it did."""

    payment_ids: list[str]
    failure: stripe.StripeError | None = None


def waiting_for(client: stripe.StripeClient, coach_id: str, now: int) -> Waiting:
    """A coach's payments that carry a note, oldest first, and then those that were paid within the last hour.

    Search lags, a minute as a rule and an hour at worst; what it may not see yet is among the newest events, of which
    a bounded number is read: the sweep finds the rest. With Search down, the events are looked at all the same.
    Shares that are kept until the work is done are left out.
    https://docs.stripe.com/search#data-freshness
    """
    coach_keys = namespace_of(client).registry_ids(coach_id)
    found: dict[str, int] = {}
    failure: stripe.StripeError | None = None
    try:
        for coach_key in coach_keys:
            found |= _noted(client, coach_key)
    except stripe.StripeError as error:
        log.warning("search.failed", kind=type(error).__name__)
        failure = error
    noted = sorted(found, key=lambda payment_id: found[payment_id])
    recent: Any = {"type": "payment_intent.succeeded", "created": {"gte": now - _HOUR}, "limit": PAGE}
    newest = islice(client.v1.events.list(recent).auto_paging_iter(), _MOST_EVENTS)
    fresh = [
        event.data.object
        for event in newest
        if metadata_of(event.data.object).get(COACH_KEY) in coach_keys
        and event.data.object.id not in found
        and RELEASE not in metadata_of(event.data.object)
    ]
    return Waiting(noted + [intent.id for intent in reversed(fresh)], failure)


def _noted(client: stripe.StripeClient, coach_key: str) -> dict[str, int]:
    """The coach's payments with a note that waits, of any age, with the second of their creation."""
    query = f'metadata["{COACH_KEY}"]:"{coach_key}" AND -metadata["{SETTLEMENT}"]:null'
    results = client.v1.payment_intents.search({"query": query, "limit": PAGE})
    return {
        intent.id: intent.created for intent in results.auto_paging_iter() if _waits_for_the_coach(metadata_of(intent))
    }


def _waits_for_the_coach(metadata: Mapping[str, str]) -> bool:
    """False for a payment that a person settles, and for a share that is not released: an account ends neither."""
    text = metadata.get(SETTLEMENT)
    note = read_note(text)
    return text != MoneyState.MANUAL and (note is None or note.reason != Reason.UNDELIVERED)
