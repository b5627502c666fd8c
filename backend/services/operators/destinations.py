"""Event destinations of thin events at Stripe: what they should be, what they are, and the way from one to the other.

As for the endpoints of ``endpoints.py``: Stripe tells a secret once, so a destination carries its fingerprint, written after
the secret was kept.
https://docs.stripe.com/api/v2/core/event-destinations
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import stripe

from backend.domain.metadata import ENDPOINT_KIND, SECRET_FINGERPRINT
from backend.domain.namespace import UNNAMED, Namespace, is_marked
from backend.services.operators.endpoints import ABOUT, CREATE, KEEP, REPLACE, UPDATE, fingerprint
from backend.services.reads import PAGE, metadata_of

_URL = "webhook_endpoint.url"
_SECRET = "webhook_endpoint.signing_secret"


@dataclass(frozen=True)
class DestinationSpec:
    """The destination as it should be. ``scopes``: whose events it hears of. ``secrets``: those that the backend believes."""

    kind: str
    scopes: tuple[str, ...]
    url: str
    events: frozenset[str]
    secrets: tuple[str, ...]
    namespace: Namespace = UNNAMED


@dataclass(frozen=True)
class DestinationStep:
    """The change that one destination needs, and why."""

    wanted: DestinationSpec
    action: str
    reasons: tuple[str, ...] = ()
    destination: Any = None


def thin_destinations(client: stripe.StripeClient) -> list[Any]:
    """Every destination of thin events, with its address."""
    page = client.v2.core.event_destinations.list({"include": [_URL], "limit": PAGE})
    return [one for one in page.auto_paging_iter() if one.event_payload == "thin"]


def plan_destination(existing: Iterable[Any], wanted: DestinationSpec) -> DestinationStep:
    """The step to take, from what there is. One that was made by hand, or by another deployment, is left alone."""
    mine = [one for one in existing if is_mine(one, wanted)]
    if not mine:
        return DestinationStep(wanted, CREATE, ("there is none",))
    chosen = max(mine, key=lambda one: (_is_known(one, wanted), one.created))
    if not _is_known(chosen, wanted):
        return DestinationStep(wanted, REPLACE, ("its signing secret is not known here",), chosen)
    if set(chosen.events_from or ()) != set(wanted.scopes):
        return DestinationStep(wanted, REPLACE, (f"it hears of {', '.join(chosen.events_from or ())}",), chosen)
    slight = tuple(_differences(chosen, wanted))
    return DestinationStep(wanted, UPDATE if slight else KEEP, slight, chosen)


def carry_out_destination(
    client: stripe.StripeClient, step: DestinationStep, keep_secret: Callable[[str], None]
) -> None:
    """Do what the step says; run again after any failure, it goes on. ``keep_secret``: as for endpoints."""
    services, wanted, old = client.v2.core.event_destinations, step.wanted, step.destination
    if step.action in (CREATE, REPLACE):
        made = services.create(_new(wanted))
        secret = str(getattr(made.webhook_endpoint, "signing_secret", ""))
        keep_secret(secret)
        services.update(made.id, {"metadata": {SECRET_FINGERPRINT: fingerprint(secret)}})
        if old is not None:
            services.delete(old.id)
    elif step.action == UPDATE:
        services.update(old.id, {"enabled_events": sorted(wanted.events), "webhook_endpoint": {"url": wanted.url}})
        if old.status != "enabled":
            services.enable(old.id)


def is_mine(destination: Any, wanted: DestinationSpec) -> bool:
    """True for a destination of this deployment and kind, by its address or its secret."""
    metadata = metadata_of(destination)
    if not is_marked(metadata) or wanted.namespace.is_anothers(metadata) or metadata.get(ENDPOINT_KIND) != wanted.kind:
        return False
    return _url_of(destination) == wanted.url or _is_known(destination, wanted)


def secret_of(destination: Any, secrets: Iterable[str]) -> str | None:
    """The secret among these that is the destination's, or the endpoint's."""
    marked = metadata_of(destination).get(SECRET_FINGERPRINT)
    return next((one for one in secrets if fingerprint(one) == marked), None)


def _is_known(destination: Any, wanted: DestinationSpec) -> bool:
    return secret_of(destination, wanted.secrets) is not None


def _url_of(destination: Any) -> str | None:
    return getattr(destination.webhook_endpoint, "url", None)


def _differences(destination: Any, wanted: DestinationSpec) -> Iterable[str]:
    if _url_of(destination) != wanted.url:
        yield f"its address is {_url_of(destination)}"
    if destination.status != "enabled":
        yield f"it is {destination.status}"
    if set(destination.enabled_events) != wanted.events:
        yield "it listens to other events than are handled"


def _new(wanted: DestinationSpec) -> Any:
    return {
        "name": f"Coaching payments, thin, {wanted.kind}",
        "description": ABOUT,
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": sorted(wanted.events),
        "events_from": list(wanted.scopes),
        "webhook_endpoint": {"url": wanted.url},
        "metadata": {**wanted.namespace.mark, ENDPOINT_KIND: wanted.kind},
        "include": [_SECRET, _URL],
    }
