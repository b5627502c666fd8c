"""One Stripe Customer per email address, however often and however concurrently a player first buys.

A customer found is used, never updated and never exposed: an email that nobody verified must not open
another person's saved cards.
"""

from __future__ import annotations

from typing import NoReturn

import stripe

from backend.domain.metadata import APP, APP_VALUE, email_hash
from backend.services.answers import Done, Refused
from backend.services.creation import create_once
from backend.services.errors import Conflict, InvalidRequest
from backend.services.reads import PAGE


def customer_for(client: stripe.StripeClient, email: str, name: str | None) -> str:
    """The id of the one customer with this email address. Raises ``InvalidRequest`` if Stripe refuses it."""
    return _find(client, email) or _create(client, email.lower(), name)


def _find(client: stripe.StripeClient, email: str) -> str | None:
    # Stripe compares addresses by case; ours are lower-case, older ones may be as the player typed them.
    for spelling in dict.fromkeys([email.lower(), email]):
        customers = client.v1.customers.list({"email": spelling, "limit": PAGE}).data
        if customers:
            return min(customers, key=lambda customer: (customer.created, customer.id)).id
    return None


def _create(client: stripe.StripeClient, email: str, name: str | None) -> str:
    params: stripe.params.CustomerCreateParams = {"email": email, "metadata": {APP: APP_VALUE}}
    if name:
        params["name"] = name
    answer = create_once(
        f"customer:{email_hash(email)}",
        lambda key: client.v1.customers.create(params, {"idempotency_key": key}),
        client.v1.customers.retrieve,
    )
    match answer:
        case Done(customer):
            return customer.id
        case Refused():
            raise InvalidRequest("The email address is not valid.", field="customerEmail")
        case _:  # somebody creates this customer at this moment, perhaps with another name
            return _find(client, email) or _busy()


def _busy() -> NoReturn:
    raise Conflict("The same purchase is already being made. Please try again in a moment.")
