"""`make audit` calls nothing clean without having looked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.audit import verdict

CLEAN = {"name": "flask", "version": "3.1.3", "vulns": []}
HOLED = {"name": "old", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "odd", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "clean", "said"),
    [
        ([CLEAN], True, "1 packages, no known holes."),
        ([CLEAN, HOLED], False, "old 1.0: CVE-1, mended in 1.1"),
        ([CLEAN, SKIPPED], True, "NOT CHECKED: odd"),
        ([HOLED, SKIPPED], False, "CVE-1"),
    ],
)
def test_an_answer_is_read_for_what_it_says(packages: list[Any], clean: bool, said: str) -> None:
    """A hole is a failure, and what was not looked at is named."""
    found = verdict(json.dumps({"dependencies": packages}), "")

    assert found[0] is clean
    assert said in found[1]


@pytest.mark.parametrize("answer", ["", "no network", "[]", "{}"])
def test_no_answer_is_not_checked(answer: str) -> None:
    """The source could not be reached."""
    clean, said = verdict(answer, "could not connect")

    assert clean
    assert said.startswith("NOT CHECKED")
