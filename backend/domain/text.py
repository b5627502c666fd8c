"""Text that people type and paste: what is invisible is taken out or refused, and equal text gets equal bytes.

The work is bounded before it is begun. Normalisation sorts each run of combining marks, in a time that grows with the
square of the run: 64 kB of marks cost seconds. So the text is measured as it came, then its runs of marks, and only
then it is normalised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from backend.domain import card_numbers

# A text may be longer as it came than once it is clean: white space around it, letters in several parts (a Korean
# syllable has three).
_RAW_PER_CLEAN = 4
_RAW_MARGIN = 64
# The longest run of combining marks of the Stream-Safe Text Format: https://www.unicode.org/reports/tr15/#UAX15-D3
_LONGEST_RUN_OF_MARKS = 30

# Default_Ignorable_Code_Point of Unicode, which have no shape of their own:
# https://www.unicode.org/Public/17.0.0/ucd/DerivedCoreProperties.txt
# And the blank of Braille, which has none either.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\u2800"
)
_IGNORABLES = re.compile(f"[{_IGNORABLE}]")
# They turn the text that follows around, so that one name looks like another. No single word needs them.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# These only say where a word of Hebrew or Arabic belongs. Texts in those scripts carry them.
_DIRECTION_MARKS = frozenset("\u200e\u200f\u061c")
_JOINERS = frozenset("\u200c\u200d")
# Choose the form of the character before: a picture or a sign, one of several shapes of an ideograph.
_VARIATIONS = re.compile("[\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef]")
_EMOJI_VARIATION = "\ufe0f"
_SKINS = ("\U0001f3fb", "\U0001f3ff")
# The flags of England, Scotland and Wales: a black flag, a region in tags, and the tag that ends it.
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f")
_WHITE = " \t\n\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# The scripts whose letters have registered variations: https://www.unicode.org/Public/17.0.0/ucd/StandardizedVariants.txt
_VARIED = ("CJK ", "MONGOLIAN ", "MYANMAR ", "PHAGS-PA ")
_KEYCAP = "\u20e3"
_CURSIVE = ("R", "AL", "NSM")
_VIRAMA = 9  # the combining class of the sign that takes a letter of India its vowel


class UnfitText(ValueError):
    """The text cannot be taken. ``str()`` is the end of a sentence that begins with the field's name."""


def clean(text: str, max_length: int) -> str:
    """The text without surrounding white space and stray invisible characters, in NFC; empty if nothing is left.

    A zero-width space that was pasted along is removed. Joiners, variation selectors and direction marks stay where
    scripts and emoji need them. Raises ``UnfitText`` for control characters, line breaks within, and marks that turn
    text around, and where more than ``max_length`` characters are left.
    """
    normal = _normalised(text, max_length)
    kept = "".join(char for char, wanted in _judged(normal) if wanted)
    return _measured(unicodedata.normalize("NFC", kept).strip(_WHITE), max_length)


def clean_id(text: str, max_length: int) -> str:
    """An id without surrounding white space, in NFC. Nothing is taken out of it: two ids that look alike would then
    be one, or two that are one would look alike. Raises ``UnfitText`` as ``clean`` does, and for what is invisible.
    """
    normal = _normalised(text, max_length)
    if any(not wanted or char in _DIRECTION_MARKS for char, wanted in _judged(normal)):
        raise UnfitText("must not contain invisible characters")
    return _measured(normal, max_length)


def excerpt(text: str, max_length: int = 100) -> str:
    """The beginning of a text that somebody sent, on one line, to show it again; without a card number in it."""
    if card_numbers.in_name(text[: max_length + card_numbers.SPREAD]):
        return "(a card number)"
    return "".join(char if char.isprintable() else "?" for char in text[:max_length])


def _normalised(text: str, max_length: int) -> str:
    if len(text) > _RAW_PER_CLEAN * max_length + _RAW_MARGIN:
        raise UnfitText(f"must have 1 to {max_length} characters")
    if text.isascii():
        text = text.strip(_WHITE)
        if not text.isprintable():
            raise UnfitText("must not contain control characters")
        return text
    text, run = text.strip(_WHITE), 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run > _LONGEST_RUN_OF_MARKS:
            raise UnfitText("must not have so many marks on one letter")
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
            raise UnfitText("must not contain control characters")
    if _TURNS.search(text):
        raise UnfitText("must not contain characters that turn text around")
    return unicodedata.normalize("NFC", text)


def _measured(text: str, max_length: int) -> str:
    if len(text) > max_length:
        raise UnfitText(f"must have 1 to {max_length} characters")
    if text and unicodedata.category(text[0]).startswith("M"):
        raise UnfitText("must not begin with a mark that belongs on a letter")
    return text


def _judged(text: str) -> Iterator[tuple[str, bool]]:
    """Each character of the text, and whether it stays."""
    if text.isascii() or not _IGNORABLES.search(text):
        yield from ((char, True) for char in text)
        return
    flags = {place for flag in _FLAG.finditer(text) for place in range(*flag.span())}
    right_to_left = any(unicodedata.bidirectional(char) in ("R", "AL") for char in text if char.isalpha())
    before = ""
    for place, char in enumerate(text):
        after = text[place + 1 : place + 2]
        stays = place in flags or not _IGNORABLES.match(char) or _is_needed(char, before, after, right_to_left)
        yield char, stays
        if stays:
            before = char


def _is_needed(char: str, before: str, after: str, right_to_left: bool) -> bool:
    """True if a script or an emoji needs this invisible character between its neighbours."""
    if char in _DIRECTION_MARKS:
        return right_to_left
    if char in _JOINERS:
        return _joins(before, after)
    if char == "\u180e":  # the vowel separator of Mongolian
        return _is_mongolian(before) and _is_mongolian(after)
    if _VARIATIONS.match(char):
        return _varies(before, after)
    return False


def _varies(before: str, after: str) -> bool:
    """True after a symbol, in a keycap, and after a letter that has variations."""
    if not before:
        return False
    category = unicodedata.category(before)
    return category in ("So", "Sm") or after == _KEYCAP or unicodedata.name(before, "").startswith(_VARIED)


def _joins(before: str, after: str) -> bool:
    """The contexts of joiners: https://www.rfc-editor.org/rfc/rfc5892#appendix-A.1, and the sequences of emoji."""
    if not before or not after:
        return bool(before) and unicodedata.combining(before) == _VIRAMA
    if _VIRAMA in (unicodedata.combining(before), unicodedata.combining(after)):
        return True
    if _is_mongolian(before) and _is_mongolian(after):
        return True
    if unicodedata.bidirectional(before) in _CURSIVE and unicodedata.bidirectional(after) in _CURSIVE:
        return True
    pictured = unicodedata.category(before) == "So" or before == _EMOJI_VARIATION or _SKINS[0] <= before <= _SKINS[1]
    return pictured and unicodedata.category(after) == "So"


def _is_mongolian(char: str) -> bool:
    return "\u1820" <= char <= "\u18aa"
