"""The standing of a coach's account: there, rejected, or gone."""

from __future__ import annotations

from collections.abc import Mapping

import stripe

from backend.services import objects
from backend.services.reads import get_or_none, metadata_of
from backend.stripe_client.platform import may_have_v2

_REJECTED = "rejected."


def account_or_none(client: stripe.StripeClient, account_id: str) -> stripe.Account | None:
    """The account; None when it was deleted or disconnected, which Stripe does not tell from never having been ours.

    An account of either make is read in v1's shape. Where that shows no metadata of a v2 account, v2 is asked too.
    """
    account: stripe.Account | None = get_or_none(lambda: objects.get(client, "accounts", account_id))
    if account is None or not is_v2(account) or metadata_of(account) or not may_have_v2(client):
        return account
    whole: stripe.Account = objects.changed(account, metadata=dict(_v2_metadata(client, account_id)))
    return whole


def is_v2(account: stripe.Account) -> bool:
    """True for an account that was made by Stripe's v2 API: it has no type in v1's sense."""
    return getattr(account, "type", None) == "none"


def _v2_metadata(client: stripe.StripeClient, account_id: str) -> Mapping[str, str]:
    try:
        made = get_or_none(lambda: client.v2.core.accounts.retrieve(account_id))
    except (stripe.InvalidRequestError, stripe.PermissionError):
        return {}  # this platform has no v2
    return metadata_of(made)


def is_rejected(account: stripe.Account) -> bool:
    """True if Stripe, or the platform, has rejected the account: nothing can be sent to it, whoever onboards it."""
    reason = getattr(account.requirements, "disabled_reason", None)
    return bool(reason and reason.startswith(_REJECTED))


def is_gone(account: stripe.Account | None) -> bool:
    """True if money that is frozen to the account could never be paid. One that is only not onboarded yet is not gone."""
    return account is None or is_rejected(account)
