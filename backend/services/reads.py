"""Reading Stripe for decisions: the payment as it is now, whole lists, and absent as None."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import stripe

from backend.domain.metadata import COACH_ID, SETTLEMENT, NotAPurchase, Purchase, read_purchase
from backend.domain.settlement import Note, read_note
from backend.services.answers import error_code
from backend.services.errors import NotFound

T = TypeVar("T")

PAGE = 100
# The same words for what is not there and for what is another's: nobody learns which.
NO_SUCH_PAYMENT = "There is no such payment."


def found(read: Callable[[], T]) -> T | None:
    """What ``read`` answers, or None where Stripe says there is no such thing.

    An account that does not exist, was deleted, or is not ours answers 403 ``account_invalid``, all alike.
    """
    try:
        result = read()
    except stripe.InvalidRequestError as error:
        if error.http_status == 404 or error_code(error) == "resource_missing":
            return None
        raise
    except stripe.PermissionError as error:
        if error_code(error) == "account_invalid":
            return None
        raise
    return None if getattr(result, "deleted", False) else result


def every(page: stripe.ListObject[Any]) -> list[Any]:
    """The whole list, to the last page: a decision on part of a list pays twice."""
    return list(page.auto_paging_iter())


def id_of(reference: Any) -> str | None:
    """The id of what another object names, expanded or not."""
    return reference if isinstance(reference, str) or reference is None else str(reference.id)


def metadata_of(stripe_object: Any) -> Mapping[str, str]:
    """An object's metadata as a plain dict (the SDK's own object is not one)."""
    metadata = getattr(stripe_object, "metadata", None)
    return metadata.to_dict() if metadata is not None else {}


@dataclass(frozen=True)
class Payment:
    """A PaymentIntent that sold coaching, its purchase, and the charge that paid it (None while unpaid)."""

    intent: stripe.PaymentIntent
    purchase: Purchase
    charge: stripe.Charge | None

    @property
    def note(self) -> Note | None:
        """What settle last wrote on it."""
        return read_note(metadata_of(self.intent).get(SETTLEMENT))


def read_payment(client: stripe.StripeClient, payment_id: str) -> Payment | None:
    """The payment as it is now, in one call; None when there is none here or it is not a purchase.

    ``latest_charge`` is read with it: an event's payload is a snapshot of the past, and a declined attempt
    leaves a failed charge behind.
    """
    intent = found(lambda: client.v1.payment_intents.retrieve(payment_id, {"expand": ["latest_charge"]}))
    if intent is None:
        return None
    purchase = purchase_of(intent)
    if purchase is None:
        return None
    paid = intent.status == "succeeded"
    return Payment(intent, purchase, cast(stripe.Charge, intent.latest_charge) if paid else None)


def purchase_of(intent: stripe.PaymentIntent) -> Purchase | None:
    """What an intent sold; None when it is not a purchase."""
    try:
        return read_purchase(metadata_of(intent))
    except NotAPurchase:
        return None


def sold_payment(client: stripe.StripeClient, payment_id: str) -> Payment:
    """The payment as it is now. Raises ``NotFound`` for what was not sold here."""
    payment = read_payment(client, payment_id)
    if payment is None:
        raise NotFound(NO_SUCH_PAYMENT)
    return payment


# The refund came back: the player does not have the money.
NOT_REFUNDED = frozenset(["failed", "canceled"])


def refunds_of(client: stripe.StripeClient, charge: stripe.Charge) -> list[stripe.Refund]:
    """Every refund of a charge, whatever became of it. One that was never refunded costs no call."""
    if not charge.amount_refunded:
        return []
    return every(client.v1.refunds.list({"charge": charge.id, "limit": PAGE}))


def refunded_by(refunds: Iterable[stripe.Refund]) -> int:
    """What has left or is leaving for the player. A refund that failed or was canceled came back."""
    return sum(refund.amount for refund in refunds if refund.status not in NOT_REFUNDED)


def refunded_amount(client: stripe.StripeClient, charge: stripe.Charge) -> int:
    """What of a charge the player has back or will have."""
    return refunded_by(refunds_of(client, charge))


# An inquiry moves no money, and a prevented or won dispute has given it back. A status that is not known
# here counts as taken: the platform must not pay out what it may have lost.
HARMLESS_DISPUTES = frozenset(["won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"])


def disputed_by(disputes: Iterable[stripe.Dispute]) -> int:
    """What the bank has taken back for now or for good."""
    return sum(dispute.amount for dispute in disputes if dispute.status not in HARMLESS_DISPUTES)


def disputed_amount(client: stripe.StripeClient, charge: stripe.Charge) -> int:
    """What of a charge the bank has taken back. ``charge.disputed`` stays true for ever."""
    if not charge.disputed:
        return 0
    return disputed_by(every(client.v1.disputes.list({"charge": charge.id, "limit": PAGE})))


def coach_of(account: stripe.Account) -> str | None:
    """Whose account it is: the coach's id, on an Express account that was made for a coach."""
    return metadata_of(account).get(COACH_ID) if account.type == "express" else None


def is_payable(account: stripe.Account) -> bool:
    """What gates a transfer is the ``transfers`` capability, not ``payouts_enabled``."""
    return getattr(account.capabilities, "transfers", None) == "active"
