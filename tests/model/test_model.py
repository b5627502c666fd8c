"""The model, searched as far as a test may take: the real decisions are never wrong in it, and planted bugs are."""

from __future__ import annotations

import pytest

from backend.domain import settlement
from tests.model import roots
from tests.model.branches import Branches
from tests.model.rules import PLANTED, REAL
from tests.model.search import Search
from tests.model.story import told


def test_no_state_is_wrong_and_every_branch_of_the_decision_is_taken() -> None:
    """From each small beginning, to the end; both ways out of every condition in ``backend/domain/settlement.py``."""
    branches = Branches(settlement)
    rules = branches.watched(REAL)
    money = 0
    for config in roots.SMALL:
        found = Search(config, rules).run()
        assert not found.wrong, "\n".join(told(config, found))
        assert found.complete
        money += len(found.money)

    assert money > 30_000
    assert not branches.missed()


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found_and_its_story_told(bug: str) -> None:
    """From a beginning in which the real decisions are never wrong."""
    config = roots.FOUND_FROM[bug]
    found = Search(config, PLANTED[bug]).run(60_000)
    story = told(config, found)

    assert found.wrong, bug
    assert len(story) > 3
    assert story[0].startswith("The player pays")
    assert story[-1] == f"WRONG: {found.wrong}."


@pytest.mark.parametrize("bug", PLANTED)
def test_the_real_decisions_are_right_where_a_planted_bug_is_not(bug: str) -> None:
    """So it is the bug that is found, and not the model."""
    config = roots.FOUND_FROM[bug]
    found = Search(config).run(20_000)

    assert not found.wrong, "\n".join(told(config, found))
