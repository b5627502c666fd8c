"""The picture of a payment's money at each moment of its life: bands from who paid to who holds what. The template draws."""

from __future__ import annotations

from dataclasses import dataclass

from backend.domain.money import format_money
from backend.domain.money_life import Holding, Moment, Move, Movement, Place

# Of the drawing, in its own units; the page stretches it to the height of the list beside it, a row a band.
WIDTH, ROW, NODE = 100, 60, 6
# How thick the thinnest band is, and how much all of them have to share.
_LEAST, _SPARE = 6, 40

_NAMES = {
    Place.PLAYER: "Back with the player",
    Place.BANK: "Taken by the player's bank",
    Place.COACH_PENDING: "In the coach's balance, not available yet",
    Place.COACH: "In the coach's balance or bank",
    Place.COACH_PAID_OUT: "In a payout to the coach's bank",
    Place.OWED_BACK: "Owed back by the coach",
    Place.HELD: "Kept for the coach",
    Place.PLATFORM: "With the platform",
    Place.STRIPE: "Stripe's fee",
}


@dataclass(frozen=True)
class Band:
    """Money in one place: ``amount`` minor units, a band of ``height`` at ``y``, and the outline of its flow.

    ``since``: unix second. ``text``: more about it, such as the day on which a payout arrives.
    """

    kind: str
    name: str
    amount: int
    since: int
    text: str
    y: float
    height: float
    flow: str


@dataclass(frozen=True)
class Source:
    """One payer on the left: the player, or the platform with money of its own."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True)
class Picture:
    """One moment, drawn. ``said``: the movement that led to it. ``owed``: below zero it is owed back by the coach."""

    at: int
    said: str
    object_id: str
    charged: int
    advanced: int
    owed: int
    bands: list[Band]
    sources: list[Source]

    @property
    def height(self) -> int:
        """The height of the drawing, in its own units."""
        return ROW * len(self.bands)

    @property
    def may_have_left(self) -> bool:
        """True if a band is money of which Stripe does not say whether it has left the coach's balance."""
        return any(band.kind == Place.COACH for band in self.bands)


def pictures(moments: list[Moment], currency: str) -> list[Picture]:
    """A picture for each moment, oldest first."""
    return [_picture(one, currency) for one in moments]


def _picture(moment: Moment, currency: str) -> Picture:
    bands = _bands(moment.holdings)
    said = said_of(moment.movement, currency)
    sources = _sources(moment, sum(band.height for band in bands), ROW * len(bands))
    movement = moment.movement
    return Picture(movement.at, said, movement.object_id, moment.charged, moment.advanced, moment.owed, bands, sources)


def _bands(holdings: tuple[Holding, ...]) -> list[Band]:
    """The bands add up to what was paid in: the player's payment, and the platform's own money if that went out too."""
    whole = sum(one.amount for one in holdings)
    heights = [round(_LEAST + _SPARE * one.amount / whole, 1) for one in holdings]
    left = (ROW * len(holdings) - sum(heights)) / 2
    drawn = []
    for row, (one, height) in enumerate(zip(holdings, heights, strict=True)):
        right = ROW * row + (ROW - height) / 2
        flow = _flow(left, right, height)
        drawn.append(Band(str(one.place), _NAMES[one.place], one.amount, one.since, one.text, right, height, flow))
        left += height
    return drawn


def _sources(moment: Moment, height: float, room: int) -> list[Source]:
    whole = moment.charged + moment.advanced
    if not whole:
        return []
    top, of_player = (room - height) / 2, height * moment.charged / whole
    parts = [("paid", top, of_player), ("advanced", top + of_player, height - of_player)]
    return [Source(kind, round(y, 1), round(part, 1)) for kind, y, part in parts if part > 0]


def _flow(left: float, right: float, height: float) -> str:
    x0, x1 = NODE, WIDTH - NODE
    middle = (x0 + x1) / 2
    over = f"M{x0} {left:.1f}C{middle:.0f} {left:.1f} {middle:.0f} {right:.1f} {x1} {right:.1f}"
    low, back = right + height, left + height
    return f"{over}V{low:.1f}C{middle:.0f} {low:.1f} {middle:.0f} {back:.1f} {x0} {back:.1f}Z"


_SAID = {
    Move.PAID: "The player paid {}.",
    Move.RETURNED: "The player's bank returned the payment: {} are gone.",
    Move.STRIPE_FEE: "Stripe took its fee, {}.",
    Move.REFUNDED: "The player was given {} back.",
    Move.REFUND_FAILED: "A refund of {} failed: the platform has the money again.",
    Move.DISPUTED: "The player's bank took {}.",
    Move.REINSTATED: "The player's bank gave {} back.",
    Move.SENT: "The coach was sent {}.",
    Move.TAKEN_BACK: "{} came back from the coach.",
    Move.AVAILABLE: "The coach's money of this transfer became available.",
    Move.LISTED: "A payout to the coach's bank lists it.",
}


def said_of(movement: Movement, currency: str) -> str:
    """The movement in a sentence."""
    if movement.move == Move.STRIPE_FEE and movement.amount < 0:
        return f"Stripe gave a fee back, {format_money(-movement.amount, currency)}."
    said = _SAID[movement.move].replace("{}", format_money(movement.amount, currency))
    if not movement.text:
        return said
    return f"{said} It {movement.text if movement.move == Move.LISTED else f'is {movement.text}'}."
