"""The quick part of the tests: something of every folder, nothing that is gone, and a word on what it leaves out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.quick import ALWAYS, LEFT_OUT, SELECTION, selected

ROOT = Path(__file__).parents[2]


def test_every_folder_of_the_backend_has_its_part() -> None:
    """Those of the table in docs/architecture.md, and no other."""
    folders = re.findall(r"^\| `(backend/[\w/]+)/` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)

    assert sorted(SELECTION) == sorted(folders)
    assert all(SELECTION.values())


@pytest.mark.parametrize(
    "path", sorted({*selected(), *ALWAYS, *(one for files in SELECTION.values() for one in files)})
)
def test_what_is_selected_is_there(path: str) -> None:
    """A file that was renamed would be missed by nobody but pytest."""
    assert (ROOT / path).exists()


def test_a_folder_of_tests_is_either_run_in_part_or_said_to_be_left_out() -> None:
    """So the last lines of a run are the whole truth."""
    run = {"/".join(path.split("/")[:2]) for path in selected()}
    folders = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "tests").glob("*/__init__.py")}
    with_tests = {folder for folder in folders if list((ROOT / folder).rglob("test_*.py"))}

    assert run & set(LEFT_OUT) == set()
    assert run | set(LEFT_OUT) == with_tests
