"""The memory of a worker, and what the books tell one that reads them."""

from __future__ import annotations

from typing import NamedTuple

from tests.model.core import Move
from tests.model.world import Noted, Sent, World, with_key


class Worker(NamedTuple):
    """The memory of one activation. ``at``: the call that it makes next. ``edge``: the note has aged since it was read.
    ``kept``: the share was not released when the payment was read.

    The last six are kept for the invariants: the open outcomes that a note had told of when the note was read; how often
    people had moved money at the wide list; what others had moved at the lists; what was refunded and disputed at the
    list, or at the later read of it; whether the coach has held the target since; and whether others changed it since.
    """

    at: str
    stale: bool = False
    listed: bool = True
    looked_for: str = ""
    crossed: tuple[tuple[str, int], ...] = ()
    refused: tuple[tuple[str, int], ...] = ()
    note: Noted | None = None
    edge: bool = False
    charge: tuple[int, bool] = (0, False)
    transfers: tuple[Sent, ...] = ()
    refunded: int = 0
    disputed: int = 0
    move: Move | None = None
    generation: int = 0
    out: Noted | None = None
    code: str = ""
    first: int = 0
    kept: bool = False
    knew: tuple[tuple[str, int], ...] = ()
    hand: int = 0
    moved: int = 0
    basis: tuple[int, int] = (0, 0)
    right: bool = False
    others: bool = False

    @property
    def planned(self) -> Move:
        """The move that it makes."""
        assert self.move is not None
        return self.move

    @property
    def memory(self) -> tuple[object, ...]:
        """All but what the invariants count."""
        return self[: Worker._fields.index("knew")]


def charge_of(world: World) -> tuple[int, bool]:
    """The charge's own words: the amount refunded, failures included, and whether it was ever disputed."""
    return sum(amount for amount, _ in world.refunds), world.was_disputed


def overwritten(world: World, worker: Worker) -> World:
    """A note that the worker never read is lost, and with it what it told of: the last write wins."""
    note = world.note
    for key in world.keys:
        told = note is not None and key[:2] == (note.slot, note.generation)
        if key.late and told and key[:2] not in worker.knew:
            world = with_key(world, key._replace(noted=False))
    return world


def told_of(world: World) -> tuple[tuple[str, int], ...]:
    """The keys, with their generations, whose late outcome a note tells of."""
    return tuple(key[:2] for key in world.keys if key.late and key.noted)


def words_of(note: Noted) -> str:
    """The note in words, for a counterexample."""
    return f"{note.kind} {note.reason} {note.slot}.{note.generation}{' pinned' * note.pinned}".replace("  ", " ")
