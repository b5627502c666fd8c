"""The body of a request as it comes over a socket: whole and within bounds before anything is done, or refused."""

import re
from email.errors import (
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from email.message import Message
from typing import BinaryIO

from .errors import StripeError, invalid

# Larger than anything that Stripe takes as a form.
BODY_MAX = 1_048_576
# The line before a chunk holds its size, and may hold extensions; the lines after the last one are trailers.
LINE_MAX = 1_024
TRAILERS_MAX = 64
DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
# The reader of headers misses the parts of an upload, whose body it has not seen: that is no fault of the headers.
OF_PARTS = (MultipartInvariantViolationDefect, NoBoundaryInMultipartDefect, StartBoundaryNotFoundDefect)
LINE = re.compile(r"[^\r\n\0]*")


def body_of(headers: Message, stream: BinaryIO) -> bytes:
    """The whole body. Raises `StripeError`: 400 for framing that two servers could read in two ways, 413 for too much."""
    if any(not isinstance(one, OF_PARTS) for one in headers.defects) or not all(
        LINE.fullmatch(value) for value in headers.values()
    ):
        raise invalid("Invalid request: a header could not be understood.")
    lengths, encodings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
    if encodings:
        if lengths or [one.lower() for one in encodings] != ["chunked"]:
            raise invalid("Invalid request: send a Content-Length, or Transfer-Encoding: chunked.")
        return b"".join(_chunks(stream))
    if not lengths:
        return b""
    if len(lengths) > 1 or not DIGITS.fullmatch(lengths[0]):
        raise invalid("Invalid request: the Content-Length could not be understood.")
    return _read(stream, int(lengths[0]))


def _read(stream: BinaryIO, length: int) -> bytes:
    if length > BODY_MAX:
        raise StripeError(f"The request is too large: at most {BODY_MAX} bytes are allowed.", status=413)
    data = stream.read(length)
    if len(data) < length:
        raise invalid("Invalid request: the body is shorter than it says.")
    return data


def _chunks(stream: BinaryIO) -> list[bytes]:
    found: list[bytes] = []
    size = 0
    while True:
        head = CHUNK.fullmatch(stream.readline(LINE_MAX))
        if head is None:
            raise invalid("Invalid request: a chunk of the body could not be understood.")
        length = int(head[1], 16)
        if not length:
            _skip_trailers(stream)
            return found
        size += length
        # The bound is on the sum: a chunk of that length is refused before it is read.
        found.append(_read(stream, length if size <= BODY_MAX else size))
        if stream.readline(2) not in (b"\r\n", b"\n"):
            raise invalid("Invalid request: a chunk of the body is longer than it says.")


def _skip_trailers(stream: BinaryIO) -> None:
    for _ in range(TRAILERS_MAX):
        if stream.readline(LINE_MAX) in (b"\r\n", b"\n", b""):
            return
    raise invalid("Invalid request: there are too many trailers.")
