"""Holds: the reason why money waits, and how to tell from Stripe that it need not wait any longer.

A hold that still stands is left without a write: running the sweep twice changes nothing the second time.
"""

from __future__ import annotations

from typing import cast

import stripe

from backend.domain.requirements import is_payable
from backend.domain.settlement import KEY_RETIRES_AFTER, Note, Reason, Step, TakeBack, part_of
from backend.domain.states import MoneyState
from backend.services.coach.accounts import account_or_none, is_gone
from backend.services.coach.registry import Registry
from backend.services.reads import Payment, get_or_none
from backend.services.write_outcome import Refused

# What mends these is a person, so asking again can wait.
_WAITS: dict[Reason | None, float] = {
    Reason.REFUSED: 3_600,
    Reason.NOT_ALLOWED: 3_600,
}

# https://docs.stripe.com/error-codes; the first is what transfers really answer with.
_NOT_READY = frozenset(["insufficient_capabilities_for_transfer", "transfers_not_allowed", "capability_not_active"])

_BY_CODE = {"balance_insufficient": Reason.PLATFORM_BALANCE}


class Holds:
    """Looks at what a hold waits for: the coach's account, a balance, or time."""

    def __init__(self, client: stripe.StripeClient, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    def reason(self, payment: Payment, step: Step, refused: Refused, destination: str | None) -> Reason:
        """The reason why Stripe refused the step. One of the account, or without a code, costs a read."""
        code = refused.code
        if code == "account_invalid" or (code, refused.param) == ("resource_missing", "destination"):
            return Reason.ACCOUNT_GONE
        if isinstance(step, TakeBack):
            return Reason.CLAWBACK_PENDING
        if code in _NOT_READY:
            # Stripe refuses both alike; but nobody can finish the onboarding of a rejected account.
            return Reason.ACCOUNT_GONE if is_gone(self._account(destination)) else Reason.COACH_NOT_READY
        known = _BY_CODE.get(code)
        if known is not None:
            return known
        return Reason.SETTLEMENT_CURRENCY if self._arrived_in_another_currency(payment) else Reason.REFUSED

    def still(self, payment: Payment, step: Step, destination: str | None) -> Note | None:
        """The payment's own note, if it holds exactly this step and what it waits for has not come."""
        note = payment.note
        if (
            note is None
            or note.kind != MoneyState.HELD
            or note.slot != step.slot
            or note.amount not in (None, step.owed)
        ):
            return None
        return None if self._lifted(payment, note, destination, step) else note

    def lifted_meanwhile(self, payment: Payment, note: Note, destination: str | None) -> bool:
        """True if the coach became payable while the note was written; nothing would come to tell us."""
        return note.reason in (Reason.NO_ACCOUNT, Reason.COACH_NOT_READY) and self._lifted(payment, note, destination)

    def available(self, currency: str, account_id: str | None) -> int:
        """The available balance of a connected account, or (None) of the platform, in minor units."""
        options: stripe.RequestOptions = {"stripe_account": account_id} if account_id else {}
        balance = get_or_none(lambda: self._client.v1.balance.retrieve({}, options))
        entries = balance.available if balance is not None else []
        return sum(entry.amount for entry in entries if entry.currency == currency)

    def _lifted(self, payment: Payment, note: Note, destination: str | None, step: Step | None = None) -> bool:
        age = (payment.at or 0) - note.at
        currency = payment.intent.currency
        match note.reason:
            case Reason.NO_ACCOUNT:
                coach_id = payment.purchase.coach_id
                return destination is not None or self._registry.late_account(coach_id) is not None
            case Reason.COACH_NOT_READY | Reason.ACCOUNT_GONE:
                return self._account_changed(note, destination)
            case Reason.PLATFORM_BALANCE:
                return self.available(currency, None) >= (note.amount or 0)
            case Reason.CLAWBACK_PENDING:
                # Where the platform backs the coach's balance, Stripe may agree before the money is there.
                there = self.available(currency, destination)
                part = part_of(step, there, payment.at) if isinstance(step, TakeBack) else None
                return there >= (note.amount or 0) or part is not None or age > KEY_RETIRES_AFTER
            case Reason.SETTLEMENT_CURRENCY:
                return not self._arrived_in_another_currency(payment)
            case _:
                return age > _WAITS.get(note.reason, float("-inf"))

    def _account_changed(self, note: Note, destination: str | None) -> bool:
        """True if the account is not as the note says: a note of another reason belongs there by now, or none."""
        account = self._account(destination)
        if note.reason == Reason.ACCOUNT_GONE:
            return not is_gone(account)
        return is_gone(account) or (account is not None and is_payable(account))

    def _account(self, account_id: str | None) -> stripe.Account | None:
        return account_or_none(self._client, account_id) if account_id else None

    def _arrived_in_another_currency(self, payment: Payment) -> bool:
        """True if the charge's money was booked in another currency, which alone can be transferred from it."""
        charge = cast(stripe.Charge, payment.charge)
        # Asked for by source: the charge itself learns of its entry seconds later.
        booked = self._client.v1.balance_transactions.list({"source": charge.id, "limit": 1}).data
        return any(entry.currency != payment.intent.currency for entry in booked)
