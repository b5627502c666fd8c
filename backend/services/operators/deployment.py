"""The memory of a deployment's namespaces: a name that is changed must not leave payments that nobody settles.

A deployment is known by its public address. An inactive Product of that address remembers the names it has had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import stripe
import structlog

from backend.domain.metadata import SERVED_AS, SETTLEMENT, SETTLEMENT_MODE, SWEEP_MARK_ID
from backend.domain.namespace import APP, DEFAULT, NAME, Namespace
from backend.domain.states import MoneyState
from backend.services.reads import PAGE, get_or_none, metadata_of
from backend.services.reconcile.mark import mark_of
from backend.services.write_outcome import answered_at
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

# A player who began to buy under the earlier name may still pay.
_MAY_STILL_PAY_SECONDS = 86_400
_MOST_NEWEST = 300
_ENDED = frozenset(["succeeded", "canceled"])


class NamespaceChanged(Exception):
    """The deployment has another namespace than before, and payments of the earlier one are not settled."""


def check_namespace(client: stripe.StripeClient, app_url: str) -> None:
    """Remember the deployment's namespace. Raises ``NamespaceChanged``, and what Stripe raises.

    One call for a deployment whose name is what it was; up to four more for an earlier name that is not in ``also``.
    """
    namespace = namespace_of(client)
    product_id = f"deployment_{hashlib.sha256(app_url.encode()).hexdigest()[:32]}"
    product = get_or_none(lambda: client.v1.products.retrieve(product_id))
    known = [name for name in metadata_of(product).get(SERVED_AS, "").split(",") if NAME.fullmatch(name)]
    left = [name for name in known if name != namespace.label and name not in namespace.also]
    for name in left:
        if _is_unsettled(client, Namespace("" if name == DEFAULT else name), answered_at(product)):
            raise NamespaceChanged(
                f"was {name} and is {namespace.label} now, but payments of {name} are not settled: name {name} in "
                "APP_NAMESPACE_ALSO, or set it back"
            )
    names = [name for name in dict.fromkeys([*known, namespace.label]) if name not in left]
    if names != known:
        _remember(client, product_id, product is not None, {**namespace.mark, SERVED_AS: ",".join(names)})


def _remember(client: stripe.StripeClient, product_id: str, exists: bool, metadata: dict[str, str]) -> None:
    if exists:
        client.v1.products.update(product_id, {"metadata": metadata})
        return
    client.v1.products.create(
        {"id": product_id, "name": "The names of a deployment: do not delete", "active": False, "metadata": metadata}
    )


def _is_unsettled(client: stripe.StripeClient, earlier: Namespace, now: int | None) -> bool:
    """True if the last sweep carried something over, or a payment waits or may still be paid, as far as Search knows."""
    if mark_of(client, earlier.own(SWEEP_MARK_ID)).carried:
        return True
    theirs = f'metadata["{APP}"]:"{earlier.marker}"'
    looks: tuple[Callable[[], Iterator[stripe.PaymentIntent]], ...] = (
        # Search lags behind by a minute; the newest are listed.
        lambda: _newest(client, now),
        lambda: _searched(client, f'{theirs} AND -metadata["{SETTLEMENT}"]:null'),
        lambda: _searched(client, f'{theirs} AND status:"processing"'),
    )
    return any(earlier.is_ours(metadata_of(one)) and _waits(one) for look in looks for one in look())


def _waits(intent: stripe.PaymentIntent) -> bool:
    metadata = metadata_of(intent)
    noted = SETTLEMENT in metadata and MoneyState.MANUAL not in (metadata[SETTLEMENT], metadata.get(SETTLEMENT_MODE))
    return noted or intent.status not in _ENDED


def _newest(client: stripe.StripeClient, now: int | None) -> Iterator[stripe.PaymentIntent]:
    since = (now or 0) - _MAY_STILL_PAY_SECONDS
    params: Any = {"created": {"gte": since}, "limit": PAGE}
    return islice(client.v1.payment_intents.list(params).auto_paging_iter(), _MOST_NEWEST)


def _searched(client: stripe.StripeClient, query: str) -> Iterator[stripe.PaymentIntent]:
    return client.v1.payment_intents.search({"query": query, "limit": PAGE}).auto_paging_iter()
