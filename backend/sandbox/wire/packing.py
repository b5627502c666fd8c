"""Texts kept small: events and past states repeat each other almost word for word."""

import zlib
from typing import NamedTuple


class Packed(NamedTuple):
    """A text as its difference to another one of its kind."""

    difference: bytes
    like: bytes

    def text(self) -> bytes:
        """The text again."""
        return zlib.decompressobj(zdict=self.like).decompress(self.difference)


class Packer:
    """Packs texts. The first of each kind is kept whole; the rest need some hundred bytes instead of thousands."""

    def __init__(self) -> None:
        self._first: dict[str, bytes] = {}

    def dump(self) -> dict[str, bytes]:
        """The first text of each kind, to be saved."""
        return dict(self._first)

    def load(self, saved: dict[str, bytes]) -> None:
        """Pack like before."""
        self._first = saved

    def pack(self, kind: str, text: bytes) -> Packed:
        """Keep a text; `kind` names those that resemble it."""
        like = self._first.setdefault(kind, text)
        # The fastest level: with so near a likeness the others find no more.
        packing = zlib.compressobj(1, zdict=like)
        return Packed(packing.compress(text) + packing.flush(), like)
