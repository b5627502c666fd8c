"""Card numbers that were typed where none belongs: found however they are written, so that none is kept or logged.

No card number has to reach this backend, and its operator is not certified to hold one
(https://docs.stripe.com/security/guide#validating-pci-compliance). But many digits are no card number: ids, telephone
numbers, dates. So it depends on the place how sure one has to be.

- In a name no long number belongs: any 13 to 19 digits with the right check digit, however they are grouped.
- In other text: digits that a scheme issues, grouped as people write them.
- In an id: the same, apart from letters, and written as one number only in the lengths that are in use. One in ten ids
  of 17 to 19 digits (64-bit numbers, snowflakes) has the right check digit by chance; nearly no card has so many, but
  for UnionPay's, of 19 digits that begin with 62. An id of 16 digits that looks like a card number is refused.
- A telephone number has at most 15 digits; those of 15 and 14 digits are told by their plus or zeros.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

_LEAST, _MOST = 13, 19
# The characters that the longest number takes, with three signs after each digit.
SPREAD = 4 * _MOST
# Digits with up to three other signs between them: " - ". Letters end a number.
_RUN = re.compile(r"[0-9]+(?:[\W_]{1,3}[0-9]+)*")
_GROUP = re.compile("[0-9]+")
# Nearly every text ends here, in one pass.
_MANY_DIGITS = re.compile(r"(?:[0-9][\W_]{0,3}){12}[0-9]")
# The first digits and the lengths of the schemes: https://en.wikipedia.org/wiki/Payment_card_number
_ISSUED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|2[2-7]\d{14}|5[1-5]\d{14}"  # Mastercard, Mir
    r"|3[47]\d{13}"  # American Express
    r"|3[0689]\d{12}(?:\d{2}(?:\d{3})?)?"  # Diners Club
    r"|35\d{14}(?:\d{3})?"  # JCB
    r"|5[0678]\d{11,17}|6\d{12,18}"  # Discover, Maestro, UnionPay
    r"|8[12]\d{14}(?:\d{3})?|9792\d{12}",  # RuPay, Troy
    re.ASCII,
)
_IN_USE = re.compile(
    r"3[0689]\d{12}|3[47]\d{13}|(?:2[2-7]|3[05689]|4\d|5\d|6\d|8[12])\d{14}|9792\d{12}|62\d{17}", re.ASCII
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OWN_GROUPS = ([4, 6, 5], [4, 6, 4], [4, 4, 5], [6, 13])


@dataclass(frozen=True)
class _Number:
    """Whole groups of digits that follow each other, with the right check digit, and where they stand in the text."""

    groups: tuple[str, ...]
    start: int
    end: int

    @property
    def digits(self) -> str:
        return "".join(self.groups)

    @property
    def sizes(self) -> list[int]:
        return [len(group) for group in self.groups]

    @property
    def is_grouped_as_written(self) -> bool:
        """True for one or two groups, for groups of one size with a shorter last one, and for a scheme's own."""
        first, *middle, last = [*self.sizes, 0] if len(self.groups) == 1 else self.sizes
        return len(self.groups) <= 2 or self.sizes in _OWN_GROUPS or ({first} >= set(middle) and last <= first)


def in_name(text: str) -> bool:
    """True if a name holds a card number."""
    return _holds(text, lambda _number: True)


def in_text(text: str) -> bool:
    """True if a text of any other kind holds one."""
    return _holds(text, _is_issued)


def in_id(text: str) -> bool:
    """True if an id, an address or a key is or holds one."""
    # Two groups of a UUID have as many digits as a card number, now and then no letter, and the right check digit.
    text = _UUID.sub("(uuid)", text)

    def suspicious(number: _Number) -> bool:
        if text[number.start - 1 : number.start].isalpha() or text[number.end : number.end + 1].isalpha():
            return False  # part of a hash, or of an id of Stripe's
        if len(number.groups) == 1:
            return _IN_USE.fullmatch(number.digits) is not None
        return _is_issued(number)

    return _holds(text, suspicious)


def in_phone(text: str) -> bool:
    """True if a telephone number is or holds one."""
    international = text.startswith(("+", "00"))
    return _holds(text, lambda number: len(number.digits) > (15 if international else 13) and _is_issued(number))


def remove(text: str, instead: str) -> str:
    """The text with something else in place of each card number."""
    if len(text) < _LEAST or (text.isascii() and not _MANY_DIGITS.search(text)):
        return text
    parts, position = [], 0
    for number in _numbers(text):
        if not _is_issued(number):
            continue
        if number.start >= position:
            parts += [text[position : number.start], instead]
        position = max(position, number.end)
    return "".join([*parts, text[position:]])


def _is_issued(number: _Number) -> bool:
    return number.is_grouped_as_written and _ISSUED.fullmatch(number.digits) is not None


def _holds(text: str, suspicious: Callable[[_Number], bool]) -> bool:
    return len(text) >= _LEAST and any(suspicious(number) for number in _numbers(text))


def _numbers(text: str) -> Iterator[_Number]:
    """Every row of whole groups that has the length and the check digit of a card number. A row may stand in a longer
    one, before the month and the year.
    """
    if not text.isascii():
        text = "".join(_ascii_digit(char) for char in text)
    if not _MANY_DIGITS.search(text):
        return
    for run in _RUN.finditer(text):
        groups = list(_GROUP.finditer(text, *run.span()))
        digits = "".join(group[0] for group in groups)
        ends = list(accumulate((len(group[0]) for group in groups), initial=0))
        is_checked = _check(digits)
        for first in range(len(groups)):
            for last in range(first, min(first + _MOST, len(groups))):
                length = ends[last + 1] - ends[first]
                if length > _MOST:
                    break
                if length >= _LEAST and is_checked(ends[first], ends[last + 1]):
                    words = tuple(group[0] for group in groups[first : last + 1])
                    yield _Number(words, groups[first].start(), groups[last].end())


def _check(digits: str) -> Callable[[int, int], bool]:
    """Luhn's formula for any part of the digits, each part in the same short time: the sums are made once."""
    values = [int(digit) for digit in digits]
    doubled = [sum(divmod(2 * value, 10)) for value in values]
    sums = [
        list(
            accumulate(
                (d if place % 2 == odd else v for place, (v, d) in enumerate(zip(values, doubled, strict=True))),
                initial=0,
            )
        )
        for odd in (0, 1)
    ]

    def is_checked(start: int, end: int) -> bool:
        mine = sums[end % 2]  # the last digit, at end - 1, is not doubled
        return (mine[end] - mine[start]) % 10 == 0

    return is_checked


def _ascii_digit(char: str) -> str:
    """The digit that a character is, of whatever script, raised or in a circle; else the character."""
    digit = unicodedata.digit(char, None)
    return char if digit is None else str(digit)
