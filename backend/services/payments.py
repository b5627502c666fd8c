"""Buying: the intent, its confirmation as a session, and reading it back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import stripe
import structlog

from backend.domain.access import TRUSTED, Caller
from backend.domain.catalogue import Catalogue, NotOffered, Offer, PackageType
from backend.domain.metadata import (
    MODE_AUTO,
    MODE_MANUAL,
    PLAYER_ID,
    SETTLEMENT,
    SETTLEMENT_MODE,
    Purchase,
    attempt_hash,
)
from backend.domain.money import FeeRate, Split
from backend.domain.sessions import Session, SessionClaim, SessionMismatch, check_claim
from backend.domain.settlement import MANUAL
from backend.services.answers import is_replay, was_replayed
from backend.services.creation import GENERATIONS
from backend.services.customers import customer_for, deleted_lately
from backend.services.errors import CoachNotReady, Conflict, InvalidRequest, NotFound, NotPaid, UnreadablePayment
from backend.services.payees import Payees
from backend.services.platform import namespace_of
from backend.services.reads import NO_SUCH_PAYMENT, Payment, captured, metadata_of, sold_payment
from backend.services.registry import Registry
from backend.services.sessions import is_open, session_of

log = structlog.get_logger(__name__)

REFUNDED = "refunded"


@dataclass(frozen=True)
class Order:
    """What a player asks to buy."""

    coach_id: str
    coach_name: str
    sport: str
    package_type: PackageType
    package_id: int | None = None
    customer_email: str | None = None
    customer_name: str | None = None
    player_id: str | None = None
    player_name: str | None = None


@dataclass(frozen=True)
class Placed:
    """An order that waits for its payment."""

    intent: stripe.PaymentIntent
    offer: Offer
    split: Split


class Payments:
    """The use cases of ``/api/payments`` that concern a purchase."""

    def __init__(
        self,
        client: stripe.StripeClient,
        registry: Registry,
        catalogue: Catalogue,
        rate: FeeRate,
        now: Callable[[], float],
    ) -> None:
        self._client = client
        self._namespace = namespace_of(client)
        self._catalogue = catalogue
        self._rate = rate
        self._now = now
        self._payees = Payees(client, registry, now)

    def create_intent(self, order: Order, attempt: str | None = None, needs_account: bool = False) -> Placed:
        """A PaymentIntent for the order, at the catalogue's price.

        ``attempt`` is the caller's Idempotency-Key: the same one with the same order gives the same intent, or
        the one that took its place when it was canceled; with another order a ``Conflict``; one too when the coach's
        account is gone, for nothing could ever be paid to it. ``needs_account``: raises ``CoachNotReady`` for a coach
        who has none, as the screens expect; one who cannot be paid yet is sold for, and the money waits.
        """
        purchase = self._purchase(order)
        if needs_account and purchase.coach_account_id is None:
            raise CoachNotReady
        customer = None
        if order.customer_email:
            customer = customer_for(self._client, order.customer_email, order.customer_name)
        number = attempt_hash("purchase", attempt) if attempt else secrets.token_hex(16)
        intent = self._create(purchase, number, customer, order.customer_email)
        split = self._rate.split(purchase.offer.price)
        log.info(
            "payment.intent_created",
            payment=intent.id,
            amount=split.amount,
            currency=intent.currency,
            coach=purchase.coach_id,
            coach_account=purchase.coach_account_id,
        )
        return Placed(intent, purchase.offer, split)

    def confirm(self, payment_id: str, claim: SessionClaim, caller: Caller = TRUSTED) -> Session:
        """The session that the payment opened: derived from the payment, only compared with the claim.

        Raises ``NotPaid``, and ``Conflict`` for a refunded payment or a claim of another purchase.
        """
        payment = self.read(payment_id, caller)
        if payment.charge is None:
            raise NotPaid(payment.intent.status)
        try:
            check_claim(claim, payment.purchase)
        except SessionMismatch as mismatch:
            raise Conflict(str(mismatch), field=mismatch.field) from mismatch
        if not captured(payment.charge):
            raise Conflict("The bank returned this payment, so its session is closed.", status=REFUNDED)
        if not is_open(self._client, payment):
            raise Conflict("This payment was refunded, so its session is closed.", status=REFUNDED)
        log.info("payment.confirmed", payment=payment.intent.id, coach=payment.purchase.coach_id)
        return session_of(self._client, payment)

    def read(self, payment_id: str, caller: Caller = TRUSTED) -> Payment:
        """The payment as Stripe has it now. Raises ``NotFound`` for what was not sold here, or not to the caller."""
        payment = sold_payment(self._client, payment_id)
        if not caller.owns_payment(payment.purchase.player_id):
            raise NotFound(NO_SUCH_PAYMENT)
        return payment

    def intent(self, payment_id: str, caller: Caller = TRUSTED) -> stripe.PaymentIntent:
        """The PaymentIntent of a payment that was sold here to the caller; a damaged one is shown as it is."""
        try:
            return self.read(payment_id, caller).intent
        except UnreadablePayment as damage:
            if not caller.owns_payment(metadata_of(damage.intent).get(PLAYER_ID)):
                raise NotFound(NO_SUCH_PAYMENT) from damage
            intent: stripe.PaymentIntent = damage.intent
            return intent

    def set_mode(self, payment_id: str, manual: bool) -> None:
        """Leave the payment to a person from now on (``manual``), or take that back.

        It is a key of its own, which settle never writes, so no settle under way can lose it. Raises ``NotFound``.
        """
        payment = sold_payment(self._client, payment_id)
        marks = {SETTLEMENT_MODE: MODE_MANUAL if manual else MODE_AUTO}
        if payment.note is not None and payment.note.kind == MANUAL:
            marks[SETTLEMENT] = ""  # a word from before it had a key of its own
        self._client.v1.payment_intents.update(payment_id, {"metadata": marks})

    def _purchase(self, order: Order) -> Purchase:
        try:
            offer = self._catalogue.offer(order.sport, order.package_type, order.package_id)
        except NotOffered as refusal:
            raise InvalidRequest(str(refusal), field=refusal.field) from refusal
        return Purchase(
            coach_id=order.coach_id,
            coach_name=order.coach_name,
            offer=offer,
            rate=self._rate,
            player_id=order.player_id,
            player_name=order.player_name,
            coach_account_id=self._payees.for_purchase(order.coach_id),
            namespace=self._namespace,
        )

    def _create(self, purchase: Purchase, number: str, customer: str | None, email: str | None) -> stripe.PaymentIntent:
        """The intent that pays this purchase. A key goes on naming the first one that can still be paid or was:
        past one that was canceled, and past a stored 500, whose intent nobody was told the secret of."""
        for generation in range(GENERATIONS):
            purchase_id = f"{number}_g{generation}" if generation else number
            intent = self._once(self._params(purchase, purchase_id, customer, email), purchase, purchase_id)
            if intent is not None and intent.status != "canceled":
                return intent
        raise Conflict("This purchase was canceled too often. Please begin a new one.")

    def _params(
        self, purchase: Purchase, purchase_id: str, customer: str | None, email: str | None
    ) -> stripe.params.PaymentIntentCreateParams:
        offer = purchase.offer
        what = f"package {offer.package_id}" if offer.package_id else offer.package_type
        params: stripe.params.PaymentIntentCreateParams = {
            "amount": offer.price,
            "currency": self._catalogue.currency,
            "automatic_payment_methods": {"enabled": True},
            "description": f"{offer.sport} {what} with {purchase.coach_name}",
            "metadata": purchase.to_metadata(),
            "transfer_group": self._namespace.group(purchase_id),
        }
        if customer:
            params["customer"] = customer
        if email:
            params["receipt_email"] = email
        return params

    def _once(
        self, params: stripe.params.PaymentIntentCreateParams, purchase: Purchase, purchase_id: str
    ) -> stripe.PaymentIntent | None:
        """The intent as it is now; None where the key holds a stored 500."""
        try:
            intent = self._send(params, purchase, self._namespace.key(f"purchase:{purchase_id}"))
        except stripe.APIError as error:
            if error.http_status is not None and error.http_status >= 500 and is_replay(error.headers):
                return None
            raise
        # A replayed answer is the intent as it was when it was made; it may have been paid or canceled since.
        return self._client.v1.payment_intents.retrieve(intent.id) if was_replayed(intent) else intent

    def _send(
        self, params: stripe.params.PaymentIntentCreateParams, purchase: Purchase, key: str
    ) -> stripe.PaymentIntent:
        for tried in self._tries(params, purchase):
            try:
                return self._client.v1.payment_intents.create(tried, {"idempotency_key": key})
            except stripe.IdempotencyError:
                continue
        raise Conflict("This Idempotency-Key was already used for another purchase.")

    def _tries(
        self, params: stripe.params.PaymentIntentCreateParams, purchase: Purchase
    ) -> Iterator[stripe.params.PaymentIntentCreateParams]:
        """The request, and what it may have been when it was sent before: these are the lawful differences."""
        yield params
        # Between two tries of one purchase the coach may have registered.
        yield {**params, "metadata": replace(purchase, coach_account_id=None).to_metadata()}
        # Or somebody deleted the customer in the Dashboard.
        if "customer" in params and "receipt_email" in params:
            for customer in deleted_lately(self._client, params["receipt_email"], self._now()):
                yield {**params, "customer": customer}
