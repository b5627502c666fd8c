"""The two webhook endpoints at Stripe: what they should be, what they are, and the way from one to the other.

Stripe tells an endpoint's signing secret once, when it is made, and signs with another secret for each. So an endpoint
carries a fingerprint of its secret in its metadata, written after the secret was kept: one without it, or with one that
is not known here, was made by somebody else, or by a run that did not get so far.
https://docs.stripe.com/api/webhook_endpoints
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import stripe

from backend.domain.metadata import ENDPOINT_KIND, SECRET_FINGERPRINT
from backend.domain.namespace import UNNAMED, Namespace, is_marked
from backend.services.reads import PAGE, list_all, metadata_of

# No fault, but it would not be found again at another address.
BY_HAND = "it was made by hand"
KEEP, CREATE, UPDATE, REPLACE = "keep", "create", "update", "replace"
ABOUT = "Made by `flask webhooks sync`. Its signing secret is in the backend's .env."


@dataclass(frozen=True)
class EndpointSpec:
    """The endpoint as it should be. ``secrets``: those of its kind that the backend believes now. ``namespace``: whose it
    is; one of another deployment is never touched.
    """

    kind: str
    connect: bool
    url: str
    events: frozenset[str]
    api_version: str
    secrets: tuple[str, ...]
    namespace: Namespace = UNNAMED


@dataclass(frozen=True)
class Step:
    """The change that one endpoint needs, and why. ``surplus``: further ones of ours at the same address."""

    wanted: EndpointSpec
    action: str
    reasons: tuple[str, ...] = ()
    endpoint: stripe.WebhookEndpoint | None = None
    surplus: tuple[stripe.WebhookEndpoint, ...] = ()

    @property
    def changes_something(self) -> bool:
        """True if it is more than to keep what is there."""
        return self.action != KEEP or bool(self.surplus)


def fingerprint(secret: str) -> str:
    """The part of a secret that may be shown: whoever has the secret recognises it, and nobody learns it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def endpoints_of(client: stripe.StripeClient) -> list[stripe.WebhookEndpoint]:
    """Every endpoint of the account, at most sixteen."""
    return list_all(client.v1.webhook_endpoints.list({"limit": PAGE}))


def plan(existing: Iterable[stripe.WebhookEndpoint], wanted: EndpointSpec) -> Step:
    """The steps that lead from what there is to what should be. An endpoint of another installation is left alone."""
    mine = [one for one in existing if _is_mine(one, wanted)]
    if not mine:
        return Step(wanted, CREATE, ("there is none",))
    chosen = max(mine, key=lambda one: (_secret_is_known(one, wanted), one.url == wanted.url, one.created))
    surplus = tuple(one for one in mine if one is not chosen and _is_marked(one))
    grave = tuple(_beyond_repair(chosen, wanted))
    if grave:
        return Step(wanted, REPLACE, grave, chosen, surplus)
    slight = tuple(_differences(chosen, wanted))
    return Step(wanted, UPDATE if slight else KEEP, slight, chosen, surplus)


def carry_out(client: stripe.StripeClient, step: Step, keep_secret: Callable[[str], None]) -> None:
    """Do what the step says; run again after any failure, it goes on.

    ``keep_secret`` is given a new endpoint's secret, and must have kept it when it returns. Only then is the endpoint
    marked as complete, and only then does the one that it replaces go, so that no event finds nobody who knows its
    secret.
    """
    wanted, endpoint = step.wanted, step.endpoint
    if step.action in (CREATE, REPLACE):
        made = client.v1.webhook_endpoints.create(_new(wanted))
        secret = str(made.secret)
        keep_secret(secret)
        client.v1.webhook_endpoints.update(made.id, {"metadata": {SECRET_FINGERPRINT: fingerprint(secret)}})
        if endpoint is not None:
            client.v1.webhook_endpoints.delete(endpoint.id)
    elif step.action == UPDATE and endpoint is not None:
        # Which of several secrets a hand-made one signs with cannot be told: the first is taken for it.
        known = {} if _is_marked(endpoint) else {SECRET_FINGERPRINT: fingerprint(wanted.secrets[0])}
        changed: Any = {**_values(wanted), "disabled": False, "metadata": _marks(wanted) | known}
        client.v1.webhook_endpoints.update(endpoint.id, changed)
    for one in step.surplus:
        client.v1.webhook_endpoints.delete(one.id)


def _values(wanted: EndpointSpec) -> Any:
    return {"url": wanted.url, "enabled_events": sorted(wanted.events)}


def _new(wanted: EndpointSpec) -> Any:
    fixed = {"connect": wanted.connect, "api_version": wanted.api_version, "description": ABOUT}
    return {**_values(wanted), **fixed, "metadata": _marks(wanted)}


def _marks(wanted: EndpointSpec) -> dict[str, str]:
    return {**wanted.namespace.mark, ENDPOINT_KIND: wanted.kind}


def _is_marked(endpoint: stripe.WebhookEndpoint) -> bool:
    return is_marked(metadata_of(endpoint))


def _is_mine(endpoint: stripe.WebhookEndpoint, wanted: EndpointSpec) -> bool:
    """By its marks and secret, or by its address: a marked one elsewhere with another secret is a colleague's."""
    if wanted.namespace.is_anothers(metadata_of(endpoint)):
        return False
    if _is_marked(endpoint):
        kind = metadata_of(endpoint).get(ENDPOINT_KIND)
        return kind == wanted.kind and (endpoint.url == wanted.url or _secret_is_known(endpoint, wanted))
    return endpoint.url == wanted.url and _listens_to_accounts(endpoint) == wanted.connect


def _listens_to_accounts(endpoint: stripe.WebhookEndpoint) -> bool:
    """True if a hand-made endpoint is for accounts. Stripe names the Connect application; else its events give it away."""
    of_accounts = ("account.", "capability.", "payout.", "person.")
    return bool(endpoint.application) or all(event.startswith(of_accounts) for event in endpoint.enabled_events)


def _secret_is_known(endpoint: stripe.WebhookEndpoint, wanted: EndpointSpec) -> bool:
    """True if one of our secrets is its own. Of a hand-made one that cannot be told, so any secret is taken for it."""
    marked = metadata_of(endpoint).get(SECRET_FINGERPRINT)
    if marked is None:
        return bool(wanted.secrets) and not _is_marked(endpoint)
    return marked in {fingerprint(secret) for secret in wanted.secrets}


def _beyond_repair(endpoint: stripe.WebhookEndpoint, wanted: EndpointSpec) -> Iterable[str]:
    """The differences that no update changes."""
    if endpoint.api_version != wanted.api_version:
        yield f"its API version is {endpoint.api_version or 'the account’s own'}, not {wanted.api_version}"
    if not _secret_is_known(endpoint, wanted):
        yield "its signing secret is not known here"


def _differences(endpoint: stripe.WebhookEndpoint, wanted: EndpointSpec) -> Iterable[str]:
    """The differences that an update mends."""
    if not _is_marked(endpoint):
        yield BY_HAND
    if endpoint.url != wanted.url:
        yield f"its address is {endpoint.url}"
    if endpoint.status != "enabled":
        yield f"it is {endpoint.status}"
    listed = set(endpoint.enabled_events)
    missing, further = wanted.events - listed, listed - wanted.events
    if missing and "*" not in listed:
        yield f"it does not listen to {', '.join(sorted(missing))}"
    if further:
        yield f"it listens to more than is handled: {', '.join(sorted(further))}"
