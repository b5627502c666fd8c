"""The Stripe client of one deployment. It carries the facts of the deployment to whatever is given the client."""

from __future__ import annotations

from typing import Any

import stripe

from backend.domain.namespace import UNNAMED, Namespace


class PlatformClient(stripe.StripeClient):
    """A ``StripeClient`` that knows whose it is. ``accounts_v2``: False where no account was made by Stripe's v2 API."""

    def __init__(self, api_key: str, *, namespace: Namespace, accounts_v2: bool = True, **options: Any) -> None:
        super().__init__(api_key, **options)
        self.namespace = namespace
        self.accounts_v2 = accounts_v2


def namespace_of(client: stripe.StripeClient) -> Namespace:
    """The namespace of the deployment that a client belongs to; without a name for a plain client."""
    return client.namespace if isinstance(client, PlatformClient) else UNNAMED


def may_have_v2(client: stripe.StripeClient) -> bool:
    """True unless the operator said that every account is a v1 account."""
    return client.accounts_v2 if isinstance(client, PlatformClient) else True
