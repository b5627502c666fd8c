"""The decision at the heart: what the coach should hold, what the coach does hold, and the next step.

Pure: it is given a complete position of one payment's money and answers with one step, and it is given
Stripe's answer to a keyed write and says what follows. ``services/settlement`` reads the position, takes the
step, and looks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from backend.domain.money import FeeRate, Split
from backend.domain.notes import UNKNOWN_SETTLES_AFTER, Note, Reason, read_note
from backend.domain.states import MoneyState

__all__ = ["UNKNOWN_SETTLES_AFTER", "Note", "Reason", "read_note"]

_HOUR = 3_600
# Stripe may forget a key 24 hours after its first use; a request with a forgotten key is a new request.
# Past this age nobody tries the old key again, so that two keys are never alive for one slot.
KEY_RETIRES_AFTER = 20 * _HOUR
# The transfer lists are skipped only for a payment this young: its keys are certainly remembered.
FRESH_PAYMENT = 1 * _HOUR
# What a coach's balance does not cover is taken in parts, one part a day.
PART_TAKEN_EVERY = 24 * _HOUR


@dataclass(frozen=True)
class TransferRecord:
    """One transfer to the coach for this payment. Amounts in minor units.

    ``reversal_count`` and ``amount_reversed`` come from one answer of Stripe's: the key of the next reversal
    is made of the one, its amount of the other. ``reversed_at``: unix second of the newest reversal, or 0.
    ``filled``: the slots that this transfer and its reversals fill, as far as we wrote them.
    """

    id: str
    amount: int
    amount_reversed: int
    reversal_count: int
    reversed_at: int = 0
    filled: frozenset[str] = frozenset()

    @property
    def held(self) -> int:
        """The part that the coach still holds."""
        return self.amount - self.amount_reversed


@dataclass(frozen=True)
class Position:
    """The money of one payment, whole. ``transfers`` oldest first; all of them, or the answer is wrong."""

    captured: int
    refunded: int
    disputed: int
    rate: FeeRate
    transfers: Sequence[TransferRecord]

    @property
    def kept(self) -> int:
        """The player's payment as it stands: captured, less what was refunded or disputed away."""
        return max(0, self.captured - self.refunded - self.disputed)

    @property
    def split(self) -> Split:
        """The division of what is kept between platform and coach."""
        return self.rate.split(self.kept)

    @property
    def target(self) -> int:
        """The share that the coach should hold."""
        return self.split.share

    @property
    def held(self) -> int:
        """The amount that the coach does hold."""
        return sum(transfer.held for transfer in self.transfers)


@dataclass(frozen=True)
class Pay:
    """Transfer ``amount`` to the coach: from the charge's own funds, or else from the available balance.

    ``amount`` is also all that is ``owed``.
    """

    amount: int
    slot: str
    from_charge: bool

    @property
    def owed(self) -> int:
        """The whole difference."""
        return self.amount


@dataclass(frozen=True)
class TakeBack:
    """Reverse ``amount`` of one transfer, towards the whole difference that is ``owed``."""

    transfer_id: str
    amount: int
    slot: str
    reversal_count: int
    owed: int
    reversed_at: int = 0


Step = Pay | TakeBack


def next_step(position: Position) -> Step | None:
    """The step that closes the difference, or None when the coach holds what the coach should."""
    difference = position.target - position.held
    if difference > 0:
        # A charge lends its funds to at most its own amount of transfers. Whether a reversal frees room
        # again is not documented, so reversed amounts keep counting.
        # https://docs.stripe.com/connect/separate-charges-and-transfers#transfer-availability
        used = sum(transfer.amount for transfer in position.transfers)
        return Pay(difference, str(len(position.transfers)), used + difference <= position.captured)
    if difference < 0:
        return _take_back(position.transfers, -difference)
    return None


def _take_back(transfers: Sequence[TransferRecord], excess: int) -> TakeBack:
    """The step that reverses the newest transfer that still holds something."""
    index = max(index for index, transfer in enumerate(transfers) if transfer.held > 0)
    newest = transfers[index]
    slot = f"{index}r{newest.reversal_count}"
    amount = min(excess, newest.held)
    return TakeBack(newest.id, amount, slot, newest.reversal_count, excess, newest.reversed_at)


def part_of(step: TakeBack, available: int, now: int | None) -> TakeBack | None:
    """The part of a refused reversal that the coach's available balance covers; None where there is none, or
    where a part was taken less than a day ago. ``now`` is Stripe's time.
    """
    taken_lately = step.reversed_at > 0 and (now is None or now - step.reversed_at < PART_TAKEN_EVERY)
    if taken_lately or not 0 < available < step.amount:
        return None
    return replace(step, amount=available)


def is_open(note: Note | None, position: Position, now: int | None) -> bool:
    """True while the note tells of a write that may still come true, and nothing fills its slot.

    Until then the note stays, and no other slot is used to send money the same way: both would be carried out.
    """
    if note is None or not note.may_still_come(now):
        return False
    return not any(note.slot in transfer.filled for transfer in position.transfers)


def stands_in_the_way(note: Note | None, step: Step, position: Position, now: int | None) -> bool:
    """True if an open write of another slot moves money the same way as the step."""
    if note is None or note.slot == step.slot or not is_open(note, position, now):
        return False
    return ("r" in note.slot) == isinstance(step, TakeBack)


def first_generation(note: Note | None, slot: str, now: int | None) -> int:
    """The key generation at which an activation starts a slot. ``now`` is Stripe's time, or None if unknown.

    The one at which the last activation stopped; one further once that key may soon be forgotten, because a
    forgotten key and its successor could both be carried out. A key that Stripe never stored is not retired:
    all workers go on with it, on either side of the limit.
    """
    if note is None or note.slot != slot:
        return 0
    retired = note.pinned and now is not None and now - note.at > KEY_RETIRES_AFTER
    return note.generation + (1 if retired else 0)


class Answered(StrEnum):
    """Stripe's answer to a keyed write."""

    DONE = "done"
    REFUSED = "refused"
    KEY_TAKEN = "key_taken"  # the key was first used with other parameters
    IN_FLIGHT = "in_flight"  # the same request is being carried out at this moment
    UNKNOWN = "unknown"  # a 500


class Next(StrEnum):
    """The consequence of an answer."""

    FINISH = "finish"  # it was done, now
    LOOK = "look"  # judge on a newer view
    REPEAT = "repeat"  # send the same key once more, to see whether the refusal is pinned
    CLIMB = "climb"  # nothing can come of this key any more: the next generation
    HOLD = "hold"  # note why it waits, and acknowledge
    WAIT = "wait"  # note that the outcome is unknown, and come again
    LEAVE = "leave"  # note nothing, and come again


@dataclass(frozen=True)
class Attempt:
    """One key as an activation knows it before it judges an answer.

    ``listed``: the transfers were read, not taken to be none. ``crossed``: another worker's write has met ours
    under this key before. ``refused``: this activation has met a fresh refusal under this key.
    """

    note: Note | None
    slot: str
    generation: int
    now: int | None
    listed: bool
    crossed: bool = False
    refused: bool = False

    def proves_dead(self, answer: Answered, replayed: bool) -> bool:
        """True if the note proves that nothing can come of a key that answers neither yes nor no.

        Such an answer is a stored 500, or "other parameters" while the slot is empty. An old unknown outcome
        proves it for both. A pinned refusal proves it for other parameters only (the amount is another now):
        it never vouches for a 500.
        """
        note = self.note
        if note is None or (note.slot, note.generation) != (self.slot, self.generation):
            return False
        if answer == Answered.KEY_TAKEN:
            return note.kind == MoneyState.UNKNOWN or note.pinned
        return note.kind == MoneyState.UNKNOWN and replayed


def judge(answer: Answered, replayed: bool, attempt: Attempt) -> Next:
    """The consequence of Stripe's answer to a keyed write.

    A failure that is stored under a key is escaped only by proof that nothing can come of it, and never at once past
    a 500.
    """
    if answer == Answered.DONE:
        return Next.LOOK if replayed else Next.FINISH
    crossing = answer in (Answered.KEY_TAKEN, Answered.IN_FLIGHT)
    if not attempt.listed or (crossing and not attempt.crossed):
        return Next.LOOK
    if answer == Answered.IN_FLIGHT:
        return Next.LEAVE
    if attempt.note is not None and attempt.note.may_still_come(attempt.now):
        return Next.WAIT
    if answer == Answered.REFUSED:
        return _refused(replayed, attempt.refused)
    return Next.CLIMB if attempt.proves_dead(answer, replayed) else Next.WAIT


def _refused(replayed: bool, before: bool) -> Next:
    """A refusal is held when it was given now. A replayed one is of the past: the next generation asks anew."""
    if before:
        return Next.HOLD
    return Next.CLIMB if replayed else Next.REPEAT
