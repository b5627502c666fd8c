"""Creating an object once, under a key derived from what it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from backend.domain import idempotency_keys
from backend.services.reads import get_or_none
from backend.services.write_outcome import Done, KeyTaken, Refused, Unknown, WriteOutcome, classify_write

T = TypeVar("T")

GENERATIONS = 10


def create_once(
    key: str,
    create: Callable[[str], T],
    retrieve: Callable[[str], T | None],
    rival: Callable[[], T | None] | None = None,
) -> WriteOutcome[T]:
    """``create`` with the key, or with its next generation past answers of which nothing is left.

    A replayed answer is about the past. What it created may be gone since (``retrieve`` answers None: it was
    deleted, or it failed), and what it refused may be allowed by now. ``rival`` reads what other parameters
    made under the key; where it is given and answers None, that is gone too.
    """
    answer: WriteOutcome[Any] = Unknown(replayed=True)
    for generation in range(GENERATIONS):
        answer = classify_write(partial(create, idempotency_keys.creation(key, generation)))
        match answer:
            case Done(result, replayed=True):
                alive = get_or_none(partial(retrieve, result.id))
                answer = Unknown(replayed=True)
            case KeyTaken() if rival is not None:
                alive = rival()
            case Refused(replayed=True):
                continue
            case _:
                return answer
        if alive is not None:
            return Done(alive, replayed=True)
    return answer
