"""Hostile values: text, numbers, documents, and bytes that are meant to be read as one of them."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tests.fuzz.drafts import Dice
from tests.hostile import HOSTILE, put, ways

# It stands in text; no page may show it as it is.
MARK = "<fuzz onload=x>"
TEXTS: list[str] = [
    MARK,
    "a" * 500,
    "a" * 501,
    "a" * 65_000,
    "\u0301" * 500,
    "a\u0301" * 20_000,
    "\u202e\u200f\u00ad\ufeff\u3164",
    "\U000e0041\U0001f600",
    "line\r\nSet-Cookie: a=b",
    "\x00",
    "\x1b[31m",
    "4242 4242 4242 4242",
    "\uff14242\uff0d4242 4242.4242",
    "sk_test_1234",
    "whsec_1234567890",
    "{{7*7}}${7*7}%s%n",
    "' OR 1=1 --",
    "../../etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:9/",
    "javascript:alert(1)",
    "NaN",
    "-0",
    "1e400",
    "0x10",
    "\u0661\u0662",
    "pi_" + "a" * 24,
    "acct_" + "a" * 16,
    "subscription",
    "temp_user",
]
NUMBERS: list[Any] = [2**31, 2**63, -(2**63), 10**18, 0.1, -0.0, 1e308, 47.25, 4725.0, "4725", True]
_BROKEN = [
    b"",
    b"{",
    b"[",
    b"null",
    b"7",
    b'"text"',
    b"{}{}",
    b"\xef\xbb\xbf{}",
    b'{"a":NaN}',
    b'{"a":1e999}',
    b'{"a":1,"a":2}',
    b'{"a":"\xff"}',
    b'{"a":"\\ud800"}',
    b"{'a':1}",
    b"a=1&b=2",
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b'{"a":' + b"9" * 60_000 + b"}",
    b'{"a":' + b"[" * 60 + b"]" * 60 + b"}",
    b"{" + b",".join(b'"%d":1' % number for number in range(5_000)) + b"}",
    json.dumps({"a": "b"}).encode("utf-16"),
]
PATHS: list[str] = [
    "%00",
    "%ff",
    "%2e%2e",
    "..",
    ".",
    "%2f",
    "%0d%0aX-Evil:1",
    "%E2%82%AC",
    "a//b",
    ";a=b",
    "%",
    "*",
    "a" * 300,
]


def value(dice: Dice) -> Any:
    """A value of JSON: plain or hostile, at times with others inside."""
    if dice.often(10):
        return {dice.choice(TEXTS): value(dice)} if dice.often(50) else [value(dice) for _ in range(dice.randrange(4))]
    return dice.choice([dice.choice(HOSTILE), dice.choice(TEXTS), dice.choice(NUMBERS)])


def damaged(dice: Dice, document: Any, times: int) -> Any:
    """The document with so many of its places changed, left out or added to."""
    for _ in range(times):
        places = list(ways(document))
        if not places or dice.often(20):
            more = dice.choice(["__proto__", "metadata", "amount", "id", "$where", dice.choice(TEXTS)])
            document = {**document, more: value(dice)} if isinstance(document, dict) else value(dice)
            continue
        try:
            document = put(document, dice.choice(places), value(dice), dice.often(25))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return document


def json_bytes(dice: Dice, document: Any) -> bytes:
    """The document as JSON, or what is none."""
    if dice.often(12):
        return dice.choice(_BROKEN)
    text = json.dumps(document, ensure_ascii=dice.often(70)).encode("utf-8", "surrogatepass")
    if dice.often(4):
        return gzip.compress(text)
    if dice.often(4):
        return text[: dice.randrange(len(text) + 1)]
    if dice.often(2):
        return text + b" " * dice.choice([1, 70_000, 1_100_000])
    return text
