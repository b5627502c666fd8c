"""Habits that the code must not have, and the few places that may do what is dangerous: read off the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parents[2]
BACKEND = sorted(path for path in (ROOT / "backend").rglob("*.py") if "sandbox" not in path.parts)

# Calls that run text, read objects out of bytes, or give a shell a line.
NEVER = re.compile(
    r"(?:builtins\.)?(?:eval|exec|compile|__import__)|os\.(?:system|popen|exec\w+|spawn\w+)|subprocess\.(?:getoutput|getstatusoutput)"
    r"|(?:c?pickle|marshal|shelve|dill)\.\w+|yaml\.\w+|xml\.\w+.*|lxml\.\w+|ctypes\.\w+|cffi\.\w+|tempfile\.mktemp"
    r"|(?:render_template_string|Template|from_string|Markup)|\w+\.(?:render_template_string|from_string)|ldap\w*\.\w+|smtplib\.\w+"
    r"|hashlib\.(?:md5|sha1|new)|random\.\w+|ssl\._create_unverified_context"
)
# What may start another program, and which: Python itself, with words that are written in the code.
PROGRAMS = {"gunicorn.conf.py": "subprocess.run", "drill_environment.py": "subprocess.Popen"}


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield _dotted(node.func), node


@pytest.mark.parametrize("path", BACKEND, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_is_run_and_no_object_is_read_out_of_bytes(path: Path) -> None:
    """No evaluation, no pickle, no XML, no template out of a text, no weak hash, no guessable random number, no shell."""
    for name, call in _calls(path):
        allowed = name == "__import__" or name.startswith("re.")
        assert allowed or not NEVER.fullmatch(name), (path.name, call.lineno, name)
        for keyword in call.keywords:
            shell = keyword.arg == "shell"
            unchecked = keyword.arg in ("verify", "verify_signature", "check_hostname")
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            assert not shell, (path.name, call.lineno)
            assert not (unchecked and off), (path.name, call.lineno)


def test_only_python_itself_is_started_with_words_of_our_own() -> None:
    """A list of words, without a shell: nothing that a request says can become a part of a command."""
    found = {}
    for path in BACKEND:
        for name, call in _calls(path):
            if name.startswith("subprocess."):
                found[path.name] = name
                words = call.args[0]
                assert isinstance(words, ast.List)
                assert _dotted(words.elts[0]) == "sys.executable"
                assert not [one for one in words.elts if isinstance(one, ast.JoinedStr | ast.BinOp)]

    assert found == PROGRAMS


@pytest.mark.parametrize("path", BACKEND, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pattern_is_never_made_of_what_somebody_sent(path: Path) -> None:
    """A regular expression is written in the code, or what is put into it is escaped."""
    for name, call in _calls(path):
        if re.fullmatch(r"re\.(?:compile|match|fullmatch|search|sub|split|findall|finditer)", name):
            pattern = call.args[0]
            parts = pattern.values if isinstance(pattern, ast.JoinedStr) else [pattern]
            for part in parts:
                if isinstance(part, ast.FormattedValue):
                    inner = part.value
                    escaped = isinstance(inner, ast.Call) and _dotted(inner.func) == "re.escape"
                    own = isinstance(inner, ast.Name) and (inner.id.isupper() or inner.id.lstrip("_").isupper())
                    assert escaped or own, (path.name, call.lineno)
                else:
                    assert isinstance(part, ast.Constant | ast.Name | ast.Attribute | ast.BinOp), (
                        path.name,
                        call.lineno,
                    )


@pytest.mark.parametrize("path", BACKEND, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_text_to_fill_in_is_written_in_the_code(path: Path) -> None:
    """``format`` on a text from outside could read what is in memory: only commands for an operator are filled in."""
    for name, call in _calls(path):
        if name.rpartition(".")[2] in ("format", "format_map"):
            assert isinstance(call.func, ast.Attribute)
            filled = call.func.value
            for source in filled.values if isinstance(filled, ast.BoolOp) else [filled]:
                last = _dotted(source).rpartition(".")[2]
                assert last == "command" or last.isupper(), (path.name, call.lineno)


def test_secrets_are_compared_without_telling_how_far_they_agree() -> None:
    """The two places that compare one by themselves; the libraries do it for signatures and tokens."""
    found = {path.name for path in BACKEND for name, _ in _calls(path) if name == "hmac.compare_digest"}

    assert found == {"status.py", "receipts.py"}
    for path in BACKEND:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                sides = [_dotted(side) for side in (node.left, *node.comparators)]
                secret = [side for side in sides if re.search(r"(?i)(client_secret|token|signature)\Z", side)]
                assert not secret, (path.name, node.lineno)


def test_what_must_not_be_guessed_is_random_enough() -> None:
    """128 bits of the system's own randomness; what is shorter names things, and opens none."""
    short = {}
    for path in BACKEND:
        for name, call in _calls(path):
            if name.startswith("secrets.token"):
                (size,) = call.args
                assert isinstance(size, ast.Constant)
                if int(str(size.value)) < 16:
                    short[path.name] = name

    # The id of a request, the mark of a sweep, a coach of the demo, the id of an event that pings.
    assert set(short) == {"middleware.py", "mark.py", "demo.py", "pings.py"}


CHOSEN = (ROOT / "requirements.txt").read_text()
LOCK = ROOT / "requirements/run.lock"


def _pins() -> dict[NormalizedName, Requirement]:
    text = LOCK.read_text() if LOCK.exists() else CHOSEN
    lines = [Requirement(line.rstrip(" \\")) for line in text.splitlines() if re.match(r"[A-Za-z]", line)]
    return {canonicalize_name(one.name): one for one in lines}


def test_whatever_is_needed_is_pinned() -> None:
    """The whole tree of what the backend is built on: nothing comes along unnamed, and none is left that nobody needs."""
    pins = _pins()
    todo = [Requirement(line.split(" ")[0]) for line in CHOSEN.splitlines() if re.match(r"[a-z]", line)]
    needed: set[str] = set()
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        assert name in pins, name
        needed.add(name)
        for line in metadata.distribution(name).requires or []:
            inner = Requirement(line)
            asked = [
                extra for extra in one.extras or {""} if inner.marker is None or inner.marker.evaluate({"extra": extra})
            ]
            if asked and canonicalize_name(inner.name) not in needed:
                todo.append(inner)

    for name, pin in pins.items():
        for_another_system = pin.marker is not None and not pin.marker.evaluate()
        assert name in needed or for_another_system, name


def test_packages_come_from_the_public_index_alone() -> None:
    """No second index, no address, no archive of somebody's: a name means one package."""
    files = [ROOT / name for name in ("requirements.txt", "requirements-dev.txt", "Dockerfile", "Makefile")]
    for file in [*files, *(ROOT / "requirements").glob("*")]:
        text = file.read_text()
        assert not re.search(
            r"--(?:extra-)?index-url|--find-links|--trusted-host|git\+|https?://\S+\.(?:whl|tar|zip)", text
        ), file
