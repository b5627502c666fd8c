"""The standing of a coach's account: there, rejected, or gone."""

from __future__ import annotations

import stripe

from backend.services import objects
from backend.services.reads import get_or_none

_REJECTED = "rejected."


def account_or_none(client: stripe.StripeClient, account_id: str) -> stripe.Account | None:
    """The account; None when it was deleted or disconnected, which Stripe does not tell from never having been ours."""
    return get_or_none(lambda: objects.get(client, "accounts", account_id))


def is_rejected(account: stripe.Account) -> bool:
    """True if Stripe, or the platform, has rejected the account: nothing can be sent to it, whoever onboards it."""
    reason = getattr(account.requirements, "disabled_reason", None)
    return bool(reason and reason.startswith(_REJECTED))


def is_gone(account: stripe.Account | None) -> bool:
    """True if money that is frozen to the account could never be paid. One that is only not onboarded yet is not gone."""
    return account is None or is_rejected(account)
