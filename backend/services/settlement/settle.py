"""The heart: ``settle`` makes the coach hold exactly what the coach should, and does nothing twice.

Every trigger (a payment, a refund, a dispute, late onboarding, a manual transfer, the sweep) calls the same
function. It is level-triggered: it reads the money as it is now, takes one step towards what it should be,
and looks again. ``domain/settlement.py`` decides; this module reads and writes.

Why it is exactly-once with no database:

- The key of a write is a compare-and-swap. It names the payment and the *slot* (how many transfers there
  are, or how many reversals of one transfer). Equal views send equal bytes and Stripe does it once; a
  different view sends the same key with another amount, is told so, and looks again.
- The ledger outlives the keys. Stripe forgets keys after 24 hours and redelivers for three days, so the
  payment's transfers are listed before anything is written. See ``_may_skip_list`` for the one exception.
- A failure that is stored under a key is escaped by the key's generation, at the pace that the note on the
  payment sets. See ``judge`` in ``domain/settlement.py``.
"""

from __future__ import annotations

from dataclasses import replace

import stripe

from backend.domain.metadata import RELEASED_AT
from backend.domain.settlement import FRESH_PAYMENT, Note, Reason
from backend.domain.states import MoneyState
from backend.services.coach.registry import Registry
from backend.services.disputes import UnclearDispute
from backend.services.errors import Undecided, UnreadablePayment
from backend.services.reads import Payment, read_payment
from backend.services.release import is_due
from backend.services.settlement.adoption import Adoption
from backend.services.settlement.hand_transfers import remember_found
from backend.services.settlement.notes import Notes
from backend.services.settlement.positions import PositionReader
from backend.services.settlement.result import Activation, Settlement
from backend.services.settlement.steps import Steps, held
from backend.services.settlement.tally import Tally
from backend.services.settlement.transfers import CoachLists, ManyTransfers, UnclearTransfers

__all__ = ["Settlement", "Settler"]

# Each look follows a write, or an answer that another worker's write has crossed ours. More than a few means
# that the payment changes as fast as it is read; the next trigger finds it at rest.
_MOST_LOOKS = 8
UNCLEAR: dict[type[Exception], Reason] = {
    UnclearTransfers: Reason.UNCLEAR_TRANSFERS,
    UnclearDispute: Reason.UNCLEAR_DISPUTE,
    ManyTransfers: Reason.MANY_TRANSFERS,
}


class Settler:
    """Settles payments."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, tally: Tally) -> None:
        self._client = client
        self._registry = registry
        self._tally = tally
        self._notes = Notes(client)
        self._steps = Steps(client, registry, self._notes, tally)
        self._adoption = Adoption(client)

    def settle(
        self,
        payment_id: str,
        *,
        seen: Payment | None = None,
        just_paid: bool = False,
        adopt: bool = False,
        disputed: bool = False,
        refunded: bool = False,
        lists: CoachLists | None = None,
    ) -> Settlement:
        """Close the difference between what the coach should hold and what the coach holds.

        ``seen``: the payment, if the caller has just read it. ``just_paid``: the trigger is the payment's own
        success, so that the first look may take its transfers to be none. ``adopt``: settle a payment of the Node
        backend too. ``disputed``, ``refunded``: a dispute, a refund of it is known of. ``lists``: transfers by payee
        that a sweep shares. Raises ``Undecided`` (or what Stripe raised) when it could not be finished: the same call
        again goes on where this one ended.
        """
        activation = Activation(just_paid, adopt, disputed, refunded)
        reader = PositionReader(self._client, self._registry, lists)
        payment = seen
        for activation.looks in range(_MOST_LOOKS):
            try:
                payment = payment or read_payment(self._client, payment_id)
                ended = self._look(payment, reader, activation) if payment else Settlement(MoneyState.NOT_OURS, None)
            except UnreadablePayment as damage:
                ended = self._unreadable(damage)
            if ended is not None:
                self._tally.ended(ended.state)
                return replace(ended, moved=activation.moved, payment_id=payment_id)
            activation.just_paid = False
        raise Undecided

    def _look(self, payment: Payment, reader: PositionReader, activation: Activation) -> Settlement | None:
        """Take one step. None: look again, because something was or may have been written since the read."""
        stale = activation.looks > 0
        ended = None if stale else self._left_alone(payment, activation)
        if ended is not None or payment.charge is None:
            return ended
        destination = reader.destination(payment)
        adopting = activation.adopt and not payment.purchase.ours
        listed = not (activation.just_paid and destination and self._may_skip_list(payment, payment.charge))
        try:
            view = reader.read(
                payment,
                destination,
                listed=listed,
                stale=stale,
                adopting=adopting,
                disputed=activation.disputed or _is_to_be_released(payment),
                refunded=activation.refunded,
            )
        except (UnclearTransfers, UnclearDispute, ManyTransfers) as unclear:
            note = Note(MoneyState.HELD, UNCLEAR[type(unclear)], at=payment.at or 0)
            return held(payment, self._notes.hold(payment, note))
        if view is None:
            return Settlement(MoneyState.NOT_PAID, payment)
        ended = self._left_alone(view.payment, activation)
        if ended is not None:
            return ended
        if adopting:
            self._adoption.mark(view)
        remember_found(self._client, view)
        return self._steps.take(view, activation)

    def _left_alone(self, payment: Payment, activation: Activation) -> Settlement | None:
        """The end for payments whose money is not, not yet, or by a person's wish not ours to move."""
        if not (payment.purchase.ours or activation.adopt):
            activation.adopt = self._adoption.is_owed_to_us(payment)
            if not activation.adopt:
                return Settlement(MoneyState.NOT_OURS, payment)
        if payment.charge is None:
            return Settlement(MoneyState.NOT_PAID, payment)
        if payment.is_manual:
            return Settlement(MoneyState.MANUAL, payment, Note(MoneyState.MANUAL))
        return None

    def _may_skip_list(self, payment: Payment, charge: stripe.Charge) -> bool:
        """True for a payment so young, untouched and unnoted that no key of its transfers can be forgotten.

        If it has one all the same, the key of slot 0 answers with a replay, and a replay leads to the list.
        """
        return (
            payment.purchase.ours
            and payment.note is None
            and not (payment.person_was_here or payment.also_paid_by or payment.may_be_disputed)
            and not charge.amount_refunded
            and payment.at is not None
            and payment.at - charge.created < FRESH_PAYMENT
        )

    def _unreadable(self, damage: UnreadablePayment) -> Settlement:
        """Hold a payment of ours that cannot be read, and say so: never a silent success."""
        return Settlement(MoneyState.HELD, None, self._notes.hold_damaged(damage.intent))


def _is_to_be_released(payment: Payment) -> bool:
    """True if a kept share may be sent now. Its disputes are read: an inquiry need not show on the charge."""
    return payment.purchase.offer.release.keeps and RELEASED_AT not in payment.metadata and is_due(payment, payment.at)
