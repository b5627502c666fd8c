"""The platform's books of some time, sorted by payment: who paid, what went back, what the coaches were sent.

Every movement of the platform's money is a balance transaction, and each names the object that caused it. That object
is read with it, and with it its PaymentIntent, whose metadata says what was sold.
https://docs.stripe.com/reports/balance-transaction-types
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import stripe

from backend.domain.membership import named_payments
from backend.domain.metadata import PAYMENT
from backend.domain.namespace import Namespace, is_marked
from backend.services.reads import get_or_none, id_of, metadata_of

EXPAND = ["data.source", "data.source.payment_intent"]

_PAID = frozenset(["charge", "payment"])
_UNPAID = frozenset(["payment_failure_refund", "payment_reversal"])
# Types whose object has to be known. The others are Stripe's fees, payouts, reserves.
_OF_PAYMENTS = (
    _PAID
    | _UNPAID
    | frozenset(["refund", "payment_refund", "refund_failure", "adjustment"])
    | frozenset(["transfer", "transfer_refund", "transfer_failure", "transfer_cancel"])
)
_GIVEN_BACK = "dispute_reversal"


@dataclass
class Traces:
    """The objects in the books that belong to one payment, by id. ``intent``: None where nothing led to it.

    ``needs_look``: something was undone, which what is seen here cannot explain. ``walked``: the charge is of long before
    the window, because a share that was kept may be due; what happened in between is not here.
    """

    intent: Any = None
    charges: dict[str, Any] = field(default_factory=dict)
    refunds: dict[str, Any] = field(default_factory=dict)
    disputes: dict[str, Any] = field(default_factory=dict)
    transfers: dict[str, Any] = field(default_factory=dict)
    needs_look: bool = False
    walked: bool = False

    def was_paid_by(self, namespace: Namespace) -> bool:
        """True if one of the transfers is this deployment's."""
        return any(namespace.is_ours(metadata_of(transfer)) for transfer in self.transfers.values())


class Books:
    """Collects. ``unjoined``: the balance transactions whose payment could not be found out, with the reason."""

    def __init__(self) -> None:
        self.payments: defaultdict[str, Traces] = defaultdict(Traces)
        self.unjoined: dict[str, str] = {}
        self._payment_of_charge: dict[str, str] = {}
        self._transfers: dict[str, tuple[Any, str]] = {}
        self._reversals: dict[str, tuple[Any, str]] = {}
        self._readers: dict[str, Callable[[Any, Any], None]] = {
            "charge": self._charge,
            "refund": lambda entry, source: self.add_refund(source, undone=entry.type == "refund_failure"),
            "dispute": self._dispute,
            "transfer": lambda entry, source: self.add_transfer(source, entry.id),
            "transfer_reversal": self._reversal,
        }

    def add(self, entry: Any) -> None:
        """Take in one balance transaction. One that cannot be read keeps nobody from the next."""
        try:
            self._add(entry)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one of them, it is reported by its id)
            self.unjoined[entry.id] = type(error).__name__

    def _add(self, entry: Any) -> None:
        source = entry.source
        if source is None or entry.type not in _OF_PAYMENTS:
            return
        if isinstance(source, str):
            self.unjoined[entry.id] = "not_expanded"
            return
        reader = self._readers.get(source.object)
        if reader is not None:
            reader(entry, source)

    def add_kept(self, entry: Any, is_kept: Callable[[Any], bool]) -> None:
        """Take in a charge of long before the window, if its payment's share was kept and nothing else led to it."""
        intent = getattr(entry.source, "payment_intent", None)
        if intent is None or isinstance(intent, str) or not is_kept(intent):
            return
        known = self.payments.get(intent.id)
        if known is not None and known.charges:
            return  # of the window itself: all that followed is here
        self.add(entry)
        self.payments[intent.id].walked = True

    def add_refund(self, refund: Any, undone: bool = False) -> None:
        """Take in a refund, as it is now."""
        traces = self._traces(refund)
        if traces is not None:
            traces.refunds[refund.id] = refund
            traces.needs_look = traces.needs_look or undone

    def add_transfer(self, transfer: Any, entry_id: str = "") -> None:
        """Take in a transfer. Its payment is found when all is there: see ``join_transfers``."""
        self._transfers[transfer.id] = (transfer, entry_id or transfer.id)

    def keep_only(self, wanted: Callable[[Traces], bool]) -> None:
        """Forget the other payments."""
        for payment_id in [one for one, traces in self.payments.items() if not wanted(traces)]:
            del self.payments[payment_id]

    def knows(self, transfer: Any) -> bool:
        """True if a transfer belongs, or says that it belongs, to a payment that is here already."""
        source = id_of(transfer.source_transaction)
        if source is not None:
            return self._payment_of_charge.get(source) in self.payments
        return any(payment_id in self.payments for payment_id in named_payments(metadata_of(transfer)))

    def _charge(self, entry: Any, charge: Any) -> None:
        traces = self._traces(charge)
        if traces is None:
            return
        self._payment_of_charge[charge.id] = str(id_of(charge.payment_intent))
        if entry.type in _PAID:
            traces.charges[charge.id] = charge
        if entry.type in _UNPAID or entry.currency != charge.currency:
            traces.needs_look = True

    def _dispute(self, entry: Any, dispute: Any) -> None:
        traces = self._traces(dispute)
        if traces is not None:
            traces.disputes[dispute.id] = dispute
            traces.needs_look = traces.needs_look or entry.reporting_category == _GIVEN_BACK

    def _reversal(self, entry: Any, reversal: Any) -> None:
        self._reversals[str(id_of(reversal.transfer))] = (reversal, entry.id)

    def _traces(self, item: Any) -> Traces | None:
        """The traces of the payment that an object belongs to; None if it belongs to none."""
        intent = getattr(item, "payment_intent", None)
        payment_id = id_of(intent)
        if payment_id is None:
            return None
        traces = self.payments[payment_id]
        if not isinstance(intent, str):
            traces.intent = intent
        return traces

    def join_transfers(self, client: stripe.StripeClient, before_call: Callable[[], None]) -> None:
        """Find the payments of the transfers and reversals. Costs a call for each that does not say.

        ``before_call`` is called before each.
        """
        for transfer_id, (reversal, entry_id) in self._reversals.items():
            self._in_its_own_boat(entry_id, partial(self._join_reversal, client, before_call, transfer_id, reversal))
        for transfer, entry_id in list(self._transfers.values()):
            self._in_its_own_boat(entry_id, partial(self._join_transfer, client, before_call, transfer))

    def _in_its_own_boat(self, entry_id: str, join: Callable[[], None]) -> None:
        try:
            join()
        except Exception as error:  # noqa: BLE001  (as above)
            self.unjoined[entry_id] = type(error).__name__

    def _join_reversal(
        self, client: stripe.StripeClient, before_call: Callable[[], None], transfer_id: str, reversal: Any
    ) -> None:
        if transfer_id in self._transfers:
            return  # its amount is what was sent less what came back
        metadata = metadata_of(reversal)
        if is_marked(metadata) and PAYMENT in metadata:
            self.payments[metadata[PAYMENT]].needs_look = True
            return
        before_call()
        transfer = get_or_none(lambda: client.v1.transfers.retrieve(transfer_id))
        if transfer is not None:
            self.add_transfer(transfer)

    def _join_transfer(self, client: stripe.StripeClient, before_call: Callable[[], None], transfer: Any) -> None:
        for payment_id in self._payments_of(client, before_call, transfer):
            self.payments[payment_id].transfers[transfer.id] = transfer

    def _payments_of(
        self, client: stripe.StripeClient, before_call: Callable[[], None], transfer: Any
    ) -> Iterable[str]:
        """The payment of its source; without a source, those that its metadata names."""
        source, metadata = id_of(transfer.source_transaction), metadata_of(transfer)
        if source is None:
            return named_payments(metadata)
        known = self._payment_of_charge.get(source)
        if known is not None:
            return [known]
        if is_marked(metadata) and PAYMENT in metadata:
            return [metadata[PAYMENT]]
        before_call()
        charge = get_or_none(lambda: client.v1.charges.retrieve(source))
        payment_id = id_of(charge.payment_intent) if charge is not None else None
        return [payment_id] if payment_id else []
