"""The standing of a coach, for the screens that ask whether the coach can be paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import stripe

from backend.domain.access import Caller
from backend.domain.requirements import is_payable, reason_in_words, requirements_in_words
from backend.services.coach.accounts import account_or_none
from backend.services.coach.registry import Registry
from backend.services.errors import NoAccount


@dataclass(frozen=True)
class CoachStatus:
    """A coach's account as the screens show it. What is only for the coach is None for a stranger.

    ``created`` in unix seconds. ``requirements`` has ``currently_due`` and ``disabled_reason``, in words.
    """

    coach_id: str
    account_type: str
    country: str | None
    charges_enabled: bool
    payouts_enabled: bool
    details_submitted: bool
    created: int | None
    stripe_account_id: str | None = None
    email: str | None = None
    business_profile: dict[str, Any] | None = None
    requirements: dict[str, Any] | None = None

    @property
    def onboarding_completed(self) -> bool:
        """True once the coach has given Stripe everything that it asked for at first."""
        return self.details_submitted


class CoachStatuses:
    """Reads the standing of coaches: two calls each, and one for a coach who was seen within the minute."""

    def __init__(self, client: stripe.StripeClient, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    def read(self, coach_id: str, caller: Caller) -> CoachStatus:
        """The coach's status. Raises ``NoAccount`` for a coach without one, and for one who is not the caller.

        Who is not signed in learns whether the coach can be paid, and nothing of whose account it is.
        """
        own = caller.is_coach(coach_id)
        if not own and not caller.is_stranger:
            raise NoAccount
        entry = self._registry.lookup(coach_id)
        account = account_or_none(self._client, entry.account_id) if entry and entry.account_id else None
        if account is None:
            raise NoAccount
        return _status(coach_id, account, own)


def _status(coach_id: str, account: stripe.Account, own: bool) -> CoachStatus:
    return CoachStatus(
        coach_id=coach_id,
        account_type="express",
        country=account.country,
        charges_enabled=is_payable(account),
        payouts_enabled=bool(account.payouts_enabled),
        details_submitted=bool(account.details_submitted),
        created=account.created,
        **(_private(account) if own else {}),
    )


def _private(account: stripe.Account) -> dict[str, Any]:
    profile, asked = account.business_profile, account.requirements
    due = [*(getattr(asked, "past_due", None) or []), *(getattr(asked, "currently_due", None) or [])]
    return {
        "stripe_account_id": account.id,
        "email": account.email,
        "business_profile": profile.to_dict() if profile is not None else {},
        "requirements": {
            "currently_due": requirements_in_words(due),
            "disabled_reason": reason_in_words(getattr(asked, "disabled_reason", None)),
        },
    }
