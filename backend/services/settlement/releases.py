"""Releasing a payment whose money waits for no account, or for one that is gone: an operator says which is the coach's."""

from __future__ import annotations

from dataclasses import replace

import stripe
import structlog

from backend.domain.metadata import COACH_ACCOUNT_ID, COACH_ACCOUNT_WAS, SETTLEMENT
from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services.coach.accounts import account_or_none, is_gone
from backend.services.coach.registry import Registry
from backend.services.errors import Conflict, Forbidden, Undecided
from backend.services.reads import Payment, metadata_of, sold_payment
from backend.services.settlement.ledger import ledger_of

log = structlog.get_logger(__name__)


class Releases:
    """The use case of ``flask settle --release``."""

    def __init__(self, client: stripe.StripeClient, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    def release(self, payment_id: str, account_id: str) -> None:
        """Freeze the account in the payment, as if the coach had had it at purchase; settling it then pays it.

        The account is an assertion: it has to be the one that is registered for the coach. One that is frozen already
        is replaced only when it is gone and holds nothing of the payment; it is kept in the metadata. Costs four calls,
        one more for each time that the binding was replaced, and for a frozen account the look at it and at the ledger. Raises
        ``NotFound``, ``Conflict``, ``Forbidden``, ``Undecided`` and ``UnclearTransfers``.
        """
        payment = sold_payment(self._client, payment_id)
        frozen, coach_id = payment.purchase.coach_account_id, payment.purchase.coach_id
        if frozen is not None:
            self._check_gone(payment, frozen)
        entry = self._registry.read(coach_id)
        if entry is None or not entry.account_id:
            raise Conflict("The coach has not registered yet, so there is no account to release to.")
        if entry.account_id != account_id:
            raise Forbidden(
                f"The coach is registered with {entry.account_id}. See in the Stripe Dashboard that it is "
                "the coach's own account, and name that one."
            )
        if is_gone(account_or_none(self._client, account_id)):
            raise Conflict(
                f"{account_id} is closed or rejected itself, and nothing can be sent to it. Bind the coach to another "
                f"account first: flask coaches rebind {coach_id} --to acct_… --why …"
            )
        changes = {COACH_ACCOUNT_ID: account_id, **_lifting(payment), **_keeping(payment, frozen)}
        self._client.v1.payment_intents.update(payment_id, {"metadata": changes})
        log.info("payment.released", payment=payment_id, account=account_id, was=frozen, coach=coach_id)

    def _check_gone(self, payment: Payment, frozen: str) -> None:
        """True if nothing of the payment is, or can still arrive, at the account that was frozen."""
        if not is_gone(account_or_none(self._client, frozen)):
            raise Conflict(f"The coach had an account at purchase already: {frozen}.")
        if payment.note is not None and payment.note.kind == MoneyState.UNKNOWN:
            raise Undecided(
                "Stripe has not said yet what became of the last transfer of this payment. Settle it in three hours, "
                "and release it then."
            )
        held = ledger_of(self._client, self._registry, payment.intent.id).held
        if held:
            raise Conflict(
                f"{frozen} is gone, but still holds {held} of this payment, in minor units. Get that back first, or "
                "leave the payment to yourself: flask settle --manual."
            )


def _lifting(payment: Payment) -> dict[str, str]:
    """The note of a payment that was refused for want of such an account: what it waits for has come."""
    note = payment.note
    if note is None or note.reason != Reason.REFUSED:
        return {}
    # The generation stays, so that whoever read the payment before asks under the same key.
    return {SETTLEMENT: str(replace(note, reason=Reason.NO_ACCOUNT))}


def _keeping(payment: Payment, frozen: str | None) -> dict[str, str]:
    """The accounts that were frozen in the payment until now."""
    if frozen is None:
        return {}
    earlier = metadata_of(payment.intent).get(COACH_ACCOUNT_WAS)
    return {COACH_ACCOUNT_WAS: f"{earlier},{frozen}" if earlier else frozen}
