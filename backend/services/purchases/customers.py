"""One Stripe Customer per email address of a deployment, however often and however concurrently a player first buys.

A customer found is used, never updated and never exposed: an email that nobody verified must not open
another person's saved cards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import stripe

from backend.domain import idempotency_keys
from backend.services import objects
from backend.services.cache import Cache
from backend.services.creation import create_once
from backend.services.errors import Conflict, InvalidRequest, Undecided
from backend.services.reads import PAGE, metadata_of
from backend.services.write_outcome import Done, Refused, Unknown, error_code
from backend.stripe_client.platform import namespace_of

# Stripe forgets idempotency keys after a day at the earliest; two machines' clocks may differ a little.
_KEYS_LAST_SECONDS = 25 * 3600
# A remembered customer that is gone is noticed at the purchase. One whose address was changed goes on serving the old
# address for so long, in this worker.
_REMEMBER_SECONDS = 3600


class Customers:
    """Finds and makes the customers of purchases, and remembers them. ``now`` gives seconds."""

    def __init__(self, client: stripe.StripeClient, now: Callable[[], float]) -> None:
        self._client = client
        self._now = now
        self._known: Cache[str] = Cache(now, _REMEMBER_SECONDS)

    def remembered(self, email: str) -> str | None:
        """The id of the customer that this worker found not long ago, at no call. It may be gone."""
        return self._known.get(email)

    def find(self, email: str) -> str | None:
        """The id of the oldest customer with this address, or None: one or two calls."""
        customer = _find(self._client, email)
        return self._remember(email, customer.id if customer else None)

    def create(self, email: str, name: str | None) -> str | None:
        """The id of the customer of an address that has none. Raises ``InvalidRequest`` if Stripe refuses the address.

        None while a stored 500 hides whether Stripe made one: the purchase goes on without a customer. To wait
        would keep this address from buying for a day, and another key could make a second customer.
        """
        return self._remember(email, _create(self._client, email.lower(), name))

    def look_again(self, email: str, name: str | None) -> str | None:
        """The id of the one customer of an address whose remembered one is gone."""
        self._known.drop(email)
        return self.find(email) or self.create(email, name)

    def others(self, email: str, customer: str | None) -> list[str]:
        """The customers, other than this one, that a purchase of the address may have been begun with.

        Another worker remembers another one, or the address belonged to another one while Stripe may still know the
        keys used with it: it was deleted, or given another address. Two or three calls, on a path that is taken seldom.
        """
        living = [one.id for one in _listed(self._client, email)]
        return [
            one for one in dict.fromkeys([*living, *_left_lately(self._client, email, self._now())]) if one != customer
        ]

    def _remember(self, email: str, customer: str | None) -> str | None:
        if customer is not None:
            self._known.put(email, customer)
        return customer


def names_no_customer(refusal: stripe.InvalidRequestError) -> bool:
    """True if Stripe refused because the customer does not exist, or does no longer."""
    return error_code(refusal) == "resource_missing" and refusal.param == "customer"


def _left_lately(client: stripe.StripeClient, email: str, now: float) -> Iterator[str]:
    """The customers who had this address and have it no longer. One call; none where the key may not read events."""
    since: stripe.params.EventListParams = {
        "types": ["customer.deleted", "customer.updated"],
        "created": {"gte": round(now) - _KEYS_LAST_SECONDS},
        "limit": PAGE,
    }
    try:
        events = client.v1.events.list(since).data
    except stripe.PermissionError:
        return
    for event in events:
        customer: Any = event.data.object
        before = event.data.to_dict().get("previous_attributes") or {}
        had = customer.email if event.type == "customer.deleted" else before.get("email")
        if (had or "").lower() == email.lower():
            yield customer.id


def _find(client: stripe.StripeClient, email: str) -> stripe.Customer | None:
    # Stripe compares addresses by case; ours are lower-case, older ones may be as the player typed them.
    for spelling in dict.fromkeys([email.lower(), email]):
        customers = _spelled(client, spelling)
        if customers:
            return min(customers, key=lambda customer: (customer.created, customer.id))
    return None


def _listed(client: stripe.StripeClient, email: str) -> list[stripe.Customer]:
    return [one for spelling in dict.fromkeys([email.lower(), email]) for one in _spelled(client, spelling)]


def _spelled(client: stripe.StripeClient, email: str) -> list[stripe.Customer]:
    namespace = namespace_of(client)
    listed = objects.find(client, "customers", {"email": email, "limit": PAGE}).data
    return [one for one in listed if not namespace.is_anothers(metadata_of(one))]


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
        idempotency_keys.customer(namespace_of(client), email),
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
