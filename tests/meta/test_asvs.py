"""docs/asvs.toml: every requirement of levels 1 and 2, each with a true reason or with tests that exist."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.meta import asvs

ROWS = asvs.read()
PREFIX = "v5.0.0-"


def test_the_standard_is_whole() -> None:
    """As many requirements of each level as the standard says that it has."""
    assert Counter(asvs.levels().values()) == {1: 70, 2: 183, 3: 92}


def test_every_requirement_of_levels_1_and_2_is_there_once_and_in_order() -> None:
    """None is left out because it is awkward; each has the standard's own level."""
    wanted = [(f"{PREFIX}{name}", level) for name, level in asvs.levels().items() if level < 3]

    assert [(one.id, one.level) for one in ROWS] == wanted


@pytest.mark.parametrize("one", ROWS, ids=lambda one: one.id)
def test_a_requirement_is_met_falls_short_or_does_not_apply(one: asvs.Requirement) -> None:
    """One of the three, in a whole sentence; what is met has a test, and every test that is named exists."""
    told = [text for text in (one.how, one.reason, one.falls_short) if text]

    assert len(told) == 1
    assert bool(one.reason) is not one.applies
    assert told[0].endswith(".")
    assert "|" not in told[0] + one.asks + one.yours
    assert bool(one.tests) or not one.met
    assert len(set(one.tests)) == len(one.tests)
    for test in one.tests:
        assert asvs.exists(test), test


def test_level_1_is_met_whole() -> None:
    """Whatever of it applies."""
    applying, met, _ = asvs.share(ROWS, 1)

    assert met == applying


def test_level_2_is_met_to_95_hundredths() -> None:
    """Rows that do not apply are left out of the count."""
    applying, met, _ = asvs.share(ROWS, 2)

    assert met >= 0.95 * applying


def test_each_of_the_top_ten_is_met() -> None:
    """Every requirement that is named for a risk applies, and is met."""
    met = {one.id.removeprefix(PREFIX) for one in ROWS if one.met}

    assert len(asvs.TOP_TEN) == 10
    for risk, names in asvs.TOP_TEN.items():
        assert set(names) <= met, risk


def test_the_page_is_made_of_the_data() -> None:
    """After a change of the data: make asvs."""
    assert asvs.PAGE.read_text() == asvs.page(ROWS)


@pytest.mark.parametrize(
    "named",
    ["tests/meta/test_asvs.py::test_nothing", "tests/nothing.py::test_x", "tests/meta/asvs.py::read", "tests/meta"],
)
def test_a_test_that_is_not_there_is_noticed(named: str) -> None:
    """A misspelt name proves nothing."""
    assert not asvs.exists(named)


def test_no_sentence_of_the_standard_is_copied() -> None:
    """All of its begin with the same two words."""
    assert not [one.id for one in ROWS if "verify that" in f"{one.asks} {one.how} {one.reason}".lower()]
