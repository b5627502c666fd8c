"""The words of docstrings: a docstring begins with a verb or with the thing it is about."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Openings that make a reader wait for the main clause.
_WAITING = {
    "What",
    "Whether",
    "Who",
    "Whom",
    "Whose",
    "Which",
    "How",
    "Where",
    "When",
    "Why",
    "That",
}


def _files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split() if (ROOT / name).exists()]


def _docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield text


def test_no_docstring_opens_with_a_relative_clause() -> None:
    """A main clause that comes late is read twice, so none opens so."""
    openings = [(path, text, re.match(r"\W*(\w+)", text)) for path in _files() for text in _docstrings(path)]

    assert len(openings) > 1_000
    assert [(path, text) for path, text, word in openings if word is None or word[1] in _WAITING] == []
