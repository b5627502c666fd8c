"""Every state that a beginning leads to, breadth first, each checked; and the shortest way to one that is wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from tests.model.core import Core
from tests.model.memory import Worker
from tests.model.outside import happenings
from tests.model.replica import ENDED, Replica
from tests.model.rest import Rest
from tests.model.rules import REAL, Rules
from tests.model.world import Config, World, beginning, find_key, held, level, target, with_key


class State(NamedTuple):
    """The world, and the workers under way."""

    world: World
    workers: tuple[Worker, ...]


Line = tuple[Worker | None, ...]


class Edge(NamedTuple):
    """One thing that happens: ``who`` did ``what``; ``wrong`` says what is broken by it.

    ``who`` is a worker's place in the state before; -1 for one that begins, or None for others. ``line``: the workers in
    that order, with None for one that is gone.
    """

    who: int | None
    what: str
    after: State
    line: Line
    wrong: str = ""


@dataclass
class Found:
    """The result of one search. ``story``: the way to a fault.

    ``money``: hashes of the distinct states of the money, which are the books and what each worker has read of them;
    neither what is left of the bag nor what the invariants count makes a difference. ``books``: without the workers.
    """

    states: int = 0
    edges: int = 0
    money: set[int] = field(default_factory=set)
    books: set[int] = field(default_factory=set)
    complete: bool = True
    wrong: str = ""
    story: list[tuple[str, str, State]] = field(default_factory=list)


class Search:
    """A search from one beginning."""

    def __init__(self, config: Config, rules: Rules = REAL) -> None:
        self.config = config
        self._replica = Replica(config, Core(rules, config.dated))
        dated = config._replace(dated=True)
        self._rest = Rest(dated, Replica(dated, Core(rules)))
        self.pairs: set[tuple[str, str]] = set()

    def run(self, most: int = 10_000_000) -> Found:
        """Explore until nothing is new, a state is wrong, or there are ``most`` states."""
        first = State(beginning(self.config), ())
        came: dict[State, State | None] = {first: None}
        waiting = deque([first])
        found = Found()
        while waiting:
            state = waiting.popleft()
            books = state.world.money
            found.books.add(hash(books))
            found.money.add(hash((books, tuple(sorted(hash(worker.memory) for worker in state.workers)))))
            if not state.workers:
                found.wrong = self._rest.wrong(state.world)
            for edge in [] if found.wrong else self._edges(state):
                found.edges += 1
                if edge.wrong:
                    found.wrong, source, state = edge.wrong, state, edge.after
                    came[state] = source
                    break
                if edge.after not in came:
                    came[edge.after] = state
                    waiting.append(edge.after)
            if found.wrong:
                found.story = self._story(_way(came, state))
                break
            if len(came) >= most:
                found.complete = False
                break
        found.states = len(came)
        return found

    def _edges(self, state: State) -> Iterator[Edge]:
        world, workers = state
        for name, after in happenings(self.config, world, not workers):
            yield self._happened(state, name, after)
        if len(workers) < self.config.workers:
            for what, _, worker in self._replica.starts(world):
                self._follows("start", worker)
                yield self._moved(state, -1, what, world, (*workers, worker))
        for index, worker in enumerate(workers):
            gone = (*workers[:index], None, *workers[index + 1 :])
            yield Edge(index, "dies", *self._state(world, gone))
            for what, after, next_worker in self._replica.advance(world, worker):
                self._follows(worker.at, next_worker)
                moved = (*workers[:index], next_worker, *workers[index + 1 :])
                yield self._moved(state, index, what, after, moved)
                if after is not world and next_worker is not None:
                    yield self._moved(state, index, f"{what}; and dies", after, gone)

    def _follows(self, at: str, worker: Worker | None) -> None:
        """Keep which call may follow which."""
        if worker is not None and worker.at != ENDED:
            self.pairs.add((at, worker.at))

    def _happened(self, state: State, name: str, after: World) -> Edge:
        """Others did something: what the workers know of it is nothing, but for the invariants."""
        world, workers = state
        changed = target(self.config, world) != target(self.config, after) or world.transfers != after.transfers
        aged = name == "edge"
        seen = [
            worker._replace(others=worker.others or changed, edge=worker.edge or (aged and worker.note is not None))
            for worker in workers
        ]
        wrong = ""
        if name.startswith("late:"):
            wrong = self._late(world, after, name)
            seen = [worker._replace(hand=-1) for worker in seen]  # it was not in the list of those that have listed
        return Edge(None, name, *self._state(after, tuple(seen)), wrong)

    def _late(self, world: World, after: World, name: str) -> str:
        """A stored 500 that comes true may exceed the target by what others changed since it was sent, and no more."""
        slot, generation = _key_of(name)
        key = find_key(world, slot, generation)
        assert key is not None
        if key.crossed:
            return _twice(after)
        return self._beyond(after, slot, key.level - level(self.config, world)) or _twice(after)

    def _moved(self, state: State, index: int, what: str, after: World, line: Line) -> Edge:
        """A worker did something. It is gone from the line if it ended or died."""
        before, mover = state.world, line[index]
        wrong = ""
        if after.transfers != before.transfers:
            writer = state.workers[index]
            after, wrong = self._written(before, after, writer)
            wrong = wrong or self._early(before, writer)
            mover = mover and mover._replace(right=False, others=writer.hand != after.hands)
        if mover is not None and mover.at == ENDED:
            right = mover.right or held(after) == target(self.config, after)
            wrong = wrong or ("" if right or mover.others else "a worker ends as settled, on an old read")
            mover = None
        place = index % len(line)
        return Edge(index, what, *self._state(after, (*line[:place], mover, *line[place + 1 :])), wrong)

    def _written(self, before: World, after: World, writer: Worker) -> tuple[World, str]:
        """The world in which a worker's write is done, and the fault of it. What a person crossed is excused."""
        after = _crossing(after, writer)
        if writer.hand != after.hands:
            # It shifts the slots of those that have listed, as the person's did.
            moved = held(after) - held(before)
            return after._replace(excused=after.excused + moved, hands=after.hands + 1), _twice(after)
        change = self._replica.basis(writer) - level(self.config, after)
        return after, self._beyond(after, writer.planned.slot, change) or _twice(after)

    def _early(self, before: World, writer: Worker) -> str:
        """The fault of a payment that was made although its share was not released."""
        return "a share is sent before its release" if before.kept and "r" not in writer.planned.slot else ""

    def _beyond(self, after: World, slot: str, change: int) -> str:
        """The fault of a write that moved the coach past the target. ``change``: what others did since its look."""
        over = held(after) - target(self.config, after)
        if "r" not in slot and over > max(0, change):
            return f"the coach holds {over} more than the target"
        if "r" in slot and -over > max(0, -change):
            return f"the coach holds {-over} less than the target"
        return ""

    def _state(self, world: World, line: Line) -> tuple[State, Line]:
        """In a fixed order: which worker is which makes no difference."""
        if held(world) == target(self.config, world):
            line = tuple(worker._replace(right=True) if worker and not worker.right else worker for worker in line)
        there = [worker for worker in line if worker is not None]
        return State(world, tuple(sorted(there, key=hash))), line

    def _story(self, way: list[State]) -> list[tuple[str, str, State]]:
        """The deeds on the way, each with its worker, which keeps its name wherever it stands in the states."""
        story: list[tuple[str, str, State]] = []
        names: list[str] = []
        begun = 0
        for before, after in pairwise(way):
            edge = next(edge for edge in self._edges(before) if edge.after == after)
            if edge.who == -1:
                names.append("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[begun % 26])
                begun += 1
            story.append(("" if edge.who is None else names[edge.who], edge.what, after))
            left = [(name, worker) for name, worker in zip(names, edge.line, strict=True) if worker is not None]
            names = [left.pop(_place(left, worker))[0] for worker in after.workers]
        return story


def _place(left: list[tuple[str, Worker]], wanted: Worker) -> int:
    return next(place for place, (_, worker) in enumerate(left) if worker == wanted)


def _key_of(name: str) -> tuple[str, int]:
    slot, _, generation = name.removeprefix("late:").rpartition(".")
    return slot, int(generation)


def _crossing(world: World, writer: Worker) -> World:
    """Mark the open outcomes that the writer could not know of: no note had told of them when it read the note."""
    assert writer.move is not None
    slot = writer.planned.slot
    for key in world.keys:
        same_way = key.slot != slot and ("r" in key.slot) == ("r" in slot)
        if key.late and same_way and key[:2] not in writer.knew:
            world = with_key(world, key._replace(crossed=True))
    return world


def _twice(world: World) -> str:
    """The fault of two writes for one slot."""
    slots = [slot for sent in world.transfers for slot in sent.filled]
    twice = {slot for slot in slots if slots.count(slot) > 1}
    return f"slot {min(twice)} is filled twice" if twice else ""


def _way(came: dict[State, State | None], state: State | None) -> list[State]:
    way = []
    while state is not None:
        way.append(state)
        state = came[state]
    return way[::-1]
