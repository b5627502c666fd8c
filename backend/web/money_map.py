"""The picture of a payment's money: bands from what was charged to where every cent is. Pure; the template draws it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.domain.reasons import words_of
from backend.domain.settlement import Note
from backend.domain.states import MoneyState
from backend.services.settlement.ledger import Ledger

# Of the drawing, in its own units; the page scales it.
WIDTH, HEIGHT, TOP = 340, 230, 14
# Where the nodes stand, and how wide they are. What is right of them is for the names.
LEFT, RIGHT, NODE = 2, 166, 10
# Room for two lines of text, however thin the band.
_GAP, _LEAST = 22, 8


@dataclass(frozen=True)
class Band:
    """One place where money is: ``amount`` minor units, a band of ``height`` at ``y``, and the outline of its flow."""

    kind: str
    name: str
    amount: int
    y: float
    height: float
    flow: str


def bands(ledger: Ledger) -> list[Band]:
    """The places of the charged money. The amounts add up to what was charged."""
    places = [(kind, name, amount) for kind, name, amount in _places(ledger) if amount]
    if not places:
        return []
    room = HEIGHT - 2 * TOP - _GAP * (len(places) - 1)
    spare = room - _LEAST * len(places)
    heights = [_LEAST + spare * amount / ledger.charged for _, _, amount in places]
    drawn, left, right = [], TOP + (HEIGHT - 2 * TOP - sum(heights)) / 2, float(TOP)
    for (kind, name, amount), height in zip(places, heights, strict=True):
        drawn.append(Band(kind, name, amount, round(right, 1), round(height, 1), _flow(left, right, height)))
        left, right = left + height, right + height + _GAP
    return drawn


def _places(ledger: Ledger) -> tuple[tuple[str, str, int], ...]:
    """The places and their amounts. What the coach holds beyond the share has gone back to the player or the bank already."""
    return (
        ("coach", "With the coach", min(ledger.held, ledger.due)),
        ("held", "Waiting for the coach", max(ledger.owed, 0)),
        ("fee", "Platform fee", ledger.fee),
        ("refunded", "Back with the player", ledger.refunded),
        ("disputed", "Taken back by the bank", ledger.disputed),
    )


def source(drawn: list[Band]) -> tuple[float, float]:
    """The node on the left: where it begins, and how high it is, all flows together."""
    height = sum(band.height for band in drawn)
    return round(TOP + (HEIGHT - 2 * TOP - height) / 2, 1), round(height, 1)


def _flow(left: float, right: float, height: float) -> str:
    x0, x1 = LEFT + NODE, RIGHT
    middle = (x0 + x1) / 2
    over = f"M{x0} {left:.1f}C{middle:.0f} {left:.1f} {middle:.0f} {right:.1f} {x1} {right:.1f}"
    low, back = right + height, left + height
    return f"{over}V{low:.1f}C{middle:.0f} {low:.1f} {middle:.0f} {back:.1f} {x0} {back:.1f}Z"


def explain(ledger: Ledger, note: Note | None) -> str:
    """The reason why money waits, in a sentence; empty when none does."""
    if ledger.balances:
        return ""
    meaning = words_of(note).meaning
    return (
        f"It waits: {meaning[0].lower()}{meaning[1:]}" if note is not None and note.kind == MoneyState.HELD else meaning
    )
