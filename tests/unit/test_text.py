"""Text that people paste: stray invisible characters go, needed ones stay, and nothing costs more than it should."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.text import UnfitText, clean, clean_id

STRAY = {
    "zero-width space": "\u200b",
    "soft hyphen": "\u00ad",
    "byte order mark": "\ufeff",
    "word joiner": "\u2060",
    "invisible times": "\u2062",
    "invisible plus": "\u2064",
    "grapheme joiner": "\u034f",
    "Hangul filler": "\u3164",
    "half-width Hangul filler": "\uffa0",
    "Hangul initial filler": "\u115f",
    "Hangul vowel filler": "\u1160",
    "Mongolian vowel separator": "\u180e",
    "variation selector": "\ufe0f",
    "supplementary variation selector": "\U000e0100",
    "tag": "\U000e0041",
    "language tag": "\U000e0001",
    "Braille blank": "\u2800",
    "joiner": "\u200d",
    "non-joiner": "\u200c",
    "right-to-left mark": "\u200f",
    "left-to-right mark": "\u200e",
    "interlinear annotation": "\ufff5",
    "musical beam": "\U0001d173",
    "shorthand overlap": "\U0001bca0",
    "Khmer inherent vowel": "\u17b4",
}
NEEDED = {
    "Persian": "می\u200cخواهم",
    "Hebrew with a mark": "דוד \u200f(כהן)",
    "Arabic with a mark": "\u200eمحمد\u200f!",
    "Malayalam chillu": "അവന\u0d4d\u200d",
    "Bengali ya-phalaa": "র\u200d\u09cdয",
    "Hindi without ligature": "क\u094d\u200cष",
    "Mongolian": "\u182a\u1820\u180e\u1820",
    "a Japanese name": "葛\U000e0100城",
    "a family": "👩\u200d👩\u200d👧",
    "a skin and a rocket": "👩🏽\u200d🚀",
    "a rainbow flag": "🏳\ufe0f\u200d🌈",
    "the flag of Scotland": "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "a keycap": "1\ufe0f\u20e3",
    "a heart": "Dana ❤\ufe0f",
}
REFUSED = {
    "nul": "a\x00b",
    "line break within": "a\nb",
    "line separator within": "a\u2028b",
    "half a pair": "\ud800",
    "override": "a\u202eb",
    "isolate": "a\u2066b",
    "mark alone": "\u0301",
    "mark first": "\u0301a",
    "Zalgo": "a" + "\u0301" * 31,
}


@pytest.mark.parametrize("stray", STRAY.values(), ids=STRAY.keys())
def test_a_stray_invisible_character_is_taken_out(stray: str) -> None:
    """At the ends and within, and alone it is nothing."""
    assert clean(f"{stray}Da{stray}na{stray}", 500) == "Dana"
    assert clean(stray * 3, 500) == ""


@pytest.mark.parametrize("stray", STRAY.values(), ids=STRAY.keys())
def test_no_two_ids_differ_by_what_nobody_sees(stray: str) -> None:
    """An id with an invisible character is refused, wherever it stands."""
    for text in (f"{stray}coach-1", f"coach{stray}-1", f"coach-1{stray}"):
        with pytest.raises(UnfitText):
            clean_id(text, 500)


@pytest.mark.parametrize("text", NEEDED.values(), ids=NEEDED.keys())
def test_an_invisible_character_that_is_needed_stays(text: str) -> None:
    """By scripts and by emoji."""
    assert clean(text, 500) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("text", [text for name, text in NEEDED.items() if "mark" not in name])
def test_an_id_may_be_of_any_script(text: str) -> None:
    """Joiners and variations that show are part of it; direction marks never are."""
    assert clean_id(text, 500) == unicodedata.normalize("NFC", text)


def test_an_id_has_no_direction_marks() -> None:
    """Not even in Hebrew: with and without them it looks the same."""
    with pytest.raises(UnfitText):
        clean_id(NEEDED["Hebrew with a mark"], 500)


@pytest.mark.parametrize("text", ["Dana\n", "\r\nDana\t", "\u00a0Dana\u3000", "\u2028Dana", " Dana "])
def test_white_space_around_it_is_no_part_of_a_text(text: str) -> None:
    """Pasted along with it."""
    assert (clean(text, 500), clean_id(text, 500)) == ("Dana", "Dana")


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("rule", [clean, clean_id])
def test_what_misleads_is_refused(rule: Callable[[str, int], str], text: str) -> None:
    """Rather than changed into something else."""
    with pytest.raises(UnfitText):
        rule(text, 500)


def test_the_limit_counts_what_is_left() -> None:
    """White space, parts of letters and invisible characters aside."""
    assert len(clean("e\u0301" * 500 + " " * 50, 500)) == 500
    assert len(clean("\u1112\u1161\u11ab" * 500, 500)) == 500
    assert len(clean("a\u200b" * 500, 500)) == 500
    with pytest.raises(UnfitText):
        clean("e\u0301" * 501, 500)


ANY = st.text(st.characters(codec="utf-8") | st.sampled_from([*STRAY.values(), "א", "👩", "e", "\u0301"]))


@settings(derandomize=True, max_examples=1_000, deadline=None)
@given(text=ANY)
def test_a_clean_text_is_clean(text: str) -> None:
    """Cleaned again it is the same, byte for byte; and so is an id."""
    for rule in (clean, clean_id):
        try:
            once = rule(text, 500)
        except UnfitText:
            continue
        assert rule(once, 500) == once
        assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    "text", ["\u0301" * 65_536, "a\u0301\u0316" * 20_000, "ｱﾞ" * 32_000, "a" * 65_536, " " * 65_536]
)
@pytest.mark.parametrize("rule", [clean, clean_id])
def test_nothing_is_normalised_that_is_too_long(
    rule: Callable[[str, int], str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64 kB of combining marks cost three seconds of it."""
    normalised = _watched(monkeypatch)

    with pytest.raises(UnfitText):
        rule(text, 500)

    assert normalised == []


def test_no_long_run_of_marks_is_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorting them takes the square of their number."""
    normalised = _watched(monkeypatch)

    with pytest.raises(UnfitText):
        clean("a" + "\u0301\u0316" * 200, 500)
    clean("a" + "\u0301\u0316" * 15, 500)

    assert max(map(len, normalised)) == 31


def _watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are given to the normalisation of Python's library from now on."""
    normalised: list[str] = []
    normalise = unicodedata.normalize

    def watch(form: Any, text: str) -> str:
        normalised.append(text)
        return normalise(form, text)

    monkeypatch.setattr(unicodedata, "normalize", watch)
    return normalised


@pytest.mark.parametrize("part", ["a\u200b", "א\u200f", "👩\u200d", "e\u0301", "葛\U000e0100", "\u3164"])
def test_the_work_grows_with_the_length(part: str) -> None:
    """Twice the text, twice the calls: no square in it."""
    least, most = (_calls(partial(clean, "a" + part * size, 100_000)) for size in (500, 2_000))

    assert most < 4.5 * least


def _calls(work: Callable[[], Any]) -> int:
    """The number of functions that a piece of work calls, Python's and C's."""
    count = 0

    def watch(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
