"""What ``flask doctor`` asks Stripe: three reads, and a finding for each thing that can be wrong. It writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import stripe

from backend.services.answers import error_code
from backend.services.endpoints import BY_HAND, CREATE, KEEP, Wanted, endpoints_of, plan

OK, WARNING, PROBLEM = "ok", "warning", "problem"
# Stripe refuses nothing for our clock, but we refuse its webhooks at five minutes.
_SKEW_WARNING, _SKEW_PROBLEM = 30, 240


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, how it is, and what to do about it."""

    level: str
    about: str
    text: str
    remedy: str = ""


def examine(
    client: stripe.StripeClient, wanted: Iterable[Wanted], live: bool, now: Callable[[], int]
) -> Iterator[Finding]:
    """Everything that only Stripe knows: the key, the clock, Connect, payouts and both endpoints."""
    account, refused = _asked(client.v1.accounts.retrieve_current)
    if refused is not None:
        yield _refusal("secret key", refused)
        if not isinstance(refused, stripe.PermissionError):
            return
    else:
        yield Finding(OK, "secret key", f"Stripe takes it: {account.id}, {'live' if live else 'test'} mode")
        yield _clock(account, now())
        yield _payouts(account)
    _, refused = _asked(lambda: client.v1.accounts.list({"limit": 1}))
    yield _refusal("connect", refused) if refused else Finding(OK, "connect", "accounts can be listed")
    existing, refused = _asked(lambda: endpoints_of(client))
    if refused is not None:
        yield _refusal("webhooks", refused)
        return
    for one in wanted:
        yield _endpoint(existing, one, live)


def _asked(read: Callable[[], Any]) -> tuple[Any, stripe.StripeError | None]:
    try:
        return read(), None
    except stripe.StripeError as error:
        return None, error


_REMEDIES: dict[str, str] = {
    "secret key": "Copy STRIPE_SECRET_KEY from the Stripe Dashboard: Developers, API keys.",
    "connect": "Stripe Dashboard: Connect, and complete the platform profile.",
    "webhooks": "Let the key read and write webhook endpoints, or look in the Dashboard: Developers, Webhooks.",
}


def _refusal(about: str, error: stripe.StripeError) -> Finding:
    if isinstance(error, stripe.APIConnectionError):
        return Finding(
            PROBLEM, about, "Stripe cannot be reached", "Check the way out to api.stripe.com, and try again."
        )
    said = error_code(error) or type(error).__name__
    if isinstance(error, stripe.PermissionError):
        return Finding(WARNING, about, f"the restricted key may not look ({said})", _REMEDIES[about])
    return Finding(PROBLEM, about, f"Stripe refuses: {error.http_status} {said}", _REMEDIES[about])


def _clock(account: Any, now: int) -> Finding:
    date = (getattr(account.last_response, "headers", None) or {}).get("Date")
    if date is None:
        return Finding(WARNING, "clock", "Stripe's answer has no date", "Compare this machine's clock by hand.")
    skew = now - round(parsedate_to_datetime(date).timestamp())
    level = PROBLEM if abs(skew) > _SKEW_PROBLEM else WARNING if abs(skew) > _SKEW_WARNING else OK
    remedy = "" if level == OK else "Set the clock by NTP: at five minutes every webhook is refused."
    return Finding(level, "clock", f"{abs(skew)} seconds {'ahead of' if skew > 0 else 'behind'} Stripe's", remedy)


def _payouts(account: Any) -> Finding:
    schedule = getattr(getattr(account.settings, "payouts", None), "schedule", None)
    interval = getattr(schedule, "interval", "unknown")
    if interval == "daily":
        return Finding(
            WARNING,
            "payouts",
            "the platform's own balance is paid out daily",
            "Weekly or by hand is safer: a won dispute is paid to the coach from that balance.",
        )
    return Finding(OK, "payouts", f"the platform's own balance is paid out: {interval}")


def _endpoint(existing: list[stripe.WebhookEndpoint], wanted: Wanted, live: bool) -> Finding:
    about = f"webhooks ({wanted.kind})"
    step = plan(existing, wanted)
    if step.action == KEEP or step.reasons == (BY_HAND,):
        return Finding(OK, about, f"{wanted.url}, {len(wanted.events)} types of event, {wanted.api_version}")
    said = "; ".join(step.reasons)
    level = PROBLEM if live or step.action != CREATE else WARNING
    base = wanted.url.removesuffix("/api/webhooks/stripe")
    remedy = f"flask webhooks sync {base}"
    if step.action == CREATE:
        remedy += " (not needed while `stripe listen` forwards events)"
    return Finding(level, about, said, remedy)
