"""Buying: the intent, its confirmation as a session, and reading it back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any, cast

import stripe
import structlog

from backend.domain import idempotency_keys
from backend.domain.access import TRUSTED, Caller
from backend.domain.catalogue import Catalogue, NotOffered, Offer
from backend.domain.metadata import (
    MODE_AUTO,
    MODE_MANUAL,
    PLAYER_ID,
    SETTLEMENT,
    SETTLEMENT_MODE,
    Purchase,
)
from backend.domain.money import FeeRate, Split
from backend.domain.requests import Order
from backend.domain.sessions import Session, SessionClaim, SessionMismatch, check_claim
from backend.domain.states import MoneyState
from backend.services import objects
from backend.services.coach.payees import Payees
from backend.services.coach.registry import Registry
from backend.services.creation import GENERATIONS
from backend.services.errors import CoachNotReady, Conflict, InvalidRequest, NotFound, NotPaid, UnreadablePayment
from backend.services.kept_days import KeptDays
from backend.services.purchases.customers import Customers, names_no_customer
from backend.services.purchases.declines import is_blocked
from backend.services.purchases.sessions import is_open, session_of
from backend.services.reads import NO_SUCH_PAYMENT, Payment, captured, metadata_of, sold_payment
from backend.services.write_outcome import is_replay, was_replayed
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

REFUNDED = "refunded"


@dataclass
class Buyer:
    """The buyer: the address as typed, and the customer of it. Without an address there is none."""

    email: str | None = None
    name: str | None = None
    customer: str | None = None


@dataclass(frozen=True)
class PlacedOrder:
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
        self._customers = Customers(client, now)
        self._payees = Payees(client, registry, now)
        self._kept_days = KeptDays(client)

    def create_intent(
        self,
        order: Order,
        idempotency_key: str | None = None,
        *,
        subject: str | None = None,
        needs_account: bool = False,
    ) -> PlacedOrder:
        """A PaymentIntent for the order, at the catalogue's price.

        ``idempotency_key`` is the caller's Idempotency-Key: the same one with the same order gives the same intent, or
        the one that took its place when it was canceled; with another order a ``Conflict``; one too when too many cards
        were declined for it, and when the coach's account is gone, for nothing could ever be paid to it. ``subject`` is
        the signed-in caller, whose keys are nobody else's. ``needs_account``: raises ``CoachNotReady`` for a coach who
        has none, as the screens expect; one who cannot be paid yet is sold for, and the money waits.
        """
        purchase, buyer = self._purchase(order, needs_account)
        if purchase.offer.release.keeps:
            self._kept_days.remember(purchase.offer.release.days)
        number = _purchase_number(idempotency_key, subject)
        intent = self._create(purchase, number, buyer)
        split = self._rate.split(purchase.offer.price)
        log.info(
            "payment.intent_created",
            payment=intent.id,
            amount=split.amount,
            currency=intent.currency,
            coach=purchase.coach_id,
            coach_account=purchase.coach_account_id,
        )
        return PlacedOrder(intent, purchase.offer, split)

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
        if payment.note is not None and payment.note.kind == MoneyState.MANUAL:
            marks[SETTLEMENT] = ""  # a word from before it had a key of its own
        self._client.v1.payment_intents.update(payment_id, {"metadata": marks})

    def _purchase(self, order: Order, needs_account: bool) -> tuple[Purchase, Buyer]:
        try:
            offer = self._catalogue.offer(order.sport, order.package_type, order.package_id)
        except NotOffered as refusal:
            raise InvalidRequest(str(refusal), field=refusal.field) from refusal
        account, buyer = self._account_and_buyer(order, needs_account)
        purchase = Purchase(
            coach_id=order.coach_id,
            coach_name=order.coach_name,
            offer=offer,
            rate=self._rate,
            player_id=order.player_id,
            player_name=order.player_name,
            coach_account_id=account,
            namespace=self._namespace,
        )
        return purchase, buyer

    def _account_and_buyer(self, order: Order, needs_account: bool) -> tuple[str | None, Buyer]:
        """The coach's account and the buyer. A customer is made last: a sale that is refused leaves none behind."""
        email = order.customer_email
        if not email:
            return self._payee(order.coach_id, needs_account), Buyer()
        customer = self._customers.remembered(email)
        if customer is not None or self._payees.are_remembered(order.coach_id):
            account = self._payee(order.coach_id, needs_account)
            customer = customer or self._customers.find(email)
        else:
            # Both at once, within one budget: the context goes along. The block ends when both have ended.
            with ThreadPoolExecutor(1) as beside:
                found = beside.submit(copy_context().run, self._customers.find, email)
                account = self._payee(order.coach_id, needs_account)
            customer = found.result()
        customer = customer or self._customers.create(email, order.customer_name)
        return account, Buyer(email, order.customer_name, customer)

    def _payee(self, coach_id: str, needs_account: bool) -> str | None:
        account = self._payees.for_purchase(coach_id)
        if account is None and needs_account:
            raise CoachNotReady
        return account

    def _create(self, purchase: Purchase, number: str, buyer: Buyer) -> stripe.PaymentIntent:
        """The intent that pays this purchase. A key goes on naming the first one that can still be paid or was: past
        one that was canceled, past a stored 500, whose intent nobody was told the secret of, and past a refusal. One that
        was stopped after too many declined cards ends the key: a ``Conflict``.
        """
        for generation in range(GENERATIONS):
            purchase_id = f"{number}_g{generation}" if generation else number
            intent = self._once(purchase, purchase_id, buyer)
            if intent is not None and intent.status != "canceled":
                return intent
            if intent is not None and is_blocked(intent):
                raise Conflict("Too many cards were declined for this purchase. Please begin a new one later.")
        raise Conflict("This purchase was canceled too often. Please begin a new one.")

    def _once(self, purchase: Purchase, purchase_id: str, buyer: Buyer) -> stripe.PaymentIntent | None:
        """The intent as it is now; None where the key holds a stored 500, or the refusal of a customer who is gone."""
        try:
            intent = self._send(purchase, purchase_id, buyer)
        except stripe.APIError as error:
            if error.http_status is not None and error.http_status >= 500 and is_replay(error.headers):
                return None
            raise
        # A replayed answer is the intent as it was when it was made; it may have been paid or canceled since.
        replayed = intent is not None and was_replayed(intent)
        return self._client.v1.payment_intents.retrieve(cast(Any, intent).id) if replayed else intent

    def _send(self, purchase: Purchase, purchase_id: str, buyer: Buyer) -> stripe.PaymentIntent | None:
        """The answer under the key to the request, or to what it may have been when it was sent before.

        None where the key holds the refusal of a customer who is gone: nothing was made, and nothing ever will be.
        """
        for tried, customer in self._tries(purchase, buyer):
            try:
                return self._post(tried, purchase_id, buyer, customer)
            except stripe.IdempotencyError:
                continue
            except stripe.InvalidRequestError as refusal:
                if customer is None or not names_no_customer(refusal):
                    raise
                return self._send_for_another(purchase, purchase_id, buyer) if customer == buyer.customer else None
        raise Conflict("This Idempotency-Key was already used for another purchase.")

    def _send_for_another(self, purchase: Purchase, purchase_id: str, buyer: Buyer) -> stripe.PaymentIntent | None:
        """The answer once the customer who is gone has a successor; None where Stripe keeps the refusal under the key."""
        if buyer.email is not None:
            buyer.customer = self._customers.look_again(buyer.email, buyer.name)
        try:
            return self._post(purchase, purchase_id, buyer, buyer.customer)
        except stripe.IdempotencyError:
            return None

    def _tries(self, purchase: Purchase, buyer: Buyer) -> Iterator[tuple[Purchase, str | None]]:
        """The request, and what it may have been when it was sent before: these are the lawful differences."""
        # Between two tries of one purchase the coach may have registered.
        purchases = (
            [purchase] if purchase.coach_account_id is None else [purchase, replace(purchase, coach_account_id=None)]
        )
        yield from ((tried, buyer.customer) for tried in purchases)
        # Or another worker knows another customer of this address, or somebody deleted one in the Dashboard.
        if buyer.email is not None:
            for customer in self._customers.others(buyer.email, buyer.customer):
                yield from ((tried, customer) for tried in purchases)

    def _post(self, purchase: Purchase, purchase_id: str, buyer: Buyer, customer: str | None) -> stripe.PaymentIntent:
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
        if buyer.email:
            params["receipt_email"] = buyer.email
        key = idempotency_keys.purchase(self._namespace, purchase_id)
        intent: stripe.PaymentIntent = objects.create(self._client, "payment_intents", params, key)
        return intent


def _purchase_number(idempotency_key: str | None, subject: str | None) -> str:
    """The purchase's id: random, or a hash of the caller's key together with whose it is."""
    if not idempotency_key:
        return secrets.token_hex(16)
    return idempotency_keys.purchase_id(idempotency_key, subject)
