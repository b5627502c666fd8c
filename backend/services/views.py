"""One payment's money, read whole: what settle decides on, and what the ledger shows."""

from __future__ import annotations

from dataclasses import dataclass

import stripe

from backend.domain.settlement import Position
from backend.services.reads import Payment, disputed_amount, refunded_amount
from backend.services.registry import Registry
from backend.services.transfers import record_of, transfers_of


@dataclass(frozen=True)
class View:
    """One payment's money as it was read. ``listed``: whether its transfers were read or taken to be none."""

    payment: Payment
    position: Position
    destination: str | None
    transfers: tuple[stripe.Transfer, ...]
    listed: bool


class Views:
    """Reads views."""

    def __init__(self, client: stripe.StripeClient, registry: Registry) -> None:
        self._client = client
        self._registry = registry

    def destination(self, payment: Payment) -> str | None:
        """Whom to pay: the account frozen at purchase, else the one that the coach has registered since."""
        return payment.purchase.coach_account_id or self._registry.late_account(payment.purchase.coach_id)

    def read(self, payment: Payment, charge: stripe.Charge, destination: str | None, listed: bool = True) -> View:
        """The money of a paid payment. Raises ``UnclearTransfers``, and whatever Stripe raises."""
        transfers = transfers_of(self._client, payment, destination) if listed else []
        position = Position(
            captured=charge.amount_captured,
            refunded=refunded_amount(self._client, charge),
            disputed=disputed_amount(self._client, charge),
            rate=payment.purchase.rate,
            transfers=[record_of(self._client, transfer) for transfer in transfers],
        )
        return View(payment, position, destination, tuple(transfers), listed)
