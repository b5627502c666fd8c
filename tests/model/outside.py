"""Everything that happens to a payment without us: refunds, disputes, people, balances, late 500s, and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.model.world import (
    NEAR_THREE,
    OVER_THREE,
    OVER_TWENTY,
    YOUNG,
    Config,
    Key,
    Sent,
    World,
    carry_out,
    find_key,
    held,
    index_of,
    refunded,
    refusal,
    with_key,
)

# Told by what is done to the payment: a worker that saw the money before cannot know.
FAULTS = frozenset("stored-500 stored-500-done fresh-500 lost in-flight refuse".split())


def happenings(config: Config, world: World, idle: bool) -> Iterator[tuple[str, World]]:
    """Each thing that may happen now, and the world after it. Long times pass only while no worker is under way."""
    for index, name in enumerate(config.bag):
        bit = 1 << index
        if not world.left & bit or name in FAULTS or (name[0] == "+" and not idle):
            continue
        kind, _, number = name.partition(":")
        after = _HAPPENS[kind](config, world, int(number or 0))
        if after is not None:
            yield name, after._replace(left=world.left & ~bit)
    for key in world.keys:
        if key.late:
            after = come_true(world, key)
            if after is not None:
                yield f"late:{key.slot}.{key.generation}", after


def come_true(world: World, key: Key) -> World | None:
    """The work behind a stored 500 is done after all; the 500 stays stored."""
    index = index_of(key.slot)
    if "r" in key.slot and key.amount > world.transfers[index].held:
        return None
    before = held(world)
    after = with_key(carry_out(world, key.slot, key.amount, key.sourced), key._replace(late=False))
    # A transfer that lies apart was listed before the group: it may change in between.
    hands = world.hands + ("r" in key.slot and not world.transfers[index].grouped)
    return after._replace(excused=world.excused + held(after) - before, hands=hands)


def fault(config: Config, world: World, name: str) -> World | None:
    """The world in which the fault has struck; None if it is not in the bag any more."""
    for index, entry in enumerate(config.bag):
        if entry == name and world.left & 1 << index:
            return world._replace(left=world.left & ~(1 << index))
    return None


def pass_time(world: World, hours: int) -> World:
    """The ages after so many hours. Stripe does late work at once or never: well before our limit of three hours."""
    keys = tuple(key._replace(age=_age(key.age + hours), late=False) for key in world.keys if key.age + hours < 24)
    note = world.note and world.note._replace(age=_age(world.note.age + hours))
    transfers = tuple(
        sent._replace(lately=2 if sent.lately and hours >= 24 else sent.lately) for sent in world.transfers
    )
    return world._replace(keys=keys, note=note, transfers=transfers, young=False)


def older(age: int) -> int:
    """The class after the next limit."""
    return OVER_THREE if age == NEAR_THREE else OVER_TWENTY


def _age(hours: int) -> int:
    if hours <= 3:
        return NEAR_THREE if hours else YOUNG
    return OVER_THREE if hours <= 20 else OVER_TWENTY


def _edge(_config: Config, world: World, _: int) -> World | None:
    """The note, and keys as old as it, pass a limit while workers are under way: seconds make the difference."""
    note = world.note
    if note is None or note.age in (YOUNG, OVER_TWENTY):
        return None
    keys = tuple(key._replace(age=older(key.age), late=False) if key.age >= note.age else key for key in world.keys)
    return world._replace(keys=keys, note=note._replace(age=older(note.age)), young=False)


def _refund(config: Config, world: World, amount: int) -> World | None:
    if amount > config.captured - refunded(world):
        return None
    return world._replace(refunds=(*world.refunds, (amount, True)))


def _refund_fails(_config: Config, world: World, _: int) -> World | None:
    if not world.refunds or not world.refunds[-1][1]:
        return None
    return world._replace(refunds=(*world.refunds[:-1], (world.refunds[-1][0], False)))


def _dispute(_config: Config, world: World, amount: int) -> World | None:
    return world._replace(disputed=world.disputed + amount, was_disputed=True)


def _dispute_won(_config: Config, world: World, _: int) -> World | None:
    return world._replace(disputed=0) if world.disputed else None


def _hand(_config: Config, world: World, amount: int) -> World | None:
    sent = Sent(amount, 0, 0, (), False, True)
    return world._replace(transfers=(*world.transfers, sent), by_hand=world.by_hand + amount, hands=world.hands + 1)


def _hand_apart(_config: Config, world: World, amount: int) -> World | None:
    sent = Sent(amount, 0, 0, (), False, False)
    return world._replace(transfers=(*world.transfers, sent), by_hand=world.by_hand + amount, hands=world.hands + 1)


def _hand_back(_config: Config, world: World, amount: int) -> World | None:
    """A person reverses a part of the newest transfer."""
    if not world.transfers or world.transfers[-1].held < amount:
        return None
    sent = world.transfers[-1]
    changed = sent._replace(back=sent.back + amount, reversals=sent.reversals + 1, lately=1)
    return world._replace(
        transfers=(*world.transfers[:-1], changed), by_hand=world.by_hand - amount, hands=world.hands + 1
    )


def _ready(_config: Config, world: World, value: int) -> World | None:
    return world._replace(ready=bool(value)) if world.ready != bool(value) else None


def _funds(_config: Config, world: World, value: int) -> World | None:
    return world._replace(funds=bool(value)) if world.funds != bool(value) else None


def _coach(_config: Config, world: World, value: int) -> World | None:
    return world._replace(coach=value) if world.coach != value else None


def _release(_config: Config, world: World, _: int) -> World | None:
    """The work is accepted, or its deadline has come. Nothing makes a released share kept again."""
    return world._replace(kept=False) if world.kept else None


def _time(_config: Config, world: World, hours: int) -> World | None:
    return pass_time(world, hours)


_HAPPENS: dict[str, Callable[[Config, World, int], World | None]] = {
    "refund": _refund,
    "refund-fails": _refund_fails,
    "dispute": _dispute,
    "dispute-won": _dispute_won,
    "hand": _hand,
    "hand-apart": _hand_apart,
    "hand-back": _hand_back,
    "ready": _ready,
    "funds": _funds,
    "coach": _coach,
    "release": _release,
    "+": _time,
    "edge": _edge,
}


def answers(config: Config, world: World, write: Key) -> Iterator[tuple[str, World, tuple[str, bool, str]]]:
    """Each answer that Stripe may give to a keyed write: a word for it, the world after it, (answer, replayed, code)."""
    known = find_key(world, write.slot, write.generation)
    if known is not None:
        yield _again(world, known, write)
        return
    for name in dict.fromkeys(config.bag):
        struck = fault(config, world, name) if name in FAULTS else None
        if struck is not None:
            yield from _faulty(config, struck, write, name)
    code = refusal(config, world, write.slot, write.amount, write.sourced)
    if code:
        yield f"refuses: {code}", with_key(world, write._replace(stored=code)), ("refused", False, code)
        yield f"refuses, storing nothing: {code}", world, ("refused", False, code)
    else:
        done = with_key(carry_out(world, write.slot, write.amount, write.sourced), write._replace(stored="done"))
        yield "does it", done, ("done", False, "")


def _again(world: World, known: Key, write: Key) -> tuple[str, World, tuple[str, bool, str]]:
    if (known.amount, known.sourced) != (write.amount, write.sourced):
        return "says that the key was used with other parameters", world, ("key_taken", False, "")
    if known.stored in ("done", "500"):
        answer = "done" if known.stored == "done" else "unknown"
        return f"replays: {known.stored}", world, (answer, True, "")
    return f"replays the refusal: {known.stored}", world, ("refused", True, known.stored)


def _faulty(config: Config, world: World, write: Key, name: str) -> Iterator[tuple[str, World, tuple[str, bool, str]]]:
    possible = not refusal(config, world, write.slot, write.amount, write.sourced)
    unknown = ("unknown", False, "")
    if name == "fresh-500":
        yield "answers 500 and stores nothing", world, unknown
    elif name == "in-flight":
        yield "answers 409, in flight", world, ("in_flight", False, "")
    elif name == "refuse":
        yield "refuses: refused", with_key(world, write._replace(stored="refused")), ("refused", False, "refused")
    elif possible and name == "stored-500":
        yield (
            "answers 500 and stores it, the work undone so far",
            with_key(world, write._replace(stored="500", late=True)),
            unknown,
        )
    elif possible:
        done = carry_out(world, write.slot, write.amount, write.sourced)
        stored = "500" if name == "stored-500-done" else "done"
        yield f"does it, answers 500 and stores: {stored}", with_key(done, write._replace(stored=stored)), unknown
