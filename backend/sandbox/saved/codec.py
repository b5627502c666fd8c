"""Values of the sandbox's state as JSON, and back. What JSON has no word for stands in ``{"$": [kind, …]}``.

Nothing that a file says is ever run: it names objects by their place in the file, and the kinds below.
"""

import base64
from collections.abc import Callable, Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from ..state import banks, cards
from ..state.banks import Bank
from ..state.cards import Card
from ..state.store import Row
from ..wire.http import Incoming
from ..wire.packing import Packed

MARK = "$"
PLAIN = (str, int, float, bool, type(None))


class Encoder:
    """Turns values into JSON. An object of Stripe's that is ``placed`` is named by its place; others are written out."""

    def __init__(self, placed: list[Row]) -> None:
        self._places = {id(row): place for place, row in enumerate(placed)}
        # The texts that packed ones are differences to are few, and long: each is written once.
        self._texts: dict[bytes, int] = {}
        # A packed text is a tuple too, so it comes first.
        self._kinds: dict[str, tuple[type, Callable[[Any], Iterable[Any]]]] = {
            "packed": (Packed, lambda packed: (_text(packed.difference), self._number(packed.like))),
            "tuple": (tuple, lambda items: map(self.encode, items)),
            "set": (set, lambda items: sorted(map(self.encode, items))),
            "bytes": (bytes, lambda text: (self._number(text),)),
            "decimal": (Decimal, lambda number: (str(number),)),
            "card": (Card, lambda card: (card.tokens[0] if card.tokens else card.number,)),
            "bank": (Bank, lambda bank: (bank.token,)),
            "call": (Incoming, lambda call: (self.encode(asdict(call)),)),
        }

    @property
    def texts(self) -> list[str]:
        """The bytes that the encoded values name by number, in Base64."""
        return [_text(text) for text in self._texts]

    def encode(self, value: Any) -> Any:
        """The value as JSON. Raises TypeError for what no file can keep."""
        if type(value) in PLAIN:
            return value
        if isinstance(value, Row):
            return self._row(value)
        if type(value) is list:
            return [self.encode(item) for item in value]
        if isinstance(value, dict):
            return self._dict(value)
        return {MARK: self._marked(value)}

    def _row(self, row: Row) -> Any:
        place = self._places.get(id(row))
        if place is not None:
            return {MARK: ["row", place]}
        return {MARK: ["gone", row.kind, row.account, self._dict(row), self._dict(row.hidden)]}

    def _dict(self, value: dict[Any, Any]) -> Any:
        if MARK not in value and all(type(key) is str for key in value):
            return {key: self.encode(item) for key, item in value.items()}
        return {MARK: ["dict", *([self.encode(key), self.encode(item)] for key, item in value.items())]}

    def _marked(self, value: Any) -> list[Any]:
        for kind, (known, parts) in self._kinds.items():
            if isinstance(value, known):
                return [kind, *parts(value)]
        raise TypeError(f"a {type(value).__name__} cannot be saved: saved/codec.py has no word for it")

    def _number(self, text: bytes) -> int:
        return self._texts.setdefault(text, len(self._texts))


class Decoder:
    """Turns JSON into values again. Raises KeyError, IndexError, TypeError or ValueError for what no encoder wrote."""

    def __init__(self, placed: list[Row], texts: list[str]) -> None:
        self._placed = placed
        self._texts = [_bytes(text) for text in texts]
        self._kinds: dict[str, Callable[..., Any]] = {
            "row": lambda place: self._placed[place],
            "gone": self._gone,
            "dict": lambda *pairs: {self.decode(key): self.decode(item) for key, item in pairs},
            "packed": lambda difference, like: Packed(_bytes(difference), self._texts[like]),
            "tuple": lambda *items: tuple(map(self.decode, items)),
            "set": lambda *items: set(map(self.decode, items)),
            "bytes": lambda number: self._texts[number],
            "decimal": Decimal,
            "card": lambda name: cards.BY_TOKEN.get(name) or cards.card_of(name),
            "bank": lambda token: banks.BY_TOKEN[token],
            "call": lambda fields: Incoming(**self.decode(fields)),
        }

    def decode(self, value: Any) -> Any:
        """The value that was encoded."""
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        if MARK not in value:
            return {key: self.decode(item) for key, item in value.items()}
        kind, *rest = value[MARK]
        return self._kinds[kind](*rest)

    def _gone(self, kind: str, account: str, fields: Any, hidden: Any) -> Row:
        return Row(kind, account, self.decode(fields), **self.decode(hidden))


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
