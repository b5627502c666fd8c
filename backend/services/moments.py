"""Moments that are written once on a payment, each under an idempotency key of its own, and stand from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import stripe

from backend.services.errors import Undecided
from backend.services.reads import metadata_of

# A stored failure is escaped twice; what fails more often is left to the next trigger.
_GENERATIONS = 3


def write_once(
    client: stripe.StripeClient,
    payment_id: str,
    values: Mapping[str, str],
    key_of: Callable[[str, int], str],
    known: Callable[[Mapping[str, str]], int | None],
) -> int:
    """Write the values, unless somebody has; answer with the moment that stands.

    ``key_of``: the key of a generation. ``known``: reads the moment from the metadata, None where there is none. Raises
    ``Undecided`` when it could not be written.
    """
    for generation in range(_GENERATIONS):
        key = key_of(payment_id, generation)
        try:
            client.v1.payment_intents.update(payment_id, {"metadata": dict(values)}, {"idempotency_key": key})
        except stripe.IdempotencyError:
            pass  # another worker wrote another moment
        except stripe.APIError as error:
            if isinstance(error, stripe.APIConnectionError) or (error.http_status or 0) < 500:
                raise
        moment = known(metadata_of(client.v1.payment_intents.retrieve(payment_id)))
        if moment is not None:
            return moment
    raise Undecided
