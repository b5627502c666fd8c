"""The movements of one payment's money, read from the objects that Stripe keeps for ever: charge, refunds, disputes,
transfers, and the coach's own books.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import stripe

from backend.domain.days import spell_day_of
from backend.domain.metadata import PAID_AT
from backend.domain.money_life import Moment, Move, Movement, life
from backend.services.disputes import taken_by
from backend.services.reads import NOT_REFUNDED, PAGE, captured, get_or_none, id_of, list_all
from backend.services.settlement.positions import View

# Nothing at Stripe leads from a payment to its payout. The first automatic ones after the money became available are looked
# through; where none of them lists it, it is not known whether it has left.
_MOST_PAYOUTS = 3
_MOST_TRANSFERS = 5
_OVER = frozenset(["failed", "canceled"])

NOT_BOOKED = "Stripe has not booked its fee yet; it comes within seconds."
OTHER_CURRENCY = "Stripe booked this payment in another currency, so its fee is not in the picture."
ACCOUNT_GONE = (
    "Stripe does not show the books of the coach's account any more, so it cannot be told whether a payout lists it."
)
MANY_TRANSFERS = "The coach was sent many transfers for it; payouts were looked up for the first of them only."


@dataclass(frozen=True)
class Life:
    """The moments of a payment's money, oldest first; the last is now. ``remarks``: what could not be read."""

    moments: list[Moment]
    remarks: tuple[str, ...] = ()


class LifeReader:
    """Reads lives. It writes nothing."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def read(self, view: View) -> Life:
        """The life of a paid payment. One call for Stripe's fee, one for refunds where there are any, and up to five for each
        transfer that the coach holds money of.
        """
        remarks: list[str] = []
        movements = [
            *self._paid(view, remarks),
            *(self._refunded(view) if view.refunds else ()),
            *_disputed(view),
            *self._transferred(view, remarks),
        ]
        return Life(life(movements, view.payment.purchase.rate), tuple(dict.fromkeys(remarks)))

    def _paid(self, view: View, remarks: list[str]) -> Iterator[Movement]:
        charge: Any = view.payment.charge
        booked = self._client.v1.balance_transactions.list({"source": charge.id, "limit": PAGE}).data
        at = _paid_at(view)
        yield Movement(at, Move.PAID, captured(charge) or charge.amount, charge.id)
        if not captured(charge):
            back = [one.created for one in booked if one.amount < 0]
            yield Movement(max(back, default=at), Move.RETURNED, charge.amount, charge.id)
        if not booked:
            remarks.append(NOT_BOOKED)
        for entry in booked:
            if entry.currency != charge.currency:
                remarks.append(OTHER_CURRENCY)
            elif entry.fee:
                yield Movement(max(at, entry.created), Move.STRIPE_FEE, entry.fee, entry.id)

    def _refunded(self, view: View) -> Iterator[Movement]:
        """The refunds again, with their entries in the books: these tell Stripe's fee, and when a failed one came back."""
        charge: Any = view.payment.charge
        expand = ["data.balance_transaction", "data.failure_balance_transaction"]
        for refund in list_all(self._client.v1.refunds.list({"charge": charge.id, "limit": PAGE, "expand": expand})):
            entry: Any = refund.balance_transaction
            text = "under way" if refund.status not in {"succeeded", *NOT_REFUNDED} else ""
            yield Movement(refund.created, Move.REFUNDED, refund.amount, refund.id, text=text)
            if refund.status in NOT_REFUNDED:
                back: Any = refund.failure_balance_transaction
                yield Movement(getattr(back, "created", refund.created), Move.REFUND_FAILED, refund.amount, refund.id)
            if getattr(entry, "fee", 0) and entry.currency == charge.currency:
                yield Movement(refund.created, Move.STRIPE_FEE, entry.fee, entry.id)

    def _transferred(self, view: View, remarks: list[str]) -> Iterator[Movement]:
        for transfer in view.transfers:
            yield Movement(transfer.created, Move.SENT, transfer.amount, transfer.id, transfer.id)
            if transfer.amount_reversed:
                for one in list_all(self._client.v1.transfers.reversals.list(transfer.id, {"limit": PAGE})):
                    yield Movement(one.created, Move.TAKEN_BACK, one.amount, one.id, transfer.id)
        holding = [one for one in view.transfers if one.amount > one.amount_reversed]
        if len(holding) > _MOST_TRANSFERS:
            remarks.append(MANY_TRANSFERS)
        for transfer in holding[:_MOST_TRANSFERS]:
            yield from self._whereabouts(transfer, view.payment.at or 0, remarks)

    def _whereabouts(self, transfer: Any, now: int, remarks: list[str]) -> Iterator[Movement]:
        """The moment at which the coach's money became available, and the payout that lists it, from the coach's own books."""
        arrived, account = id_of(transfer.destination_payment), str(id_of(transfer.destination))
        if arrived is None:
            return
        try:
            booked = self._of_account(account, {"source": arrived, "limit": 1})
            if booked is None:
                remarks.append(ACCOUNT_GONE)
                return
            for entry in booked.data:
                yield from self._available(transfer, account, arrived, entry, now)
        except stripe.PermissionError:
            remarks.append(ACCOUNT_GONE)

    def _available(self, transfer: Any, account: str, arrived: str, entry: Any, now: int) -> Iterator[Movement]:
        if entry.available_on > now:
            return
        at = max(transfer.created, entry.available_on)
        yield Movement(at, Move.AVAILABLE, transfer.amount, entry.id, transfer.id)
        payout = self._payout(account, arrived, at)
        if payout is not None:
            text = (
                f"arrives on {spell_day_of(payout.arrival_date)}"
                if payout.status != "paid"
                else f"arrived on {spell_day_of(payout.arrival_date)}"
            )
            yield Movement(max(at, payout.created), Move.LISTED, transfer.amount, payout.id, transfer.id, text)

    def _payout(self, account: str, arrived: str, since: int) -> Any:
        """The automatic payout that lists the coach's payment; None where none of the first ones after it does."""
        params: Any = {"created": {"gte": since}, "limit": PAGE}
        options: Any = {"stripe_account": account}
        listed = self._client.v1.payouts.list(params, options).data
        automatic = [one for one in reversed(listed) if one.automatic]
        return next((one for one in automatic[:_MOST_PAYOUTS] if self._lists(one, account, arrived)), None)

    def _lists(self, payout: Any, account: str, arrived: str) -> bool:
        if payout.status in _OVER:
            return False
        page = self._of_account(account, {"payout": payout.id, "limit": PAGE})
        entries: Iterable[Any] = islice(page.auto_paging_iter(), 3 * PAGE) if page is not None else ()
        return any(id_of(entry.source) == arrived for entry in entries)

    def _of_account(self, account: str, params: Any) -> Any:
        options: Any = {"stripe_account": account}
        return get_or_none(lambda: self._client.v1.balance_transactions.list(params, options))


def _paid_at(view: View) -> int:
    """The second in which the money came: of a bank debit days after its charge was made."""
    charge: Any = view.payment.charge
    noted = view.payment.metadata.get(PAID_AT, "")
    return int(noted) if noted.isdecimal() else charge.created


def _disputed(view: View) -> Iterator[Movement]:
    """The money that disputes took and gave back, and Stripe's fee for them, by their entries in the books."""
    charge: Any = view.payment.charge
    for dispute in view.disputes:
        booked = list(getattr(dispute, "balance_transactions", None) or [])
        if not booked or any(entry.currency != charge.currency for entry in booked):
            taken = taken_by(dispute, charge.currency)
            if taken:
                yield Movement(dispute.created, Move.DISPUTED, taken, dispute.id)
            continue
        for entry in booked:
            move = Move.DISPUTED if entry.amount < 0 else Move.REINSTATED
            yield Movement(entry.created, move, abs(entry.amount), dispute.id)
            if entry.fee:
                yield Movement(entry.created, Move.STRIPE_FEE, entry.fee, entry.id)
