"""The recipes can be walked: each step names a file, and an example of what to write is in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
RECIPES = ["Add a route", "Add a webhook event", "Add a sandbox resource", "Add a setting"]
STEPS = re.findall(r"^\d+\. .+?: \[[^\]]+\]\(([^)]+)\)\. Example: `([^`]+)`$", CONTRIBUTING, re.MULTILINE)
QUESTIONS = re.findall(r"^\| (.+\?) \| .+ \| `([^`]+)` `([^`]+)` \|$", ARCHITECTURE, re.MULTILINE)
MOST_LINES = 150


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_step_of_a_recipe_names_a_file_and_an_example(recipe: str) -> None:
    """A step without both could not be checked, and would go out of date in silence."""
    section = CONTRIBUTING.split(f"\n## {recipe}\n")[1].split("\n## ")[0]
    steps = re.findall(r"^\d+\. .+$", section, re.MULTILINE)

    assert len(steps) >= 4
    assert all(re.search(r"\]\([^)]+\)\. Example: `[^`]+`$", step) for step in steps)


@pytest.mark.parametrize(("path", "example"), STEPS, ids=[f"{path}:{example}" for path, example in STEPS])
def test_the_example_of_a_step_is_in_its_file(path: str, example: str) -> None:
    """So whoever follows the recipe has something to look at."""
    assert example in (ROOT / path).read_text()


def _lines_of(path: Path, name: str) -> int:
    """The length of what a name stands for: a function, a class, an assignment with its comment, or a section."""
    text = path.read_text()
    if path.suffix == ".md":
        level = re.findall(rf"^(#+) {re.escape(name)}$", text, re.MULTILINE)[0]
        section = re.split(rf"^{level} {re.escape(name)}$", text, flags=re.MULTILINE)[1]
        return len(re.split(rf"^#{{1,{len(level)}}} ", section, flags=re.MULTILINE)[0].splitlines())
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return (node.end_lineno or 0) - node.lineno + 1
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets):
            return 6
    raise AssertionError(f"{path} has no {name}")


@pytest.mark.parametrize(("question", "path", "name"), QUESTIONS, ids=[question for question, _, _ in QUESTIONS])
def test_a_stranger_finds_each_answer_in_two_files_and_150_lines(question: str, path: str, name: str) -> None:
    """The page of answers, which the README names, and the one place that it points to."""
    assert "docs/architecture.md#ten-questions" in (ROOT / "README.md").read_text()
    page = ARCHITECTURE.split("## Ten questions")[1]

    assert len(page.splitlines()) + _lines_of(ROOT / path, name) <= MOST_LINES


def test_there_are_ten_questions() -> None:
    """A row that is written in another form would be looked at by nothing."""
    rows = re.findall(r"^\| .+\? \|", ARCHITECTURE.split("## Ten questions")[1], re.MULTILINE)

    assert len(QUESTIONS) == len(rows) == 10


def test_the_table_of_folders_names_every_folder_of_the_backend() -> None:
    """Those of one idea each; and no other."""
    named = set(re.findall(r"^\| `(backend/[\w/]+)/` \|", ARCHITECTURE, re.MULTILINE))
    packages = {path.parent for path in (ROOT / "backend").rglob("__init__.py")} - {ROOT / "backend"}
    folders = {str(path.relative_to(ROOT)) for path in packages if path.parent.name != "sandbox"}

    assert named == folders


def test_the_page_of_tests_names_every_folder_of_tests() -> None:
    """Each with what it promises."""
    named = set(re.findall(r"^\| `(tests/\w+)` \|", (ROOT / "docs/testing.md").read_text(), re.MULTILINE))
    folders = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "tests").glob("*/__init__.py")}

    assert named == folders
