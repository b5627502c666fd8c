"""The manual transfer: the caller's account and amount are assertions, never orders. Then it settles."""

from __future__ import annotations

import stripe

from backend.domain.reasons import WORDS, words_of
from backend.domain.requests import TransferClaim
from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services.coach.registry import Registry
from backend.services.errors import Conflict, Forbidden, Undecided
from backend.services.reads import Payment, sold_payment
from backend.services.settlement.positions import PositionReader
from backend.services.settlement.settle import Settlement, Settler


class ManualTransfers:
    """The use case of ``/api/connect/transfer``."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, settler: Settler) -> None:
        self._client = client
        self._positions = PositionReader(client, registry)
        self._settler = settler

    def transfer(self, claim: TransferClaim) -> stripe.Transfer:
        """The transfer of the coach's share, made now if it was not yet; the same one however often asked.

        The answer is the state, not the first transfer found: a share that waits is a ``Conflict`` that says why, also
        where an earlier transfer was taken back. Raises ``NotFound``, ``Forbidden`` (not the paid coach's account) or
        ``Conflict``.
        """
        payment = sold_payment(self._client, claim.payment_id)
        self._check(claim, payment)
        settlement = self._settler.settle(claim.payment_id, adopt=True)
        holding = [one for one in settlement.transfers if one.amount_reversed < one.amount]
        nothing_waits = settlement.state == MoneyState.SETTLED or (
            settlement.state == MoneyState.HELD and settlement.waits < 0
        )
        if holding and nothing_waits:
            return holding[0]
        raise _refusal(settlement)

    def _check(self, claim: TransferClaim, payment: Payment) -> None:
        if payment.charge is None:
            raise Conflict("This payment has not been completed, so there is nothing to transfer.")
        if claim.amount != payment.intent.amount:
            raise Conflict("The amount is not the amount that was paid.")
        payee = self._positions.destination(payment)
        if payee is None:
            raise Conflict(WORDS[Reason.NO_ACCOUNT].answer)
        if claim.coach_account_id != payee:
            raise Forbidden("This is not the account of the coach who was paid.")


def _refusal(settlement: Settlement) -> Exception:
    if settlement.state == MoneyState.SETTLED:
        return Conflict("Nothing of this payment is left for the coach.")
    answer = words_of(settlement.note).answer
    if answer:
        return Conflict(answer)
    return Undecided("The transfer could not be made now. Please try again later.")
