"""The rules of the house, read off the syntax tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from backend.domain import metadata
from backend.domain.catalogue import PACKAGE, SUBSCRIPTION

ROOT = Path(__file__).parents[2]
BACKEND = sorted(path for path in (ROOT / "backend").rglob("*.py") if "sandbox" not in path.parts)
SOURCES = sorted((ROOT / "backend").rglob("*.py"))
CHOSEN = ["flask", "flask-cors", "flask-limiter", "flask-talisman", "marshmallow", "stripe", "python-dotenv", "pytest"]

# Words that are also ordinary: a log keyword, a field of an API object.
_ORDINARY = {metadata.ACCOUNT, metadata.PLATFORM, metadata.SPORT, metadata.CLIPS, metadata.DAYS}
_ORDINARY |= {metadata.IDEMPOTENCY_KEY, metadata.SLOT, metadata.MODE_MANUAL, metadata.MODE_AUTO}
_ORDINARY |= {PACKAGE, SUBSCRIPTION}
METADATA_KEYS = {
    value for name, value in vars(metadata).items() if name.isupper() and isinstance(value, str)
} - _ORDINARY


def _strings(path: Path) -> Iterator[str]:
    """Every string literal of a file. A sentence that merely mentions a word is another string than the word."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_only_the_settings_read_the_environment() -> None:
    """Everything else is given what it needs."""
    for path in SOURCES:
        reads = re.search(r"\bos\.environ|\bos\.getenv|\benviron\.get\(", path.read_text())
        assert reads is None or path.name == "settings.py", path


def test_only_the_metadata_module_spells_metadata_keys() -> None:
    """A key that is spelled twice is one day spelled two ways.

    Some keys are also the names of request fields: the demo and the drills send them, the reference shows them, and errors
    name them. The catalogue has one of its own.
    """
    request_fields = {"coachId", "packageId", "packageType", "release"}
    for path in BACKEND:
        spelled = METADATA_KEYS & set(_strings(path))
        if path.parts[-2:] == ("domain", "metadata.py") or path.name in (
            "demo.py",
            "drill_environment.py",
            "meanings.py",
            "examples.py",
        ):
            continue
        assert spelled <= request_fields, (path, spelled - request_fields)


def test_every_module_class_and_public_function_has_a_docstring() -> None:
    """The shape, the units, the errors, the reason."""
    for path in BACKEND:
        tree = ast.parse(path.read_text())
        for node in [tree, *ast.walk(tree)]:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not _is_private(node, tree):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"
        assert ast.get_docstring(tree), path


def _is_private(node: ast.FunctionDef | ast.ClassDef, tree: ast.Module) -> bool:
    """Private by name, or inside a function or a private class."""
    if node.name.startswith("_") or node.name == "Meta":
        return True
    for outer in ast.walk(tree):
        inside = isinstance(outer, ast.FunctionDef) or (isinstance(outer, ast.ClassDef) and outer.name.startswith("_"))
        if inside and outer is not node and node in ast.walk(outer):
            return True
    return False


def test_no_file_has_over_300_lines() -> None:
    """Of every Python file that git knows, the tests' own included."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in listed.split() if (ROOT / name).exists()}

    assert "tests/meta/test_rules.py" in lengths
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def _functions(folder: str) -> Iterator[tuple[str, int, int]]:
    """Each function's name, its lines, and its lines of code: without signature, docstring and blank lines."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text()
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                code = node.body[1:] if ast.get_docstring(node) is not None else node.body
                inside = lines[code[0].lineno - 1 : code[-1].end_lineno] if code else []
                name = f"{path.relative_to(ROOT)}: {node.name}"
                yield name, (node.end_lineno or 0) - node.lineno + 1, sum(bool(line.strip()) for line in inside)


@pytest.mark.parametrize("folder", ["backend", "tests"])
def test_half_of_all_functions_have_five_lines_or_fewer_and_none_over_forty(folder: str) -> None:
    """Lines of code for the half, all lines for the longest."""
    functions = list(_functions(folder))

    assert [(name, lines) for name, lines, _ in functions if lines > 40] == []
    assert median(code for _, _, code in functions) <= 5


def _imports(path: Path) -> Iterator[str]:
    """The full name of every module that a file imports, wherever in the file it does."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) + "." if node.level else ""
            module = (base + (node.module or "")).rstrip(".")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_the_import_rules_hold() -> None:
    """Those of pyproject.toml: what may know what."""
    linter = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert linted.returncode == 0, linted.stdout


def test_the_domain_needs_the_standard_library_and_itself() -> None:
    """Whatever is installed: a list of what is forbidden would miss the next library."""
    for path in (ROOT / "backend/domain").rglob("*.py"):
        for name in _imports(path):
            own = name.startswith("backend.domain")
            assert own or name.split(".")[0] in sys.stdlib_module_names, (path.name, name)


def test_only_the_development_server_knows_the_sandbox() -> None:
    """Production cannot start what it does not import; and the sandbox knows nothing of its guest."""
    for path in SOURCES:
        inside = "sandbox" in path.parts
        for name in _imports(path):
            if name.startswith("backend.sandbox"):
                assert inside or path.name == "__main__.py", (path, name)
            else:
                assert not (inside and name.split(".")[0] == "backend"), (path, name)


def test_nothing_in_the_tree_looks_like_a_real_key() -> None:
    """Placeholders only."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in tracked.split():
        path = ROOT / name
        if path.exists():
            assert not re.search(rb"\b[sr]k_live_\w{8,}|\b[srp]k_test_[A-Za-z0-9]{16,}", path.read_bytes()), name


def test_the_eight_chosen_packages_are_pinned() -> None:
    """As the user named them."""
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE))

    assert set(CHOSEN) <= set(pins)
