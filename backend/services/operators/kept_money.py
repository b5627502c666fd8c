"""Shares that are kept until the work is done: how much it is, and whether the platform's balance will still have it then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import stripe

from backend.domain.metadata import SETTLEMENT
from backend.domain.money import format_money
from backend.domain.notes import Reason, read_note
from backend.services.kept_days import read_kept_days
from backend.services.operators.diagnosis import OK, PROBLEM, WARNING, Finding
from backend.services.reads import PAGE, metadata_of
from backend.stripe_client.platform import namespace_of

_ABOUT = "kept shares"
# Beyond that the sum is told as a least one.
_MOST_NOTES = 5_000
_REMEDY = (
    "Stripe Dashboard, Settings, Payouts: pay out by hand, or keep a minimum balance of at least that. What is paid out to "
    "your bank cannot be sent to coaches."
)


def kept_money(client: stripe.StripeClient, days_of_today: frozenset[int]) -> Iterator[Finding]:
    """Say how much is kept, and whether payouts leave it there. Nothing where no share was ever kept, nor will be.

    ``days_of_today``: for how many days today's catalogue keeps shares. One call, and four more where shares are kept.
    """
    try:
        if days_of_today or read_kept_days(client):
            yield _examined(client)
    except stripe.StripeError as error:
        yield Finding(WARNING, _ABOUT, f"cannot be told: Stripe answers {type(error).__name__}", "Try again later.")


def _examined(client: stripe.StripeClient) -> Finding:
    account: Any = client.v1.accounts.retrieve_current()
    interval = getattr(getattr(getattr(account.settings, "payouts", None), "schedule", None), "interval", "unknown")
    known = _tried(lambda: _sums(client))
    said = "how much cannot be told while Search does not answer" if known is None else _told(known)
    if interval == "manual":
        return Finding(OK, _ABOUT, f"{said}; the platform is paid out by hand")
    least = _tried(lambda: _minimum_balances(client)) or {}
    if known is not None and known and all(least.get(currency, 0) >= amount for currency, amount in known.items()):
        return Finding(OK, _ABOUT, f"{said}; the minimum balance covers it")
    return Finding(PROBLEM, _ABOUT, f"{said}, and the platform's balance is paid out: {interval}", _REMEDY)


def _told(sums: Mapping[str, int]) -> str:
    amounts = " and ".join(format_money(amount, currency) for currency, amount in sorted(sums.items()))
    return f"{amounts or 'nothing'} is kept for coaches"


def _tried(read: Callable[[], Mapping[str, int]]) -> Mapping[str, int] | None:
    try:
        return read()
    except stripe.StripeError:
        return None


def _sums(client: stripe.StripeClient) -> Mapping[str, int]:
    """The kept shares by currency, by their notes, in minor units."""
    query: Any = {"query": f'-metadata["{SETTLEMENT}"]:null', "limit": PAGE}
    sums: Counter[str] = Counter()
    for intent in islice(client.v1.payment_intents.search(query).auto_paging_iter(), _MOST_NOTES):
        metadata = metadata_of(intent)
        note = read_note(metadata.get(SETTLEMENT))
        if note is not None and note.reason == Reason.UNDELIVERED and namespace_of(client).is_ours(metadata):
            sums[intent.currency] += note.amount or 0
    return sums


def _minimum_balances(client: stripe.StripeClient) -> Mapping[str, int]:
    """The balances that payouts leave, by currency. https://docs.stripe.com/payouts/minimum-balances-for-automatic-payouts"""
    found: Any = client.v1.balance_settings.retrieve()
    minimum = getattr(found.payments.payouts, "minimum_balance_by_currency", None)
    return minimum.to_dict() if minimum is not None else {}
