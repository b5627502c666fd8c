"""A request of HTTP put together by hand, and all the ways in which it can be sent wrongly."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Name = str | bytes


def encoded(text: Name) -> bytes:
    """Bytes as they are, text as UTF-8; half a letter becomes three bytes that are none."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Case:
    """One case: bytes for one server. ``methods``: of the whole requests in it; None where it may not be whole."""

    number: int
    target: str
    kind: str
    sent: bytes
    methods: tuple[str, ...] | None = None
    hangs_up: bool = False


@dataclass
class Draft:
    """One request. ``chunks``: the sizes in which the body is sent; None: with its length."""

    method: Name
    target: Name
    headers: list[tuple[Name, Name]] = field(default_factory=list)
    body: bytes | None = None
    chunks: Sequence[int] | None = None
    version: str = "HTTP/1.1"

    def add(self, name: Name, value: Any) -> None:
        """Add a header behind the others; a name may come twice."""
        self.headers.append((name, value))

    def sent(self) -> bytes:
        """The bytes of it."""
        lines = [b" ".join((encoded(self.method), encoded(self.target), self.version.encode()))]
        lines += [encoded(name) + b": " + encoded(value) for name, value in self.headers]
        if self.body is not None:
            size = str(len(self.body))
            lines.append(b"Transfer-Encoding: chunked" if self.chunks else f"Content-Length: {size}".encode())
        return b"\r\n".join([*lines, b"", b""]) + self._framed()

    def _framed(self) -> bytes:
        if not self.chunks or self.body is None:
            return self.body or b""
        framed, at, turn = b"", 0, 0
        while at < len(self.body):
            part = self.body[at : at + self.chunks[turn % len(self.chunks)]]
            framed += b"%x\r\n%b\r\n" % (len(part), part)
            at, turn = at + len(part), turn + 1
        return framed + b"0\r\n\r\n"


class Dice(random.Random):
    """Chance, in the words of this package. Made from the seed and the number of a case."""

    def often(self, percent: float) -> bool:
        """True in so many of a hundred cases."""
        return self.random() * 100 < percent

    def one(self, *of: Any) -> Any:
        """One of the arguments."""
        return self.choice(of)

    def weighed(self, table: dict[Any, int]) -> Any:
        """A key, as often as its weight says."""
        return self.choices(list(table), list(table.values()))[0]


# Lines and bytes that two servers may read in two ways.
_EXTRA_LINES: list[bytes] = [
    b"Host: evil.example",
    b"Host: ",
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"Content-Length: +5",
    b"Content-Length: 0x5",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding : chunked",
    b"Expect: 100-continue",
    b"Expect: 200-ok",
    b"Upgrade: h2c",
    b"Connection: upgrade, close",
    b"Connection: keep-alive",
    b" folded: yes",
    b"X-Folded: a\r\n b",
    b"X-Nul: a\x00b",
    b"X-Bytes: \xff\xfe\x80",
    b"X-Bare: a\rb",
    b"X-Feed: a\nX-Other: b",
    b"no colon at all",
    b": no name",
    b"X\xff: name",
    b"X-Many: 1\r\n" * 70 + b"X-Last: 1",
    b"X-Long: " + b"a" * 9_000,
    b"Cookie: " + b"a=b;" * 1_000,
]
_VERSIONS = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1 x", "http/1.1", "HTTP/1", "ICY", ""]
_BYTES = [
    b"\x00",
    b"\xff",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"%",
    b":",
    b"\xe2\x82\xac",
    b"\x1b[2J",
    b"0",
]


def spoil(dice: Dice, sent: bytes) -> bytes:
    """The bytes of a request with something wrong in how they are sent."""
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        sent = dice.choice([_line_more, _line_more, _another_version, _flip, _insert, _cut, _repeat, _without_host])(
            dice, sent
        )
    return sent


def _line_more(dice: Dice, sent: bytes) -> bytes:
    lines = sent.split(b"\r\n")
    lines.insert(dice.randrange(1, max(2, min(len(lines), 12))), dice.choice(_EXTRA_LINES))
    return b"\r\n".join(lines)


def _another_version(dice: Dice, sent: bytes) -> bytes:
    return sent.replace(b"HTTP/1.1", dice.choice(_VERSIONS).encode(), 1)


def _flip(dice: Dice, sent: bytes) -> bytes:
    at = dice.randrange(len(sent)) if sent else 0
    return sent[:at] + bytes([dice.randrange(256)]) + sent[at + 1 :]


def _insert(dice: Dice, sent: bytes) -> bytes:
    at = dice.randrange(len(sent) + 1)
    return sent[:at] + dice.choice(_BYTES) * dice.choice([1, 1, 1, 50]) + sent[at:]


def _cut(dice: Dice, sent: bytes) -> bytes:
    return sent[: dice.randrange(len(sent) + 1)]


def _repeat(dice: Dice, sent: bytes) -> bytes:
    return sent * dice.choice([2, 3])


def _without_host(_dice: Dice, sent: bytes) -> bytes:
    lines = sent.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"host:"))
