"""The heart: ``settle`` makes the coach hold exactly what the coach should, and does nothing twice.

Every trigger (a payment, a refund, a dispute, late onboarding, a manual transfer, the sweep) calls the same
function. It is level-triggered: it reads the money as it is now, takes one step towards what it should be,
and looks again. ``domain/settlement.py`` decides the step; this module reads and writes.

Why it is exactly-once with no database:

- The key of a write is a compare-and-swap. It names the payment and the *slot* (how many transfers there
  are, or how many reversals of one transfer). Equal views send equal bytes and Stripe does it once; a
  different view sends the same key with another amount, is told so, and looks again.
- The ledger outlives the keys. Stripe forgets keys after 24 hours and redelivers for three days, so the
  payment's transfers are listed before anything is written. See ``_may_skip_list`` for the one exception.
- A failure that is stored under a key is escaped by the key's generation, at the pace that the note on the
  payment sets. See ``domain/settlement.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import stripe
import structlog

from backend.domain.metadata import SETTLEMENT
from backend.domain.settlement import (
    FRESH_PAYMENT,
    HELD,
    MANUAL,
    UNKNOWN,
    Note,
    Pay,
    Reason,
    Step,
    TakeBack,
    first_generation,
    is_dead,
    next_step,
)
from backend.metrics import SETTLEMENTS, TAKEN_BACK, TRANSFERRED, TRANSFERS
from backend.services.answers import Answer, Done, InFlight, KeyTaken, Refused, Unknown, write
from backend.services.errors import Undecided
from backend.services.holds import Holds
from backend.services.reads import Payment, read_payment
from backend.services.registry import Registry
from backend.services.transfers import UnclearTransfers, create_reversal, create_transfer
from backend.services.views import View, Views

log = structlog.get_logger(__name__)

# Each look follows a write, or an answer that another worker's write has crossed ours. More than a few means
# that the payment changes as fast as it is read; the next trigger finds it at rest.
_MOST_LOOKS = 8
# Generations that one activation may climb: each was refused in an activation of its own.
_MOST_GENERATIONS = 50

SETTLED = "settled"
NOT_PAID = "not_paid"
NOT_OURS = "not_ours"


@dataclass(frozen=True)
class Settlement:
    """How ``settle`` ended. ``state`` is ``settled``, ``held``, ``manual``, ``not_paid`` or ``not_ours``.

    ``payment`` is the payment as it was last read; None when there is none here. ``moved`` is what this
    call sent to the coach, less what it took back, in minor units. ``waits`` is what a hold keeps from the
    coach; negative: what the coach still has to give back.
    """

    state: str
    payment: Payment | None
    note: Note | None = None
    transfers: tuple[stripe.Transfer, ...] = ()
    moved: int = 0
    waits: int = 0


@dataclass
class _Activation:
    """What one call of ``settle`` remembers from look to look."""

    just_paid: bool
    adopt: bool
    moved: int = 0
    collided: set[str] = field(default_factory=set)
    refused: dict[str, Refused] = field(default_factory=dict)

    def looks_again_after(self, answer: Answer[Any], key: str, listed: bool) -> bool:
        """Whether the answer is to be judged on a newer view: another worker may have been first."""
        if isinstance(answer, KeyTaken | InFlight) and key not in self.collided:
            self.collided.add(key)
            return True
        if listed:
            return False
        if isinstance(answer, Refused) and not answer.replayed:
            self.refused[key] = answer  # known; the list comes first, and then it need not be asked again
        return True


class Settler:
    """Settles payments. ``now`` gives the unix time in seconds."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, now: Callable[[], int]) -> None:
        self._client = client
        self._now = now
        self._views = Views(client, registry)
        self._holds = Holds(client, registry, now)

    def settle(self, payment_id: str, *, just_paid: bool = False, adopt: bool = False) -> Settlement:
        """Close the difference between what the coach should hold and what the coach holds.

        ``just_paid``: the trigger is the payment's own success, so that the first look may take its
        transfers to be none. ``adopt``: settle a payment of the Node backend too. Raises ``Undecided`` (or
        what Stripe raised) when it could not be finished: the same call again goes on where this one ended.
        """
        activation = _Activation(just_paid, adopt)
        for _ in range(_MOST_LOOKS):
            payment = read_payment(self._client, payment_id)
            ended = self._look(payment, activation) if payment else Settlement(NOT_OURS, None)
            if ended is not None:
                SETTLEMENTS.labels(ended.state).inc()
                return replace(ended, moved=activation.moved)
            activation.just_paid = False
        raise Undecided

    def _look(self, payment: Payment, activation: _Activation) -> Settlement | None:
        """Take one step. None: look again, because something was or may have been written since the read."""
        ended = self._left_alone(payment, activation)
        if ended is not None or payment.charge is None:
            return ended
        destination = self._views.destination(payment)
        listed = not (activation.just_paid and destination and self._may_skip_list(payment, payment.charge))
        try:
            view = self._views.read(payment, payment.charge, destination, listed)
        except UnclearTransfers:
            return self._hold(payment, Note(HELD, Reason.UNCLEAR_TRANSFERS, at=self._now()))
        step = next_step(view.position)
        if step is None:
            return self._end(view, view.transfers)
        waiting = self._holds.still(payment, step, view.destination)
        if waiting is not None:
            return Settlement(HELD, payment, waiting, view.transfers, waits=_waits(view))
        return self._take(view, step, activation)

    def _left_alone(self, payment: Payment, activation: _Activation) -> Settlement | None:
        """The payments whose money is not, not yet, or by a person's wish not ours to move."""
        note = payment.note
        if not (payment.purchase.ours or activation.adopt):
            return Settlement(NOT_OURS, payment)
        if payment.charge is None:
            return Settlement(NOT_PAID, payment)
        if note is not None and note.kind == MANUAL:
            return Settlement(MANUAL, payment, note)
        return None

    def _may_skip_list(self, payment: Payment, charge: stripe.Charge) -> bool:
        """A payment this young, untouched and unnoted has no transfer whose key could be forgotten.

        If it has one all the same, the key of slot 0 answers with a replay, and a replay leads to the list.
        """
        return (
            payment.purchase.ours
            and payment.note is None
            and not charge.amount_refunded
            and not charge.disputed
            and self._now() - charge.created < FRESH_PAYMENT
        )

    def _take(self, view: View, step: Step, activation: _Activation) -> Settlement | None:
        """Send the step under its slot's key, past the generations of it that are dead."""
        note, now = view.payment.note, self._now()
        if isinstance(step, Pay) and view.destination is None:
            return self._hold_and_look(view, Note(HELD, Reason.NO_ACCOUNT, step.slot, at=now))
        first = first_generation(note, step.slot, now)
        for generation in range(first, first + _MOST_GENERATIONS):
            key = _key(view.payment, step, generation)
            answer = activation.refused.pop(key, None) or self._send(view, step, key)
            if isinstance(answer, Done):
                return self._done(view, step, answer, activation)
            if activation.looks_again_after(answer, key, view.listed):
                return None
            if not _is_dead(answer, note, step.slot, generation, now):
                return self._stop(view, step, generation, answer)
        raise Undecided

    def _stop(self, view: View, step: Step, generation: int, answer: Answer[Any]) -> Settlement | None:
        """What to leave behind when the step could not be taken."""
        match answer:
            case Refused(code, message):
                log.warning("stripe.refused", payment=view.payment.intent.id, code=code, said=message)
                note = Note(HELD, _reason(step, code), step.slot, generation, self._now(), step.owed)
                return self._hold_and_look(view, note)
            case InFlight():
                raise Undecided
            case _:
                return self._unknown(view.payment, step.slot, generation)

    def _send(self, view: View, step: Step, key: str) -> Answer[Any]:
        destination = view.destination
        if isinstance(step, TakeBack):
            return write(lambda: create_reversal(self._client, view.payment, step, key))
        assert destination is not None
        return write(lambda: create_transfer(self._client, view.payment, step, destination, key))

    def _done(self, view: View, step: Step, answer: Done[Any], activation: _Activation) -> Settlement | None:
        """End only on a read later than the last write: a transfer from a charge brings that read with it."""
        result = answer.result
        if answer.replayed:
            return None  # made by another view of this payment; the list has it now
        facts = {"payment": view.payment.intent.id, "amount": step.amount, "currency": result.currency}
        if isinstance(step, TakeBack):
            activation.moved -= step.amount
            TAKEN_BACK.labels(result.currency).inc(step.amount)
            log.info("transfer.taken_back", transfer=step.transfer_id, reversal=result.id, **facts)
            return None
        activation.moved += step.amount
        TRANSFERS.labels(result.currency).inc()
        TRANSFERRED.labels(result.currency).inc(step.amount)
        log.info("transfer.made", transfer=result.id, destination=view.destination, **facts)
        if not step.from_charge or _moved(view.payment.charge, result.source_transaction):
            return None
        return self._end(view, (*view.transfers, result))

    def _end(self, view: View, transfers: tuple[stripe.Transfer, ...]) -> Settlement:
        if view.payment.note is not None:
            self._write_note(view.payment, "")
        return Settlement(SETTLED, view.payment, transfers=transfers)

    def _hold_and_look(self, view: View, note: Note) -> Settlement | None:
        """Note why the coach waits; then look once more, in case the reason went away meanwhile."""
        held = replace(self._hold(view.payment, note, view.transfers), waits=_waits(view))
        return None if self._holds.lifted_meanwhile(view.payment, note, view.destination) else held

    def _hold(self, payment: Payment, note: Note, transfers: tuple[stripe.Transfer, ...] = ()) -> Settlement:
        if not note.says_the_same_as(payment.note):
            self._write_note(payment, str(note))
            log.warning("settlement.held", payment=payment.intent.id, reason=note.reason, amount=note.amount)
        return Settlement(HELD, payment, note, transfers)

    def _unknown(self, payment: Payment, slot: str, generation: int) -> Settlement:
        """Stripe may or may not have done it. Only time, and the list, will tell."""
        note = Note(UNKNOWN, slot=slot, generation=generation, at=self._now())
        if not note.says_the_same_as(payment.note):
            self._write_note(payment, str(note))
        log.warning("settlement.unknown", payment=payment.intent.id, slot=slot, generation=generation)
        raise Undecided

    def _write_note(self, payment: Payment, text: str) -> None:
        self._client.v1.payment_intents.update(payment.intent.id, {"metadata": {SETTLEMENT: text}})


def _key(payment: Payment, step: Step, generation: int) -> str:
    if isinstance(step, Pay):
        slot = f"transfer:{payment.intent.id}:{step.slot}"
    else:
        slot = f"reversal:{step.transfer_id}:{step.reversal_count}"
    return f"{slot}:g{generation}" if generation else slot


def _waits(view: View) -> int:
    """What the coach should hold, less what the coach does."""
    return view.position.target - view.position.held


def _moved(before: stripe.Charge | None, after: Any) -> bool:
    """Whether a refund or dispute slipped in between the read and the transfer."""
    assert before is not None
    return (before.amount_refunded, before.disputed) != (after.amount_refunded, after.disputed)


def _is_dead(answer: Answer[Any], note: Note | None, slot: str, generation: int, now: int) -> bool:
    """Whether nothing can come any more of the key that answered so."""
    match answer:
        case Refused(replayed=replayed):
            return replayed
        case Unknown(replayed=True) | KeyTaken():
            return is_dead(note, slot, generation, now)
        case _:
            return False


# https://docs.stripe.com/error-codes; the first is what transfers really answer with.
_NOT_READY = frozenset(["insufficient_capabilities_for_transfer", "transfers_not_allowed", "capability_not_active"])


def _reason(step: Step, code: str) -> Reason:
    """Why Stripe refused the step."""
    if isinstance(step, TakeBack):
        return Reason.CLAWBACK_PENDING
    if code in _NOT_READY:
        return Reason.COACH_NOT_READY
    return Reason.PLATFORM_BALANCE if code == "balance_insufficient" else Reason.REFUSED
