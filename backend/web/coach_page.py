"""The content of a coach's own page: the state of onboarding, sales, what waits and why, what is owed back, and payouts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

from backend.domain.days import spell_day_of
from backend.domain.onboarding_words import (
    GONE,
    NOT_REGISTERED,
    AccountFacts,
    OnboardingState,
    OnboardingWords,
    onboarding_in_words,
)
from backend.domain.requirements import is_payable
from backend.domain.settlement import Reason
from backend.services import Services
from backend.services.coach.accounts import account_or_none
from backend.services.operators.standings import Row, Standing, Standings
from backend.services.reads import get_or_none

_PAYOUTS = 20
# Whoever reads it is the coach.
STANDINGS = {
    Standing.UNCLEAR: ("being looked into", "wait"),
    Standing.OWED_BACK: ("to come back", "bad"),
    Standing.HELD: ("kept for you", "wait"),
    Standing.BY_HAND: ("being looked into", "wait"),
    Standing.NOT_ADOPTED: ("being looked into", "wait"),
    Standing.UNDER_WAY: ("the player's bank is paying", "wait"),
    Standing.DISPUTED: ("taken by the player's bank", "bad"),
    Standing.REFUNDED: ("refunded", "plain"),
    Standing.SETTLED: ("sent to you", "good"),
}
_WAITS = (Standing.HELD, Standing.BY_HAND, Standing.UNCLEAR, Standing.NOT_ADOPTED)
_STATUSES = {
    "paid": "arrived",
    "pending": "being prepared",
    "in_transit": "on its way",
    "canceled": "called back",
    "failed": "your bank sent it back",
}


@dataclass(frozen=True)
class PayoutRow:
    """One payout to the coach's bank: the day it arrives in words, its amount in minor units, and its state."""

    arrives: str
    at: datetime
    amount: int
    currency: str
    status: str
    failed: bool
    why: str


@dataclass(frozen=True)
class CoachPage:
    """Everything on it. ``account_id``: empty without an account. Balances: minor units by currency."""

    onboarding: OnboardingWords
    account_id: str
    sales: list[Row]
    available: list[tuple[int, str]]
    pending: list[tuple[int, str]]
    payouts: list[PayoutRow]

    @property
    def waiting(self) -> list[Row]:
        """The sales whose share waits."""
        return [row for row in self.sales if row.standing in _WAITS]

    def reason_of(self, row: Row) -> str:
        """The reason why a share waits, for the coach: never something to do where Stripe has been told everything."""
        waits_for_stripe = row.explanation.reason == Reason.COACH_NOT_READY
        if waits_for_stripe and self.onboarding.state == OnboardingState.CHECKING:
            return "Your share is kept for you, and is sent as soon as Stripe has checked your details."
        return row.explanation.for_coach

    @property
    def owed_back(self) -> list[Row]:
        """The sales of which the coach holds more than the share."""
        return [row for row in self.sales if row.standing == Standing.OWED_BACK]


def read_coach_page(services: Services, coach_id: str) -> CoachPage:
    """The page of one coach, read now: nothing of it is remembered from earlier looks."""
    entry = services.registry.read(coach_id)
    account_id = entry.account_id if entry is not None else ""
    account = account_or_none(services.client, account_id) if account_id else None
    rows = Standings(services.client, services.registry).found_of_coach(coach_id)
    sales = [row for row in rows if row.standing != Standing.CART]
    if account is None:
        return CoachPage(GONE if account_id else NOT_REGISTERED, account_id, sales, [], [], [])
    options: Any = {"stripe_account": account_id}
    balance = get_or_none(lambda: services.client.v1.balance.retrieve({}, options))
    payouts = get_or_none(lambda: services.client.v1.payouts.list({"limit": _PAYOUTS}, options))
    return CoachPage(
        onboarding_in_words(_facts(account)),
        account_id,
        sales,
        [(one.amount, one.currency) for one in (balance.available if balance is not None else [])],
        [(one.amount, one.currency) for one in (balance.pending if balance is not None else [])],
        [_payout(one) for one in (payouts.data if payouts is not None else [])],
    )


def _facts(account: stripe.Account) -> AccountFacts:
    asked: Any = account.requirements
    due = [*(getattr(asked, "past_due", None) or []), *(getattr(asked, "currently_due", None) or [])]
    deadline = getattr(asked, "current_deadline", None)
    return AccountFacts(
        details_submitted=bool(account.details_submitted),
        transfers_active=is_payable(account),
        payouts_enabled=bool(account.payouts_enabled),
        due=due,
        disabled_reason=getattr(asked, "disabled_reason", None),
        deadline=spell_day_of(deadline) if deadline else "",
    )


def _payout(payout: stripe.Payout) -> PayoutRow:
    return PayoutRow(
        spell_day_of(payout.arrival_date),
        datetime.fromtimestamp(payout.arrival_date, UTC),
        payout.amount,
        payout.currency,
        _STATUSES.get(payout.status, payout.status),
        payout.status in ("failed", "canceled"),
        payout.failure_message or "",
    )
