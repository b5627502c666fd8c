"""The events that Stripe could not deliver, for ``flask doctor``: what a wrong signing secret looks like from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import stripe

from backend.services.operators.diagnosis import OK, PROBLEM, WARNING, Finding
from backend.services.reads import PAGE
from backend.services.write_outcome import answered_at, error_code

ABOUT = "undelivered events"
# What is younger may still be on its way: a server that restarts, a first retry.
_ON_ITS_WAY_SECONDS = 600
_DAY = 86_400
_BLIND = "Those of coaches' accounts (STRIPE_CONNECT_WEBHOOK_SECRET) cannot be seen from here."


def undelivered(client: stripe.StripeClient, types: frozenset[str], app_url: str) -> Iterator[Finding]:
    """The newest events of these types that an endpoint has not taken. One call.

    Stripe lists an event as undelivered that is still tried, or that was given up after three days; it lists events of thirty
    days, and of the platform's own account only.
    https://docs.stripe.com/webhooks/process-undelivered-events
    """
    try:
        page = client.v1.events.list({"delivery_success": False, "limit": PAGE})
    except stripe.StripeError as error:
        said = error_code(error) or type(error).__name__
        yield Finding(WARNING, ABOUT, f"cannot be seen: Stripe refuses ({said})", "Let the key read events.")
        return
    now = answered_at(page) or 0
    late = [one for one in page.data if one.type in types and now - one.created > _ON_ITS_WAY_SECONDS]
    if not late:
        yield Finding(OK, ABOUT, f"none of the last thirty days. {_BLIND}")
        return
    fresh = any(now - one.created <= _DAY for one in late)
    yield Finding(PROBLEM if fresh else WARNING, ABOUT, _counted(late, page.has_more, now), _remedy(fresh, app_url))


def _counted(late: list[Any], has_more: bool, now: int) -> str:
    kinds = Counter(one.type for one in late)
    told = ", ".join(f"{many} {kind}" for kind, many in kinds.most_common(3))
    many = f"{len(late)}{' or more' if has_more else ''}"
    hours = (now - max(one.created for one in late)) // 3_600
    since = f"{hours} hours ago" if hours else "within the hour"
    return f"{many}, the newest {since}: {told}"


def _remedy(fresh: bool, app_url: str) -> str:
    if not fresh:
        return "They are older than a day. flask reconcile makes up for what they would have told."
    return (
        f"Likely STRIPE_WEBHOOK_SECRET is not this endpoint's (the log then has webhook.refused), or Stripe does not reach "
        f"{app_url}. flask webhooks sync {app_url} makes both agree; flask reconcile makes up for what was missed. {_BLIND}"
    )
