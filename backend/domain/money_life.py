"""The life of one payment's money: who held what after each movement. Pure.

It is reckoned from movements alone, so it shows what was, never what should have been; only the coach's share, with which
what the coach holds is compared, comes from the percentage that the purchase froze.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from backend.domain.money import FeeRate


class Move(StrEnum):
    """A movement of a payment's money. Those of one second happen in this order."""

    PAID = "paid"
    STRIPE_FEE = "stripe_fee"
    RETURNED = "returned"  # the bank took a debit back
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTED = "disputed"
    REINSTATED = "reinstated"
    SENT = "sent"  # a transfer to the coach
    TAKEN_BACK = "taken_back"  # a reversal of one
    AVAILABLE = "available"  # the coach can have it paid out
    LISTED = "listed"  # a payout to the coach's bank lists it


class Place(StrEnum):
    """The places where money can be."""

    PLAYER = "player"
    BANK = "bank"
    COACH_PENDING = "coach_pending"  # in the coach's balance, not available yet
    COACH = "coach"  # in the coach's balance, or already at the coach's bank
    COACH_PAID_OUT = "coach_paid_out"  # in a payout that lists it
    OWED_BACK = "owed_back"  # with the coach, and more than the share
    HELD = "held"  # with the platform, and part of the coach's share
    PLATFORM = "platform"
    STRIPE = "stripe"


@dataclass(frozen=True)
class Movement:
    """One movement: a unix second, an amount in minor units, and the object that shows it.

    ``transfer_id``: the transfer that a movement of the coach's money is part of. ``text``: more about it, such as the
    day on which a payout arrives.
    """

    at: int
    move: Move
    amount: int
    object_id: str
    transfer_id: str = ""
    text: str = ""


@dataclass(frozen=True)
class Holding:
    """Money in one place, in minor units, above zero. ``text``: since when, or until when."""

    place: Place
    amount: int
    since: int
    text: str = ""


@dataclass(frozen=True)
class Moment:
    """The holders just after a movement. ``holdings`` add up to ``charged`` and ``advanced``, in minor units.

    ``advanced``: the platform's own money, where more has gone out than the player's payment covers. ``owed``: the
    part of the coach's share that the coach did not hold then; negative: what the coach held beyond it.
    """

    movement: Movement
    charged: int
    advanced: int
    owed: int
    holdings: tuple[Holding, ...]


@dataclass
class _Sent:
    """A transfer as it stands: the part that the coach has, and where."""

    amount: int
    since: int
    place: Place = Place.COACH_PENDING
    text: str = ""


@dataclass
class _State:
    charged: int = 0
    refunded: int = 0
    disputed: int = 0
    stripe: int = 0
    since: dict[Place, int] = field(default_factory=dict)
    sent: dict[str, _Sent] = field(default_factory=dict)

    def apply(self, one: Movement) -> None:
        match one.move:
            case Move.PAID:
                self.charged += one.amount
            case Move.RETURNED:
                self.charged -= one.amount
            case Move.STRIPE_FEE:
                self.stripe += one.amount
            case Move.REFUNDED:
                self.refunded += one.amount
            case Move.REFUND_FAILED:
                self.refunded -= one.amount
            case Move.DISPUTED:
                self.disputed += one.amount
            case Move.REINSTATED:
                self.disputed -= one.amount
            case _:
                self._apply_to_transfer(one)
        self.since[_TOUCHES.get(one.move, Place.PLATFORM)] = one.at

    def _apply_to_transfer(self, one: Movement) -> None:
        if one.move == Move.SENT:
            self.sent[one.transfer_id] = _Sent(one.amount, one.at)
            return
        transfer = self.sent[one.transfer_id]
        if one.move == Move.TAKEN_BACK:
            transfer.amount -= one.amount
            return
        transfer.place = Place.COACH if one.move == Move.AVAILABLE else Place.COACH_PAID_OUT
        transfer.since, transfer.text = one.at, one.text


_TOUCHES = {
    Move.STRIPE_FEE: Place.STRIPE,
    Move.REFUNDED: Place.PLAYER,
    Move.DISPUTED: Place.BANK,
}


def life(movements: Iterable[Movement], rate: FeeRate) -> list[Moment]:
    """The moments after each movement, oldest first. The last one is now."""
    ranks = {move: rank for rank, move in enumerate(Move)}
    ordered = sorted(movements, key=lambda one: (one.at, ranks[one.move]))
    state, moments = _State(), []
    for one in ordered:
        state.apply(one)
        moments.append(_moment(state, one, rate))
    return moments


def _moment(state: _State, movement: Movement, rate: FeeRate) -> Moment:
    kept = max(0, state.charged - state.refunded - state.disputed)
    share = rate.split(kept).share
    with_coach = [one for one in state.sent.values() if one.amount > 0]
    held = sum(one.amount for one in with_coach)
    platform = state.charged - state.refunded - state.disputed - state.stripe - held
    owed = share - held
    holdings = [
        *_of_coach(with_coach, max(0, -owed)),
        *_of_platform(state, platform, owed),
        Holding(Place.STRIPE, state.stripe, state.since.get(Place.STRIPE, 0)),
        Holding(Place.PLAYER, state.refunded, state.since.get(Place.PLAYER, 0)),
        Holding(Place.BANK, state.disputed, state.since.get(Place.BANK, 0)),
    ]
    there = tuple(one for one in holdings if one.amount > 0)
    return Moment(movement, max(0, state.charged), max(0, -platform), owed, there)


def _of_coach(sent: Sequence[_Sent], back: int) -> list[Holding]:
    """The coach's money by where it is; of it ``back`` as a band of its own, out of what was sent last, which is taken
    back first.
    """
    due: list[Holding] = []
    owed_back = back
    for one in reversed(sent):
        part = min(owed_back, one.amount)
        owed_back -= part
        if one.amount > part:
            due.append(Holding(one.place, one.amount - part, one.since, one.text))
    since = max((one.since for one in sent), default=0)
    return [*_together(reversed(due)), Holding(Place.OWED_BACK, back, since)]


def _together(holdings: Iterable[Holding]) -> list[Holding]:
    """Money of several transfers that is in the same place."""
    found: dict[tuple[Place, str], Holding] = {}
    for one in holdings:
        before = found.get((one.place, one.text))
        found[one.place, one.text] = replace(one, amount=one.amount + before.amount) if before else one
    return list(found.values())


def _of_platform(state: _State, platform: int, owed: int) -> list[Holding]:
    waits = min(max(0, owed), max(0, platform))
    since = state.since.get(Place.PLATFORM, 0)
    return [Holding(Place.HELD, waits, since), Holding(Place.PLATFORM, max(0, platform) - waits, since)]
