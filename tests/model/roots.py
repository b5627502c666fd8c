"""The beginnings that are searched, and for each planted bug one from which it is found."""

from __future__ import annotations

from itertools import product

from tests.model.world import Config

# Each is exhausted within seconds; together they take every branch of backend/domain/settlement.py.
SMALL = [
    Config(5, 10, ("refund:2", "lost"), fast=True),
    Config(5, 10, ("stored-500", "+:4", "refund:2"), workers=1, fast=True),
    Config(5, 10, ("stored-500-done", "fresh-500", "+:4"), workers=1, fast=True),
    Config(5, 60, ("refund:2", "stored-500", "hand:1", "hand-back:1"), workers=1),
    Config(5, 60, ("refund:2", "hand-apart:1", "dispute:1"), workers=1, apart=True),
    Config(5, 60, ("ready:1", "+:2"), ready=False, workers=1),
    Config(5, 10, ("ready:1", "ready:0", "+:4", "+:25"), workers=1, ready=False),
    Config(5, 10, ("refund:2", "coach:0", "coach:1", "+:4", "+:25"), workers=1),
    Config(5, 10, ("refund:3", "refund-fails", "funds:0", "funds:1", "+:25"), workers=1),
    Config(5, 10, ("dispute:2", "dispute-won", "refuse"), workers=1),
    Config(5, 10, ("hand-back:1", "ready:0"), workers=1),
    Config(5, 10, ("in-flight", "in-flight", "ready:1"), ready=False, workers=1),
    Config(5, 10, ("ready:1", "stored-500", "refund:1"), workers=1, ready=False),
    Config(5, 10, ("ready:1", "+:4", "refund:1"), workers=1, ready=False, dated=False),
    Config(5, 10, ("refund:3", "coach:1", "coach:0"), workers=1, dated=False),
    Config(5, 10, ("release", "refund:2"), fast=True, kept=True),
    Config(5, 60, ("release", "hand:1", "refund:2"), workers=1, kept=True),
    Config(5, 10, ("release", "stored-500", "ready:1"), workers=1, ready=False, kept=True),
]

_PAIRS = [("refund:2", "stored-500"), ("hand:1", "lost"), ("refund:2", "refund-fails")]
_TRIPLES = [
    ("refund:2", "stored-500", "+:4"),
    ("refund:2", "refund-fails", "stored-500"),
    ("refund:2", "refund:1", "lost"),
    ("stored-500", "edge", "+:2"),
    ("stored-500-done", "fresh-500", "refund:1"),
    ("dispute:2", "dispute-won", "stored-500"),
    ("hand:2", "stored-500", "+:4"),
    ("hand:1", "hand-back:1", "stored-500"),
    ("refuse", "stored-500", "+:18"),
    ("ready:0", "ready:1", "refund:1"),
    ("refund:2", "coach:1", "+:25"),
    ("refund:3", "refund-fails", "funds:0"),
    ("in-flight", "refund:2", "+:25"),
]
_LONG = [
    ("refund:2", "refund-fails", "stored-500", "hand:1", "+:4", "+:25"),
    ("ready:0", "ready:1", "stored-500", "+:18", "+:2", "edge"),
    ("refund:2", "coach:0", "coach:1", "+:4", "+:25", "hand:1"),
    ("dispute:2", "dispute-won", "refund:1", "stored-500-done", "funds:0", "+:25"),
    ("hand:2", "hand-back:1", "hand-back:1", "refund:1", "fresh-500", "+:25"),
]
LARGE = [
    *SMALL,
    *(Config(5, percent, ("release", *bag), kept=True) for percent, bag in product((10, 60), _PAIRS)),
    *(Config(5, percent, bag) for percent, bag in product((10, 60), _TRIPLES)),
    *(Config(4, 60, bag, fast=True) for bag in _TRIPLES),
    *(Config(4, 0, bag, 3) for bag in _PAIRS),
    *(Config(5, percent, bag, 1) for percent, bag in product((10, 60), _LONG)),
    Config(5, 60, ("hand-apart:1", "refund:1", "stored-500"), apart=True),
    Config(5, 60, ("hand-apart:1", "hand-back:1", "refund:1", "stored-500", "+:4"), 1, apart=True),
    Config(5, 60, ("ready:1", "stored-500"), ready=False),
]

FOUND_FROM = {
    "a random key": Config(5, 60),
    "no list before the write": Config(5, 60, ("+:25",), fast=True),
    "climbs at once past a stored 500": Config(5, 10, ("stored-500",), workers=1),
    "a held note vouches for a 500": Config(5, 10, ("ready:1", "stored-500"), ready=False, workers=1),
    "a mismatch over an unpinned hold climbs": Config(
        5, 10, ("ready:1", "stored-500", "refund:2"), ready=False, workers=1
    ),
    "retires an unpinned key at 20 hours": Config(5, 60, ("ready:1", "+:4", "edge"), ready=False),
    "clears an open unknown note": Config(5, 10, ("stored-500", "hand:4", "hand-back:4"), workers=1),
    "pays another slot while an outcome is unknown": Config(5, 10, ("stored-500", "hand:2"), workers=1),
    "ends before a read later than the last write": Config(5, 10, ("refund:2", "refund:1"), workers=1),
    "trusts a charge that was disputed before": Config(5, 10, ("dispute:2", "dispute-won"), workers=1),
    "reads the charge before the list": Config(5, 10, ("refund:2",), workers=1),
    "takes the reversal count from another answer": Config(5, 10, ("refund:2", "refund:1")),
    "pays before the release": Config(5, 10, ("release",), workers=1, kept=True),
    "ignores the cap on the source": Config(5, 10, ("refund:3", "refund-fails"), workers=1),
}
