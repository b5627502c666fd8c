"""One Stripe Customer per email address of a deployment, however often and however concurrently a player first buys.

A customer found is used, never updated and never exposed: an email that nobody verified must not open
another person's saved cards.
"""

from __future__ import annotations

from typing import Any

import stripe

from backend.domain.metadata import email_hash
from backend.services.answers import Done, Refused, Unknown
from backend.services.creation import create_once
from backend.services.errors import Conflict, InvalidRequest, Undecided
from backend.services.platform import namespace_of
from backend.services.reads import PAGE, metadata_of

# Stripe forgets idempotency keys after a day at the earliest; two machines' clocks may differ a little.
_KEYS_LAST_SECONDS = 25 * 3600


def customer_for(client: stripe.StripeClient, email: str, name: str | None) -> str | None:
    """The id of the one customer with this email address. Raises ``InvalidRequest`` if Stripe refuses it.

    None while a stored 500 hides whether Stripe made one: the purchase goes on without a customer. To wait
    would keep this address from buying for a day, and another key could make a second customer.
    """
    customer = _find(client, email)
    return customer.id if customer else _create(client, email.lower(), name)


def deleted_lately(client: stripe.StripeClient, email: str, now: float) -> list[str]:
    """The customers of this address who were deleted while Stripe may still know the keys used with them.

    One call; none where the key may not read events.
    """
    since: stripe.params.EventListParams = {
        "type": "customer.deleted",
        "created": {"gte": round(now) - _KEYS_LAST_SECONDS},
        "limit": PAGE,
    }
    try:
        deleted: list[Any] = [event.data.object for event in client.v1.events.list(since).data]
    except stripe.PermissionError:
        return []
    return [one.id for one in deleted if (one.email or "").lower() == email.lower()]


def _find(client: stripe.StripeClient, email: str) -> stripe.Customer | None:
    namespace = namespace_of(client)
    # Stripe compares addresses by case; ours are lower-case, older ones may be as the player typed them.
    for spelling in dict.fromkeys([email.lower(), email]):
        listed = client.v1.customers.list({"email": spelling, "limit": PAGE}).data
        customers = [one for one in listed if not namespace.is_anothers(metadata_of(one))]
        if customers:
            return min(customers, key=lambda customer: (customer.created, customer.id))
    return None


def _create(client: stripe.StripeClient, email: str, name: str | None) -> str | None:
    params: stripe.params.CustomerCreateParams = {"email": email, "metadata": namespace_of(client).mark}
    if name:
        params["name"] = name
    named_otherwise = False

    def rival() -> stripe.Customer | None:
        nonlocal named_otherwise
        named_otherwise = True
        return _find(client, email)

    answer = create_once(
        namespace_of(client).key(f"customer:{email_hash(email)}"),
        lambda key: client.v1.customers.create(params, {"idempotency_key": key}),
        client.v1.customers.retrieve,
        rival,
    )
    match answer:
        case Done(customer):
            # A key may count as taken while its first use is under way; whoever was first is the customer.
            oldest = _find(client, email) if named_otherwise else None
            return (oldest or customer).id
        case Refused():
            raise InvalidRequest("The email address is not valid.", field="customerEmail")
    made_elsewhere = _find(client, email)
    if made_elsewhere is not None:
        return made_elsewhere.id
    if not isinstance(answer, Unknown):
        raise Conflict("The same purchase is already being made. Please try again in a moment.")
    if answer.replayed:
        return None
    raise Undecided
