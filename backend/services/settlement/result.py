"""The end of one call of ``settle``, and its memory on the way there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import stripe

from backend.domain.settlement import Note, Reason
from backend.domain.states import MoneyState
from backend.services.reads import Payment
from backend.services.settlement.positions import View
from backend.services.write_outcome import InFlight, KeyTaken, Refused, WriteOutcome


@dataclass(frozen=True)
class Settlement:
    """The end of ``settle``. ``state`` is ``settled``, ``held``, ``manual``, ``not_paid`` or ``not_ours``.

    ``payment`` is the payment as it was last read; None when there is none here, or its record is damaged.
    ``payment_id`` is set whenever it is ours. ``moved`` is the amount that this call sent to the coach, less what
    it took back, in minor units. ``waits`` is the amount that a hold keeps from the coach; negative: what the coach
    still has to give back. ``view``: the money as it was last read, where it was.
    """

    state: MoneyState
    payment: Payment | None
    note: Note | None = None
    transfers: tuple[stripe.Transfer, ...] = ()
    moved: int = 0
    waits: int = 0
    view: View | None = None
    payment_id: str = ""


@dataclass
class Activation:
    """The memory of one call of ``settle`` from look to look."""

    just_paid: bool
    adopt: bool
    disputed: bool
    refunded: bool
    moved: int = 0
    looks: int = 0
    looked_for: Reason | None = None
    crossed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    def remember(self, key: str, answer: WriteOutcome[Any]) -> None:
        """Keep what an answer says of its key beyond this look."""
        if isinstance(answer, KeyTaken | InFlight):
            self.crossed.add(key)
        elif isinstance(answer, Refused) and not answer.replayed:
            self.refused.add(key)
