"""The states of a payment's money, in one enumeration: how settling ends, what a note says, what a sweep reports."""

from __future__ import annotations

from enum import StrEnum


class MoneyState(StrEnum):
    """Each value is a word that people and programs read: on notes, in reports, in metrics. It never changes."""

    SETTLED = "settled"  # the coach holds the share
    HELD = "held"  # the money waits for a reason that has a name
    UNKNOWN = "unknown"  # on notes: a write was answered with a 500, and may still come true
    MANUAL = "manual"  # a person settles it
    NOT_PAID = "not_paid"
    NOT_OURS = "not_ours"
    BALANCED = "balanced"  # a sweep saw in the books that it is settled, and did not ask further
    OWED = "owed"  # a dry run saw a difference, and left it
    FAILED = "failed"  # the sweep could not finish it
