"""Lists of accounts of both makes. Stripe does not say whether the v1 list has accounts that were made by v2."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

import stripe

from backend.domain.instants import unix_second
from backend.services.coach.accounts import is_v2
from backend.services.objects import LazyObject
from backend.services.reads import PAGE, metadata_of
from backend.stripe_client.platform import may_have_v2

# Where somebody waits for the look: a thousand accounts, in ten calls.
MAX_PAGES = 10


def v2_accounts(client: stripe.StripeClient, since: int = 0) -> Iterator[stripe.Account]:
    """Yield the accounts of the v2 list in v1's shape, as far as it shows them: nothing of capabilities.

    One call for each hundred, and no filter shortens the list: it ends at the first account that was made before ``since``,
    a unix second, if the first of the list was made after that one: then Stripe lists the newest first, as its other lists do.
    None where the platform has no v2, or where the operator said that it makes v1 accounts only.
    """
    if not may_have_v2(client):
        return
    try:
        page = client.v2.core.accounts.list({"limit": PAGE})
    except (stripe.InvalidRequestError, stripe.PermissionError):
        return
    end: int | None = None
    for account in map(_in_v1_shape, page.auto_paging_iter()):
        created = account.created or 0
        end = min(since, created) if end is None else end
        if created < end:
            return
        yield account


def _in_v1_shape(made: stripe.v2.core.Account) -> stripe.Account:
    values: dict[str, Any] = {
        "id": made.id,
        "capabilities": {},
        "controller": {"stripe_dashboard": {"type": made.dashboard}},
        "created": unix_second(made.created),
        "email": made.contact_email,
        "metadata": dict(metadata_of(made)),
        "type": "none",
    }
    return cast("stripe.Account", LazyObject(values))


def made_by_v2(client: stripe.StripeClient, listed: stripe.ListObject[stripe.Account]) -> list[stripe.Account]:
    """Return the accounts of the v2 list that v2 made, as far as the newest ones of both lists tell.

    The v2 list may have v1 accounts too, and does not say which they are.
    """
    shown = {account.id: account for account in listed.data}
    return [
        one
        for one in islice(v2_accounts(client), MAX_PAGES * PAGE)
        if (is_v2(shown[one.id]) if one.id in shown else not listed.has_more)
    ]
