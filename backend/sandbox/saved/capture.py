"""The whole state of a sandbox as one JSON document, and back."""

from typing import Any, Protocol

from ..state.store import Row
from ..state.world import World
from .codec import Decoder, Encoder


class Kept(Protocol):
    """A sandbox, as far as it is kept in a file."""

    world: World

    @property
    def worlds(self) -> "KeptWorlds":
        """The worlds beside the one that all other keys share."""

    def parts(self) -> dict[str, Any]:
        """Whatever has a state to be saved beside the objects."""

    def tick(self) -> None:
        """Let everything happen that is due by now."""


class KeptWorlds(Protocol):
    """The worlds, as far as they are kept."""

    def names(self) -> list[str]:
        """Those that are there, oldest first."""

    def open(self, name: str) -> Kept:
        """The world of that name, made if it is not there yet."""


def capture(sandbox: Kept) -> dict[str, Any]:
    """The state of this instant: between two calls, never inside one. Only the log of calls is left out.

    Worlds apart are caught one after another: nothing of one is of any meaning in another.
    """
    worlds = {one: capture_world(sandbox.worlds.open(one)) for one in sandbox.worlds.names()}
    return {**capture_world(sandbox), "worlds": worlds}


def capture_world(sandbox: Kept) -> dict[str, Any]:
    """The state of one world."""
    with sandbox.world.lock:
        store = sandbox.world.store
        rows = store.rows()
        encoder = Encoder(rows)
        objects = [[row.kind, row.account, encoder.encode(dict(row)), encoder.encode(row.hidden)] for row in rows]
        parts = {name: encoder.encode(part.dump()) for name, part in sandbox.parts().items()}
        return {"objects": objects, "store": encoder.encode(store.dump()), "parts": parts, "texts": encoder.texts}


def restore(sandbox: Kept, document: dict[str, Any]) -> None:
    """Go on from what was captured; what fell due meanwhile happens now.

    Raises LookupError, TypeError or ValueError where the document does not hold together.
    """
    restore_world(sandbox, document)
    for name, world in document["worlds"].items():
        restore_world(sandbox.worlds.open(name), world)


def restore_world(sandbox: Kept, document: dict[str, Any]) -> None:
    """Put the state of one world in place."""
    with sandbox.world.lock:
        world = sandbox.world
        # Objects name each other, so all of them are there before any is filled in.
        rows = [Row(kind, account, {}) for kind, account, _, _ in document["objects"]]
        decoder = Decoder(rows, document["texts"])
        for row, (_, _, fields, hidden) in zip(rows, document["objects"], strict=True):
            row.update(decoder.decode(fields))
            row.hidden = decoder.decode(hidden)
        world.store.load(decoder.decode(document["store"]))
        world.search.load(world.store.rows())
        for name, part in sandbox.parts().items():
            part.load(decoder.decode(document["parts"][name]))
    sandbox.tick()
