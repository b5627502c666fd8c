"""The decision at the heart: what the coach should hold, what the coach does hold, and the next step.

Pure: it is given a complete view of one payment's money and answers with one step. ``services/settlement``
reads the view, takes the step, and looks again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from backend.domain.money import FeeRate, Split

_HOUR = 3_600
# Stripe may forget a key 24 hours after its first use; a request with a forgotten key is a new request.
# Past this age nobody tries the old key again, so that two keys are never alive for one slot.
KEY_RETIRES_AFTER = 20 * _HOUR
# Stripe may still carry out what it answered with a 500, for hours.
# https://docs.stripe.com/error-low-level#idempotency
UNKNOWN_SETTLES_AFTER = 3 * _HOUR
# The transfer list is skipped only for a payment this young: its keys are certainly remembered.
FRESH_PAYMENT = 1 * _HOUR


@dataclass(frozen=True)
class TransferRecord:
    """One transfer to the coach for this payment. Amounts in minor units."""

    id: str
    amount: int
    amount_reversed: int
    reversal_count: int

    @property
    def held(self) -> int:
        """What the coach still holds of it."""
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
        """What the player's payment still is: captured, less what was refunded or disputed away."""
        return max(0, self.captured - self.refunded - self.disputed)

    @property
    def split(self) -> Split:
        """How what is kept divides between platform and coach."""
        return self.rate.split(self.kept)

    @property
    def target(self) -> int:
        """What the coach should hold."""
        return self.split.share

    @property
    def held(self) -> int:
        """What the coach does hold."""
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
    """The newest transfer that still holds something gives back first."""
    for index in range(len(transfers) - 1, -1, -1):
        newest = transfers[index]
        if newest.held > 0:
            slot = f"{index}r{newest.reversal_count}"
            return TakeBack(newest.id, min(excess, newest.held), slot, newest.reversal_count, excess)
    raise AssertionError("more is held than any transfer holds")


MANUAL = "manual"
HELD = "held"
UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why money waits."""

    NO_ACCOUNT = "no_account"  # the coach has not registered
    COACH_NOT_READY = "coach_not_ready"  # the account's transfers capability is not active
    PLATFORM_BALANCE = "platform_balance"  # the platform's available balance does not cover it
    CLAWBACK_PENDING = "clawback_pending"  # the coach's balance does not cover what has to come back
    REFUSED = "refused"  # Stripe will not, for another reason: a person has to look
    UNCLEAR_TRANSFERS = "unclear_transfers"  # the coach may have been paid by hand: a person has to look


# Refusals that Stripe decides while executing, and so pins under the key for 24 hours.
_PINNED = frozenset([Reason.COACH_NOT_READY, Reason.PLATFORM_BALANCE, Reason.CLAWBACK_PENDING])

_NOTE = re.compile(
    r"(?P<kind>held|unknown)(?::(?P<reason>[a-z_]+))?:(?P<slot>[0-9]+(?:r[0-9]+)?)\.(?P<generation>[0-9]{1,6})"
    r":(?P<at>[0-9]{1,12})(?::(?P<amount>[0-9]{1,12}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Note:
    """The one metadata value that settle leaves on a payment it could not finish.

    ``held:<reason>:<slot>.<generation>:<unix>[:<amount>]``, ``unknown:<slot>.<generation>:<unix>`` or
    ``manual``. It helps people and finding; the money is decided from charges, transfers and reversals.
    """

    kind: str
    reason: str = ""
    slot: str = "0"
    generation: int = 0
    at: int = 0
    amount: int | None = None

    def __str__(self) -> str:
        if self.kind == MANUAL:
            return MANUAL
        words = [self.kind, self.reason, f"{self.slot}.{self.generation}", str(self.at)]
        if self.amount is not None:
            words.append(str(self.amount))
        return ":".join(word for word in words if word)

    def says_the_same_as(self, other: Note | None) -> bool:
        """Whether writing this note over the other would change nothing but the time."""
        return other is not None and self == replace(other, at=self.at)


def read_note(text: str | None) -> Note | None:
    """The note in a payment's metadata. A damaged one counts as none: a lost note only makes us wait."""
    if text == MANUAL:
        return Note(MANUAL)
    match = _NOTE.fullmatch(text or "")
    if match is None:
        return None
    return Note(
        kind=match["kind"],
        reason=match["reason"] or "",
        slot=match["slot"],
        generation=int(match["generation"]),
        at=int(match["at"]),
        amount=int(match["amount"]) if match["amount"] else None,
    )


def first_generation(note: Note | None, slot: str, now: int) -> int:
    """The key generation at which an activation starts a slot.

    Where the last one stopped; one further once that key may soon be forgotten, because a forgotten key
    and its successor could both be carried out. Without an account no key was ever used.
    """
    if note is None or note.slot != slot:
        return 0
    retired = now - note.at > KEY_RETIRES_AFTER and note.reason != Reason.NO_ACCOUNT
    return note.generation + (1 if retired else 0)


def is_dead(note: Note | None, slot: str, generation: int, now: int) -> bool:
    """Whether the note proves that nothing can come any more of a key that answers neither yes nor no.

    Such an answer is a stored 500, or "other parameters" while the slot is empty. The note proves it if it
    records that Stripe refused this key (and pinned the refusal; only the amount is another now), or that
    its outcome has been unknown for longer than Stripe takes to make it known.
    """
    if note is None or (note.slot, note.generation) != (slot, generation):
        return False
    if note.kind == HELD:
        return note.reason in _PINNED
    return now - note.at > UNKNOWN_SETTLES_AFTER
