"""A small Stripe: one payment's money, the keys and what is stored under them, and everything that others do to it.

Amounts are small integers. Time is reduced to classes: an age is 0, 2, 4 or 22 hours, which stand for "just now", "under
three", "over three" and "over twenty"; a key that passes 24 hours is gone. All values are tuples, so that they can be
hashed.
"""

from __future__ import annotations

from typing import NamedTuple

ALL = -1  # the coach's balance covers whatever is asked back
YOUNG, NEAR_THREE, OVER_THREE, OVER_TWENTY = 0, 2, 4, 22


class Config(NamedTuple):
    """The beginning of one search. ``bag``: what may happen, each entry once, in any order, at any moment.

    ``fast``: workers may begin with the payment's own success. ``apart``: a hand transfer may lie outside the group.
    ``dated``: False where Stripe's answers carry no time. ``kept``: the coach's share is not released yet.
    """

    captured: int
    percent: int
    bag: tuple[str, ...] = ()
    workers: int = 2
    ready: bool = True
    funds: bool = True
    coach: int = ALL
    fast: bool = False
    apart: bool = False
    dated: bool = True
    kept: bool = False


class Sent(NamedTuple):
    """A transfer. ``filled``: the slots of ours that it and its reversals fill. ``lately``: 0 never reversed, 1 within
    the last day, 2 before.
    """

    amount: int
    back: int
    reversals: int
    filled: tuple[str, ...]
    sourced: bool
    grouped: bool
    lately: int = 0

    @property
    def held(self) -> int:
        """The part that the coach still holds."""
        return self.amount - self.back


class Key(NamedTuple):
    """An idempotency key. ``stored``: ``done``, ``500`` or a refusal's code. ``late``: the work may still be done.

    Facts that nobody at Stripe knows: the outside ``level`` on which it was decided; that a note names it; and that a
    person moved money between the list and the write.
    """

    slot: str
    generation: int
    amount: int
    sourced: bool
    stored: str
    age: int = YOUNG
    late: bool = False
    level: int = 0
    noted: bool = False
    crossed: bool = False


class Noted(NamedTuple):
    """The note on the payment."""

    kind: str
    reason: str
    slot: str
    generation: int
    age: int
    pinned: bool
    amount: int | None


class World(NamedTuple):
    """Stripe's books. ``left``: what of the bag has not happened, as bits.

    The last three are kept for the invariants: what people moved, on balance, and how often; and what was moved by stored
    500s that came true late and by writes that a person's crossed.
    """

    refunds: tuple[tuple[int, bool], ...]
    disputed: int
    was_disputed: bool
    transfers: tuple[Sent, ...]
    keys: tuple[Key, ...]
    note: Noted | None
    ready: bool
    funds: bool
    coach: int
    young: bool
    left: int
    by_hand: int = 0
    hands: int = 0
    excused: int = 0
    kept: bool = False

    @property
    def money(self) -> tuple[object, ...]:
        """The state without what only the search knows: the bag and what the invariants count."""
        keys = tuple(key[:7] for key in self.keys)
        return (*self[:4], keys, *self[5:10], self.kept)


def beginning(config: Config) -> World:
    """The payment has just succeeded."""
    return World(
        (),
        0,
        False,
        (),
        (),
        None,
        config.ready,
        config.funds,
        config.coach,
        True,
        (1 << len(config.bag)) - 1,
        kept=config.kept,
    )


def refunded(world: World) -> int:
    """The sum of the refunds that stand."""
    return sum(amount for amount, stands in world.refunds if stands)


def target(config: Config, world: World) -> int:
    """The amount that the coach should hold, reckoned here and not by the code under test."""
    return share(config, refunded(world), world.disputed)


def share(config: Config, back: int, disputed: int) -> int:
    """The coach's share of what is kept: less the fee, rounded half up."""
    kept = max(0, config.captured - back - disputed)
    return kept - (kept * config.percent + 50) // 100


def held(world: World) -> int:
    """T: the transfers less the reversals, those made by hand counted in."""
    return sum(sent.held for sent in world.transfers)


def level(config: Config, world: World) -> int:
    """The outside level: it falls as others lower the target or send money, and rises as they undo it."""
    return target(config, world) - world.by_hand - world.excused


def find_key(world: World, slot: str, generation: int) -> Key | None:
    """The key's entry while Stripe remembers it."""
    for key in world.keys:
        if key.slot == slot and key.generation == generation:
            return key
    return None


def with_key(world: World, new: Key) -> World:
    """The world with a key stored, or stored anew."""
    others = [key for key in world.keys if key[:2] != new[:2]]
    return world._replace(keys=tuple(sorted([*others, new])))


def index_of(slot: str) -> int:
    """The transfer of which a slot such as ``1r0`` is a reversal."""
    return int(slot.partition("r")[0])


def refusal(config: Config, world: World, slot: str, amount: int, sourced: bool) -> str:
    """The reason for which Stripe refuses the write now; empty where it does not."""
    if "r" in slot:
        sent = world.transfers[index_of(slot)]
        if amount > sent.held:
            return "too_much"
        return "coach_balance" if world.coach not in (ALL,) and world.coach < amount else ""
    if not world.ready:
        return "not_ready"
    if sourced:
        used = sum(sent.amount for sent in world.transfers if sent.sourced)
        return "over_charge" if used + amount > config.captured else ""
    return "" if world.funds else "platform_balance"


def carry_out(world: World, slot: str, amount: int, sourced: bool) -> World:
    """The money moves."""
    if "r" not in slot:
        return world._replace(transfers=(*world.transfers, Sent(amount, 0, 0, (slot,), sourced, True)))
    index = index_of(slot)
    sent = world.transfers[index]
    changed = sent._replace(
        back=sent.back + amount, reversals=sent.reversals + 1, filled=tuple(sorted((*sent.filled, slot))), lately=1
    )
    coach = world.coach if world.coach == ALL else world.coach - amount
    return world._replace(
        transfers=(*world.transfers[:index], changed, *world.transfers[index + 1 :]), coach=max(coach, ALL)
    )
