"""The memory of a deployment's namespaces: a name that is changed must not leave payments that nobody settles.

A deployment is known by its public address. An inactive Product of that address remembers the names it has had.
"""

from __future__ import annotations

import hashlib
from typing import Any

import stripe
import structlog

from backend.domain.metadata import SERVED_AS, SETTLEMENT, SETTLEMENT_MODE, SWEEP_MARK_ID
from backend.domain.namespace import APP, DEFAULT, NAME, Namespace
from backend.domain.settlement import MANUAL
from backend.services.answers import answered_at
from backend.services.platform import namespace_of
from backend.services.reads import PAGE, found, metadata_of
from backend.services.sweep_mark import mark_of

log = structlog.get_logger(__name__)

# A player who began to buy under the earlier name may still pay.
_MAY_STILL_PAY_SECONDS = 86_400
_ENDED = frozenset(["succeeded", "canceled"])


class NamespaceChanged(Exception):
    """The deployment has another namespace than before, and payments of the earlier one are not settled."""


def check_namespace(client: stripe.StripeClient, app_url: str) -> None:
    """Remember the deployment's namespace. Raises ``NamespaceChanged``, and what Stripe raises.

    One call for a deployment whose name is what it was; up to four more for an earlier name that is not in ``also``.
    """
    namespace = namespace_of(client)
    product_id = f"deployment_{hashlib.sha256(app_url.encode()).hexdigest()[:32]}"
    product = found(lambda: client.v1.products.retrieve(product_id))
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
    """True if the last sweep carried something over, or Search knows of a payment that waits or may still be paid."""
    if mark_of(client, earlier.own(SWEEP_MARK_ID)).carried:
        return True
    theirs = f'metadata["{APP}"]:"{earlier.marker}"'
    noted = _searched(client, earlier, f'{theirs} AND -metadata["{SETTLEMENT}"]:null')
    if any(MANUAL not in (one.get(SETTLEMENT), one.get(SETTLEMENT_MODE)) for one in map(metadata_of, noted)):
        return True
    if _searched(client, earlier, f'{theirs} AND status:"processing"'):
        return True
    since = (now or 0) - _MAY_STILL_PAY_SECONDS
    return any(one.status not in _ENDED for one in _searched(client, earlier, f"{theirs} AND created>{since}"))


def _searched(client: stripe.StripeClient, namespace: Namespace, query: str) -> list[Any]:
    page = client.v1.payment_intents.search({"query": query, "limit": PAGE})
    return [intent for intent in page.auto_paging_iter() if namespace.is_ours(metadata_of(intent))]
