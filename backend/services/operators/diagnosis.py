"""``flask doctor``'s questions to Stripe: four reads, and a finding for each thing that can be wrong. It writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import stripe

from backend.domain.metadata import MODE_MANUAL, SETTLEMENT, SETTLEMENT_MODE
from backend.domain.namespace import APP, Namespace
from backend.domain.notes import Reason, read_note
from backend.domain.paths import STRIPE_WEBHOOK
from backend.domain.reasons import WORDS
from backend.domain.states import MoneyState
from backend.domain.stripe_time import MOST_SKEW_SECONDS
from backend.services.operators.endpoints import BY_HAND, CREATE, KEEP, EndpointSpec, endpoints_of, plan
from backend.services.reads import PAGE, metadata_of
from backend.services.write_outcome import answered_at, error_code
from backend.stripe_client.platform import namespace_of

OK, WARNING, PROBLEM = "ok", "warning", "problem"
# Stripe refuses nothing for our clock, but we refuse its webhooks at five minutes.
_SKEW_WARNING = 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, how it is, and what to do about it."""

    level: str
    about: str
    text: str
    remedy: str = ""


class Others:
    """The traces of other deployments on the same Stripe account, among what was read anyway."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._seen: dict[str, Counter[str]] = {}

    def see(self, kind: str, page: Any) -> list[Any]:
        """Count the objects that others made, and answer with the rest."""
        objects = list(getattr(page, "data", page) or [])
        theirs = [one for one in objects if self._namespace.is_anothers(metadata_of(one))]
        if theirs:
            self._seen[kind] = Counter(metadata_of(one)[APP] for one in theirs)
        return [one for one in objects if not self._namespace.is_anothers(metadata_of(one))]

    def findings(self, client: stripe.StripeClient) -> Iterator[Finding]:
        """The namespace of this deployment, and what was seen of others. One call, where there is reason to look."""
        own = self._namespace
        also = f", and before {', '.join(own.also)}" if own.also else ""
        yield Finding(OK, "namespace", f"{own.name or 'none: APP_NAMESPACE is not set'}{also}")
        if own.name or self._seen:
            newest, _ = _asked(lambda: client.v1.payment_intents.list({"limit": PAGE}))
            self.see("newest payments", newest)
        if self._seen:
            parts = (
                f"{many} {kind} of {marker}"
                for kind, seen in self._seen.items()
                for marker, many in sorted(seen.items())
            )
            remedy = "They are left alone. If one is an earlier name of this deployment, add it to APP_NAMESPACE_ALSO."
            yield Finding(OK, "other deployments", ", ".join(parts), remedy)


def examine(
    client: stripe.StripeClient,
    wanted: Iterable[EndpointSpec],
    live: bool,
    now: Callable[[], int],
    report: Callable[[Any, Any], Iterable[Finding]] = lambda account, accounts: (),
) -> Iterator[Finding]:
    """Everything that only Stripe knows: the key, the clock, Connect, payouts, money that waits, and both endpoints.

    ``report`` is given the platform's own account and the newest connected ones, and says what follows from them. And other
    deployments on the account: a fifth call, where this one has a name or another's mark was seen.
    """
    others = Others(namespace_of(client))
    account, refused = _asked(client.v1.accounts.retrieve_current)
    if refused is not None:
        yield _refusal("secret key", refused)
        if not isinstance(refused, stripe.PermissionError):
            return
    else:
        yield Finding(OK, "secret key", f"Stripe takes it: {account.id}, {'live' if live else 'test'} mode")
        yield _clock(account, now())
        yield _payouts(account)
    accounts, refused = _asked(lambda: client.v1.accounts.list({"limit": PAGE}))
    others.see("accounts", accounts)
    yield _refusal("connect", refused) if refused else Finding(OK, "connect", "accounts can be listed")
    if account is not None and accounts is not None:
        yield from report(account, accounts)
    yield from _waiting(client, others)
    existing, refused = _asked(lambda: endpoints_of(client))
    others.see("webhook endpoints", existing)
    yield from others.findings(client)
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


def _waiting(client: stripe.StripeClient, others: Others) -> Iterator[Finding]:
    """The payments that carry a note, by reason: one page of Search, and a line for each reason that lasts."""
    about = "money that waits"
    query: Any = {"query": f'-metadata["{SETTLEMENT}"]:null', "limit": PAGE}
    page, refused = _asked(lambda: client.v1.payment_intents.search(query))
    if refused is not None:
        said = error_code(refused) or type(refused).__name__
        text = f"cannot be seen: Search refuses ({said})"
        yield Finding(
            WARNING, about, text, "flask reconcile --dry-run looks without Search, at what is not older than --since."
        )
        return
    waiting: dict[str, list[str]] = {}
    for intent in others.see("payments that wait", page):
        reason = _reason(metadata_of(intent))
        if reason is not None:
            waiting.setdefault(reason, []).append(intent.id)
    yield Finding(OK, about, _counted(waiting, page.has_more))
    for reason in (one for one in Reason if WORDS[one].lasts and one in waiting):
        # Where the money arrives is a setting of the platform's, and all later payments will wait too.
        level = PROBLEM if reason == Reason.SETTLEMENT_CURRENCY else WARNING
        many = len(waiting[reason])
        text = f"{many} payment{'s' * (many > 1)}, the newest {waiting[reason][0]}. {WORDS[reason].meaning}"
        yield Finding(level, f"waits: {reason}", text, f"flask why {waiting[reason][0]}. {WORDS[reason].remedy}")


def _reason(metadata: Mapping[str, str]) -> str | None:
    """The reason why a payment waits; None for one that a person settles."""
    note = read_note(metadata.get(SETTLEMENT))
    if metadata.get(SETTLEMENT_MODE) == MODE_MANUAL or (note is not None and note.kind == MoneyState.MANUAL):
        return None
    return (note.reason or note.kind) if note is not None else "note that cannot be read"


def _counted(waiting: Mapping[str, list[str]], has_more: bool) -> str:
    if not waiting:
        return "none that Search knows of" + (
            " among the newest 100 noted payments; there are more" if has_more else ""
        )
    total = sum(map(len, waiting.values()))
    parts = ", ".join(f"{len(ids)} {reason}" for reason, ids in sorted(waiting.items()))
    return f"payments: {total} ({parts})" + ("; there are more, this is the newest page" if has_more else "")


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
    at = answered_at(account)
    if at is None:
        return Finding(WARNING, "clock", "Stripe's answer has no date", "Compare this machine's clock by hand.")
    skew = now - at
    level = PROBLEM if abs(skew) > MOST_SKEW_SECONDS else WARNING if abs(skew) > _SKEW_WARNING else OK
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


def _endpoint(existing: list[stripe.WebhookEndpoint], wanted: EndpointSpec, live: bool) -> Finding:
    about = f"webhooks ({wanted.kind})"
    step = plan(existing, wanted)
    if step.action == KEEP or step.reasons == (BY_HAND,):
        return Finding(OK, about, f"{wanted.url}, {len(wanted.events)} types of event, {wanted.api_version}")
    said = "; ".join(step.reasons)
    level = PROBLEM if live or step.action != CREATE else WARNING
    base = wanted.url.removesuffix(STRIPE_WEBHOOK)
    remedy = f"flask webhooks sync {base}"
    if step.action == CREATE:
        remedy += " (not needed while `stripe listen` forwards events)"
    return Finding(level, about, said, remedy)
