"""Why money waits, and how to tell from Stripe that it need not wait any longer.

A hold that still stands is left without a write: running the sweep twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable

import stripe

from backend.domain.settlement import HELD, KEY_RETIRES_AFTER, Note, Reason, Step
from backend.services.reads import Payment, found, is_payable
from backend.services.registry import Registry

# A refusal that none of the reasons explains: what mends it is a person, so asking again can wait.
_REFUSED_WAITS = 3_600


class Holds:
    """Looks at what a hold waits for: the coach's account, a balance, or time."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, now: Callable[[], int]) -> None:
        self._client = client
        self._registry = registry
        self._now = now

    def still(self, payment: Payment, step: Step, destination: str | None) -> Note | None:
        """The payment's own note, if it holds exactly this step and what it waits for has not come."""
        note = payment.note
        if note is None or note.kind != HELD or note.slot != step.slot or note.amount not in (None, step.owed):
            return None
        return None if self._lifted(payment, note, destination) else note

    def lifted_meanwhile(self, payment: Payment, note: Note, destination: str | None) -> bool:
        """Whether the coach became payable while the note was written; nothing would come to tell us."""
        return note.reason in (Reason.NO_ACCOUNT, Reason.COACH_NOT_READY) and self._lifted(payment, note, destination)

    def _lifted(self, payment: Payment, note: Note, destination: str | None) -> bool:
        age = self._now() - note.at
        currency = payment.intent.currency
        match note.reason:
            case Reason.NO_ACCOUNT:
                coach_id = payment.purchase.coach_id
                return destination is not None or self._registry.late_account(coach_id) is not None
            case Reason.COACH_NOT_READY:
                account = found(lambda: self._client.v1.accounts.retrieve(destination)) if destination else None
                return account is not None and is_payable(account)
            case Reason.PLATFORM_BALANCE:
                return self._available(currency, None) >= (note.amount or 0)
            case Reason.CLAWBACK_PENDING:
                # Where the platform backs the coach's balance, Stripe may agree before the money is there.
                covered = self._available(currency, destination) >= (note.amount or 0)
                return covered or age > KEY_RETIRES_AFTER
            case Reason.REFUSED:
                return age > _REFUSED_WAITS
            case _:
                return True

    def _available(self, currency: str, account_id: str | None) -> int:
        options: stripe.RequestOptions = {"stripe_account": account_id} if account_id else {}
        balance = found(lambda: self._client.v1.balance.retrieve({}, options))
        entries = balance.available if balance is not None else []
        return sum(entry.amount for entry in entries if entry.currency == currency)
