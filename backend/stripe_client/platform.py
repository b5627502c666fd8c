"""The Stripe client of one deployment. It carries the deployment's namespace to whatever is given the client."""

from __future__ import annotations

from typing import Any

import stripe

from backend.domain.namespace import UNNAMED, Namespace


class PlatformClient(stripe.StripeClient):
    """A ``StripeClient`` that knows whose it is."""

    def __init__(self, api_key: str, *, namespace: Namespace, **options: Any) -> None:
        super().__init__(api_key, **options)
        self.namespace = namespace


def namespace_of(client: stripe.StripeClient) -> Namespace:
    """The namespace of the deployment that a client belongs to; without a name for a plain client."""
    return client.namespace if isinstance(client, PlatformClient) else UNNAMED
