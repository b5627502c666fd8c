"""The meaning of a payment's money, in one word: for lists of payments, and the same as ``flask why`` and the map say."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import stripe

from backend.domain.metadata import COACH_ID, COACH_NAME
from backend.domain.placeholders import real_name, real_player_id
from backend.domain.states import MoneyState
from backend.services.coach.registry import Registry
from backend.services.operators.why import Explainer
from backend.services.operators.why_ends import NOT_A_PURCHASE, UNREADABLE, UNTOLD, Explanation, Look
from backend.services.operators.why_finder import Finder
from backend.services.reads import metadata_of
from backend.services.settlement.ledger import Ledger

PROCESSING = "processing"
# Payments are looked at side by side: each costs a few calls, and a page has a second or two.
_AT_ONCE = 8
PAGE_SIZE = 25


class Standing(StrEnum):
    """The meaning of a payment's money now. The order is that of a list: what needs somebody first."""

    UNCLEAR = "unclear"  # it cannot be told what the coach holds, or should
    OWED_BACK = "owed_back"  # the coach holds more than the share
    HELD = "held"  # the coach is still owed
    BY_HAND = "by_hand"  # a person settles it
    NOT_ADOPTED = "not_adopted"  # the Node backend sold it, and nothing settles it by itself
    UNDER_WAY = "under_way"  # the player has paid, and the bank takes days
    DISPUTED = "disputed"  # the player's bank took it, and the coach holds what the coach should
    REFUNDED = "refunded"  # the player has it back, and the coach holds nothing
    SETTLED = "settled"  # the coach holds exactly the share
    CART = "cart"  # it was never paid


@dataclass(frozen=True)
class Row:
    """One payment of a list. Amounts in minor units; ``owed`` below zero is owed back by the coach."""

    payment_id: str
    created: int
    amount: int
    currency: str
    status: str
    coach_id: str
    coach_name: str
    player: str
    what: str
    standing: Standing
    explanation: Explanation
    ledger: Ledger | None

    @property
    def owed(self) -> int:
        """The part of the share that the coach does not hold."""
        return self.ledger.owed if self.ledger is not None else 0


@dataclass(frozen=True)
class Listing:
    """Payments, newest first. ``after``: the id to go on from; None where there are no more. ``looked``: how far."""

    rows: list[Row]
    after: str | None = None
    looked: str = ""


def standing_of(look: Look) -> Standing:
    """The meaning of one payment's money."""
    payment, ledger = look.payment, look.ledger
    if look.explanation.state in (UNREADABLE, UNTOLD) or payment is None or ledger is None:
        return Standing.UNCLEAR
    if payment.charge is None:
        return Standing.UNDER_WAY if payment.intent.status == PROCESSING else Standing.CART
    if payment.is_manual:
        return Standing.BY_HAND
    return _at_rest(ledger) if ledger.balances else _waiting(ledger, look.explanation.state)


def _waiting(ledger: Ledger, state: str) -> Standing:
    if state == MoneyState.NOT_OURS:
        return Standing.NOT_ADOPTED
    return Standing.HELD if ledger.owed > 0 else Standing.OWED_BACK


def _at_rest(ledger: Ledger) -> Standing:
    if ledger.disputed:
        return Standing.DISPUTED
    return Standing.REFUNDED if not ledger.kept else Standing.SETTLED


class Standings:
    """Lists payments with their standing. It writes nothing."""

    def __init__(self, client: stripe.StripeClient, registry: Registry) -> None:
        self._client = client
        self._explainer = Explainer(client, registry)

    def newest(self, after: str | None = None, since: int | None = None, until: int | None = None) -> Listing:
        """A page of the newest purchases, or of those begun in a time (unix seconds, the end not included)."""
        created = {name: at for name, at in (("gte", since), ("lt", until)) if at is not None}
        params: Any = {"limit": PAGE_SIZE, "expand": ["data.latest_charge"]}
        params |= {"created": created} if created else {}
        params |= {"starting_after": after} if after else {}
        page = self._client.v1.payment_intents.list(params)
        return Listing(self._rows(page.data), page.data[-1].id if page.has_more else None)

    def found(self, query: str, since: int | None = None, until: int | None = None) -> Listing:
        """The newest payments that a query leads to: any id, a coach, an email, the last digits of a card."""
        seen = Finder(self._client).find(query)
        known = {intent.id: intent for intent in seen.intents}
        missing = [one for one in seen.payment_ids[:PAGE_SIZE] if one not in known]
        looks = [look for look in map(self._explainer.look, missing) if look is not None]
        rows = [_row(look) for look in looks if look.payment is not None]
        wanted = [one for one in seen.intents if (since or 0) <= one.created and (until is None or one.created < until)]
        more = "" if seen.whole and len(wanted) <= PAGE_SIZE else " There may be more."
        return Listing([*rows, *self._rows(wanted[:PAGE_SIZE])], None, f"Looked for {seen.looked}.{more}")

    def found_of_coach(self, coach_id: str) -> list[Row]:
        """The newest payments for one coach."""
        theirs = [
            one for one in Finder(self._client).of_coach(coach_id).intents if metadata_of(one).get(COACH_ID) == coach_id
        ]
        return self._rows(theirs[:PAGE_SIZE])

    def _rows(self, intents: Sequence[stripe.PaymentIntent]) -> list[Row]:
        if not intents:
            return []
        with ThreadPoolExecutor(min(_AT_ONCE, len(intents))) as beside:
            # The context goes along: within it all calls count as this request's.
            tasks = [beside.submit(copy_context().run, self._look, one) for one in intents]
        looks = [task.result() for task in tasks]
        return [
            _row(look, intent)
            for look, intent in zip(looks, intents, strict=True)
            if look is not None and look.explanation.state != NOT_A_PURCHASE
        ]

    def _look(self, intent: stripe.PaymentIntent) -> Look | None:
        """One payment; it is read again where it was found without its charge."""
        if isinstance(intent.latest_charge, str):
            return self._explainer.look(intent.id)
        return self._explainer.look_at(intent)


def _row(look: Look, read: stripe.PaymentIntent | None = None) -> Row:
    payment = look.payment
    intent: Any = payment.intent if payment is not None else read
    metadata, purchase = metadata_of(intent), payment.purchase if payment is not None else None
    offer = purchase.offer if purchase is not None else None
    return Row(
        payment_id=intent.id,
        created=intent.created,
        amount=intent.amount,
        currency=intent.currency,
        status=intent.status,
        coach_id=metadata.get(COACH_ID, ""),
        coach_name=metadata.get(COACH_NAME, ""),
        player=(real_name(purchase.player_name) or real_player_id(purchase.player_id) or "") if purchase else "",
        what=f"{offer.clips} clips, {offer.days} days" if offer is not None else "",
        standing=standing_of(look),
        explanation=look.explanation,
        ledger=look.ledger,
    )
