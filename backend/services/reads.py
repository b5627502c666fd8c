"""Reading Stripe for decisions: the payment as it is now, whole lists, and absent as None."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import stripe

from backend.domain.metadata import (
    ALSO_PAID_BY,
    COACH_ACCOUNT_WAS,
    COACH_ID,
    DISPUTE_SEEN,
    MODE_MANUAL,
    PAID_AT,
    REFUND_SEEN,
    SETTLEMENT,
    SETTLEMENT_MODE,
    NotAPurchase,
    Purchase,
    read_purchase,
)
from backend.domain.namespace import Namespace
from backend.domain.settlement import Note, read_note
from backend.domain.states import MoneyState
from backend.services import objects
from backend.services.errors import NotFound, UnreadablePayment
from backend.services.write_outcome import answered_at, error_code
from backend.stripe_client.platform import namespace_of

T = TypeVar("T")

PAGE = 100
# The same words for what is not there and for what is another's: nobody learns which.
NO_SUCH_PAYMENT = "There is no such payment."


def get_or_none(read: Callable[[], T]) -> T | None:
    """The answer of ``read``, or None where Stripe says there is no such thing.

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


def list_all(page: stripe.ListObject[Any]) -> list[Any]:
    """The whole list, to the last page: a decision on part of a list pays twice."""
    return list(page.auto_paging_iter())


def id_of(reference: Any) -> str | None:
    """The id of an object that another names, expanded or not."""
    return reference if isinstance(reference, str) or reference is None else str(reference.id)


def metadata_of(stripe_object: Any) -> Mapping[str, str]:
    """An object's metadata as a plain dict (the SDK's own object is not one)."""
    metadata = getattr(stripe_object, "metadata", None)
    return metadata.to_dict() if metadata is not None else {}


@dataclass(frozen=True)
class Payment:
    """A PaymentIntent that sold coaching, its purchase, and the charge that paid it (None while unpaid).

    A bank debit that bounced has a charge too, and it captured nothing. ``at``: Stripe's time of the reading.
    """

    intent: stripe.PaymentIntent
    purchase: Purchase
    charge: stripe.Charge | None
    at: int | None = None

    @property
    def id(self) -> str:
        """The PaymentIntent's."""
        return self.intent.id

    @property
    def metadata(self) -> Mapping[str, str]:
        """The PaymentIntent's, with what was written after the purchase."""
        return metadata_of(self.intent)

    @property
    def note(self) -> Note | None:
        """The note that settle last wrote on it."""
        return read_note(self.metadata.get(SETTLEMENT), self.at)

    @property
    def is_manual(self) -> bool:
        """True if a person said that a person settles it."""
        return self.metadata.get(SETTLEMENT_MODE) == MODE_MANUAL or self.metadata.get(SETTLEMENT) == MoneyState.MANUAL

    @property
    def person_was_here(self) -> bool:
        """True if a person ever settled it by hand: then unnamed transfers to the coach may be for it."""
        return SETTLEMENT_MODE in self.metadata

    @property
    def group(self) -> str:
        """The charge's transfer group; else the name that Stripe gives it at the first transfer. Never empty: an
        empty filter lists the whole platform's transfers.
        """
        named = self.charge.transfer_group if self.charge is not None else self.intent.transfer_group
        return named or f"group_{self.intent.id}"

    @property
    def also_paid_by(self) -> tuple[str, ...]:
        """The ids of transfers of this payment that neither group nor payee leads to."""
        return tuple(word for word in self.metadata.get(ALSO_PAID_BY, "").split(",") if word)

    @property
    def former_payees(self) -> frozenset[str]:
        """The accounts that the payment was frozen to before a person released it."""
        return frozenset(word for word in self.metadata.get(COACH_ACCOUNT_WAS, "").split(",") if word)

    @property
    def may_be_refunded(self) -> bool:
        """True if its refunds have to be read."""
        return bool(self.charge is not None and self.charge.amount_refunded) or REFUND_SEEN in self.metadata

    @property
    def may_be_disputed(self) -> bool:
        """True if its disputes have to be read. ``charge.disputed`` stays true for ever."""
        return bool(self.charge is not None and self.charge.disputed) or DISPUTE_SEEN in self.metadata


def payment_of(intent: stripe.PaymentIntent, namespace: Namespace) -> Payment | None:
    """The payment of an intent that was read with its ``latest_charge``; None when it is not a purchase.

    Raises ``UnreadablePayment`` for a purchase of ours whose metadata is damaged.
    """
    purchase = purchase_of(intent, namespace)
    if purchase is None:
        return None
    charge = cast("stripe.Charge | None", intent.latest_charge)
    paid = charge is not None and (intent.status == "succeeded" or _came_and_went(charge))
    return Payment(intent, purchase, charge if paid else None, answered_at(intent))


def _came_and_went(charge: stripe.Charge) -> bool:
    """True for a debit that succeeded and was returned by the bank later: it leaves a balance transaction behind.

    https://docs.stripe.com/api/charges/object#charge_object-failure_balance_transaction
    """
    return charge.status == "failed" and getattr(charge, "failure_balance_transaction", None) is not None


def captured(charge: stripe.Charge) -> int:
    """The amount that the charge brought, in minor units: nothing once it has failed."""
    amount: int = charge.amount_captured
    return amount if charge.status == "succeeded" else 0


def read_payment(client: stripe.StripeClient, payment_id: str) -> Payment | None:
    """The payment as it is now, in one call; None when there is none here or it is not a purchase.

    ``latest_charge`` is read with it: an event's payload is a snapshot of the past, and a declined attempt
    leaves a failed charge behind. Raises ``UnreadablePayment``.
    """
    if not payment_id.strip():
        return None  # the address of no id is that of the list
    intent = get_or_none(lambda: objects.get(client, "payment_intents", payment_id, {"expand": ["latest_charge"]}))
    return whole_payment(client, intent) if intent is not None else None


def whole_payment(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> Payment | None:
    """The payment of an intent that was read with its ``latest_charge``, with the charge that paid it once, should the bank
    have returned it since. None when it is not a purchase. Raises ``UnreadablePayment``.
    """
    payment = payment_of(intent, namespace_of(client))
    if payment is None or payment.charge is not None or PAID_AT not in payment.metadata:
        return payment
    return replace(payment, charge=_returned_charge(client, intent.id))


def _returned_charge(client: stripe.StripeClient, payment_id: str) -> stripe.Charge | None:
    """The charge of a payment that was paid once and is not now: a further try to pay hides it, which may be declined."""
    charges = list_all(client.v1.charges.list({"payment_intent": payment_id, "limit": PAGE}))
    return next((charge for charge in charges if _came_and_went(charge)), None)


def purchase_of(intent: stripe.PaymentIntent, namespace: Namespace) -> Purchase | None:
    """The purchase that an intent made; None when it is not one, or another deployment's. Raises ``UnreadablePayment``.

    A marker with damaged metadata is not "not ours": it is ours, and a person has to mend it.
    """
    metadata = metadata_of(intent)
    try:
        return read_purchase(metadata, namespace)
    except NotAPurchase as damage:
        if namespace.is_ours(metadata):
            raise UnreadablePayment(intent) from damage
        return None


def sold_payment(client: stripe.StripeClient, payment_id: str) -> Payment:
    """The payment as it is now. Raises ``NotFound`` for what was not sold here, and ``UnreadablePayment``."""
    payment = read_payment(client, payment_id)
    if payment is None:
        raise NotFound(NO_SUCH_PAYMENT)
    return payment


# The refund came back: the player does not have the money.
NOT_REFUNDED = frozenset(["failed", "canceled"])


def refunds_of(client: stripe.StripeClient, payment: Payment, known: bool = False) -> list[stripe.Refund]:
    """Every refund of a payment, whatever became of it. One that was never refunded costs no call.

    ``known``: a refund is known of, whatever the charge says.
    """
    if payment.charge is None or not (known or payment.may_be_refunded):
        return []
    return list_all(client.v1.refunds.list({"charge": payment.charge.id, "limit": PAGE}))


def refunded_by(refunds: Iterable[stripe.Refund]) -> int:
    """The amount that has left or is leaving for the player. A refund that failed or was canceled came back."""
    return sum(refund.amount for refund in refunds if refund.status not in NOT_REFUNDED)


def refunded_amount(client: stripe.StripeClient, payment: Payment) -> int:
    """The part of a payment that the player has back or will have."""
    return refunded_by(refunds_of(client, payment))


def coach_of(account: stripe.Account, namespace: Namespace) -> str | None:
    """The id of the coach for whom an account was made; None for another deployment's coach.

    A coach's account has an Express dashboard, or carries our mark and no type: so v1 shows one that v2 made.
    """
    metadata = metadata_of(account)
    made_by_v2 = account.type == "none" and namespace.is_ours(metadata)
    if namespace.is_anothers(metadata) or not (made_by_v2 or has_express_dashboard(account)):
        return None
    return metadata.get(COACH_ID)


def has_express_dashboard(account: stripe.Account) -> bool:
    """True for an account of an Express coach, of either make: not every one of them has that type."""
    dashboard = getattr(getattr(account, "controller", None), "stripe_dashboard", None)
    return "express" in (account.type, getattr(dashboard, "type", None))
