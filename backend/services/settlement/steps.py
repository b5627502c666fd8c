"""Taking one step of a settlement: the write under its key, and what is left behind when it cannot be done."""

from __future__ import annotations

from typing import Any, cast

import stripe
import structlog

from backend.domain import idempotency_keys
from backend.domain.settlement import (
    Attempt,
    Next,
    Note,
    Pay,
    Reason,
    Step,
    TakeBack,
    first_generation,
    is_open,
    judge,
    next_step,
    part_of,
    stands_in_the_way,
)
from backend.domain.states import MoneyState
from backend.domain.stripe_time import stripes_time
from backend.services.coach.registry import Registry
from backend.services.errors import Undecided
from backend.services.reads import Payment
from backend.services.release import is_kept
from backend.services.settlement.holds import Holds
from backend.services.settlement.notes import Notes
from backend.services.settlement.positions import View
from backend.services.settlement.result import Activation, Settlement
from backend.services.settlement.tally import Tally
from backend.services.settlement.transfers import create_reversal, create_transfer
from backend.services.write_outcome import Done, Refused, Unknown, WriteOutcome, classify_write, is_replayed, kind_of

log = structlog.get_logger(__name__)

# Generations that one activation may climb: each was refused in an activation of its own.
_MOST_GENERATIONS = 50


class Steps:
    """Takes steps."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, notes: Notes, tally: Tally) -> None:
        self._client = client
        self._holds = Holds(client, registry)
        self._notes = notes
        self._tally = tally

    def take(self, view: View, activation: Activation) -> Settlement | None:
        """Close the difference by one step. None: look again, because something was or may have been written."""
        payment, now = view.payment, view.payment.at
        if activation.disputed or activation.refunded:
            self._notes.remember_trouble(view)
        step = next_step(view.position)
        if step is None:
            return self._finish(view, view.transfers)
        if isinstance(step, Pay) and is_kept(payment, view.disputes):
            return self._keep(view, step)
        if stands_in_the_way(payment.note, step, view.position, now):
            raise Undecided  # an earlier write may still come true, and would come on top
        waiting = self._holds.still(payment, step, _other_side(view, step))
        if waiting is not None:
            return held(payment, waiting, view)
        return self._send_past_dead_keys(view, step, activation)

    def _keep(self, view: View, step: Pay) -> Settlement:
        """Note that the share is not released, and send nothing. What the coach should hold stays the same."""
        payment, now = view.payment, view.payment.at
        if is_open(payment.note, view.position, now):
            raise Undecided  # an earlier write may still come true, and the time of its note must not be lost
        generation = first_generation(payment.note, step.slot, now)
        note = Note(MoneyState.HELD, Reason.UNDELIVERED, step.slot, generation, now or 0, step.owed)
        return held(payment, self._notes.hold(payment, note, view.position), view)

    def _send_past_dead_keys(self, view: View, step: Step, activation: Activation) -> Settlement | None:
        """Send the step under its slot's key, past the generations of it that are dead."""
        note, now = view.payment.note, view.payment.at
        if isinstance(step, Pay) and view.destination is None:
            return self._hold_and_look(
                view, Note(MoneyState.HELD, Reason.NO_ACCOUNT, step.slot, at=now or 0), activation
            )
        generation = first = first_generation(note, step.slot, now)
        while generation < first + _MOST_GENERATIONS:
            key = _key(view.payment, step, generation)
            answer = self._send(view, step, key)
            attempt = Attempt(
                note, step.slot, generation, now, view.listed, key in activation.crossed, key in activation.refused
            )
            verdict = judge(kind_of(answer), is_replayed(answer), attempt)
            activation.remember(key, answer)
            part = self._part(view, step) if verdict == Next.HOLD else None
            if verdict == Next.FINISH:
                return self._after_success(view, step, cast(Done[Any], answer), activation)
            if verdict == Next.LOOK:
                return None
            if part is not None:
                step, generation = part, generation + is_replayed(answer)
            elif verdict == Next.CLIMB:
                generation += 1
            elif verdict != Next.REPEAT:
                return self._after_failure(view, step, generation, answer, verdict, activation)
        raise Undecided

    def _after_failure(
        self, view: View, step: Step, generation: int, answer: WriteOutcome[Any], verdict: Next, activation: Activation
    ) -> Settlement | None:
        """Leave behind what the next activation has to know, when the step could not be taken."""
        if verdict == Next.LEAVE:
            raise Undecided
        if verdict == Next.HOLD:
            return self._refused(view, step, generation, cast(Refused, answer), activation)
        return self._unknown(view, step.slot, generation, answer)

    def _part(self, view: View, step: Step) -> TakeBack | None:
        """The part that the coach's balance covers of what Stripe refused to take back."""
        if not isinstance(step, TakeBack) or step.amount < min(step.owed, _held_by(view, step)):
            return None
        available = self._holds.available(view.payment.intent.currency, _other_side(view, step))
        return part_of(step, available, view.payment.at)

    def _refused(
        self, view: View, step: Step, generation: int, refused: Refused, activation: Activation
    ) -> Settlement | None:
        """Note why Stripe will not; a second refusal after the extra look ends it, whatever the capability says."""
        log.warning("stripe.refused", payment=view.payment.id, code=refused.code, said=refused.message)
        reason = self._holds.reason(view.payment, step, refused, view.destination)
        if reason == activation.looked_for == Reason.COACH_NOT_READY:
            reason = Reason.NOT_ALLOWED
        at = view.payment.at or 0
        note = Note(MoneyState.HELD, reason, step.slot, generation, at, step.owed, pinned=refused.replayed)
        return self._hold_and_look(view, note, activation)

    def _send(self, view: View, step: Step, key: str) -> WriteOutcome[Any]:
        if isinstance(step, TakeBack):
            return classify_write(lambda: create_reversal(self._client, view.payment, step, key))
        destination = cast(str, view.destination)
        return classify_write(lambda: create_transfer(self._client, view.payment, step, destination, key))

    def _after_success(self, view: View, step: Step, answer: Done[Any], activation: Activation) -> Settlement | None:
        """End only on a read later than the last write: a transfer from a charge brings that read with it."""
        result = answer.result
        facts = {"payment": view.payment.id, "amount": step.amount, "currency": result.currency}
        if isinstance(step, TakeBack):
            activation.moved -= step.amount
            self._tally.taken_back(result.currency, step.amount)
            log.info("transfer.taken_back", transfer=step.transfer_id, reversal=result.id, **facts)
            return None
        activation.moved += step.amount
        self._tally.transferred(result.currency, step.amount)
        log.info("transfer.made", transfer=result.id, destination=view.destination, **facts)
        # A refund that fails and a dispute that goes on are not seen on a charge that has one already.
        quiet = not view.refunds and not view.disputes
        if not (step.from_charge and quiet) or _changed(view.payment.charge, result.source_transaction):
            return None
        return self._finish(view, (*view.transfers, result), step.slot)

    def _finish(self, view: View, transfers: tuple[stripe.Transfer, ...], filled: str = "") -> Settlement:
        note = view.payment.note
        open_still = is_open(note, view.position, view.payment.at) and cast(Note, note).slot != filled
        if not open_still:
            self._notes.clear(view.payment)
        return Settlement(MoneyState.SETTLED, view.payment, transfers=transfers, view=view)

    def _hold_and_look(self, view: View, note: Note, activation: Activation) -> Settlement | None:
        """Note why the coach waits; then look once more, in case the reason went away meanwhile."""
        noted = self._notes.hold(view.payment, note, view.position)
        looked_already = activation.looked_for == note.reason
        if looked_already or not self._holds.lifted_meanwhile(view.payment, note, view.destination):
            return held(view.payment, noted, view)
        activation.looked_for = note.reason
        activation.refused.clear()  # what was refused before the coach was ready says nothing of now
        return None

    def _unknown(self, view: View, slot: str, generation: int, answer: WriteOutcome[Any]) -> Settlement:
        """Stripe may or may not have done it. Only time, and the list, will tell."""
        payment = view.payment
        headers = answer.headers if isinstance(answer, Unknown) else None
        at = stripes_time(headers) or payment.at
        if at is not None:
            stored = not isinstance(answer, Unknown) or answer.replayed
            note = Note(MoneyState.UNKNOWN, slot=slot, generation=generation, at=at, pinned=stored)
            self._notes.wait(payment, note, view.position)
        log.warning("settlement.unknown", payment=payment.id, slot=slot, generation=generation)
        raise Undecided


def held(payment: Payment, note: Note, view: View | None = None) -> Settlement:
    """The end of a settlement whose money waits."""
    if view is None:
        return Settlement(MoneyState.HELD, payment, note)
    return Settlement(MoneyState.HELD, payment, note, view.transfers, waits=_waits(view), view=view)


def _key(payment: Payment, step: Step, generation: int) -> str:
    if isinstance(step, Pay):
        return idempotency_keys.transfer(payment.id, step.slot, generation)
    return idempotency_keys.reversal(step.transfer_id, step.reversal_count, generation)


def _waits(view: View) -> int:
    """The amount that the coach should hold, less what the coach does."""
    return view.position.target - view.position.held


def _other_side(view: View, step: Step) -> str | None:
    """The account that the step pays, or takes back from."""
    if isinstance(step, Pay):
        return view.destination
    return next(str(t.destination) for t in view.transfers if t.id == step.transfer_id)


def _held_by(view: View, step: TakeBack) -> int:
    return next(record.held for record in view.position.transfers if record.id == step.transfer_id)


def _changed(before: Any, after: Any) -> bool:
    """True if a refund, a dispute or a bounce slipped in between the read and the transfer."""
    seen = ("amount_refunded", "disputed", "status")
    return any(getattr(before, name) != getattr(after, name) for name in seen)
