"""The sandbox as a distribution of its own: complete, and in need of nothing else of this repository."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

import backend
from tests.processes import ROOT

FOLDER = ROOT / "backend/sandbox"
GIVEN: dict[str, Any] = tomllib.loads((FOLDER / "pyproject.toml").read_text())
PROJECT, PACKING = GIVEN["project"], GIVEN["tool"]["setuptools"]
NAME = "stripe_sandbox"


def _files() -> list[Path]:
    return [
        path.relative_to(FOLDER) for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]


def test_it_has_every_package() -> None:
    """Each folder with code is named; the build finds none by itself."""
    folders = {path.parent.parts for path in _files() if path.name == "__init__.py"}

    assert sorted(PACKING["packages"]) == sorted(".".join((NAME, *parts)) for parts in folders)


def test_it_has_every_other_file() -> None:
    """Scripts and styles of its pages, and both pages of documentation."""
    patterns = PACKING["package-data"][NAME]
    others = [path for path in _files() if path.suffix != ".py" and path.name not in ("pyproject.toml", "Dockerfile")]

    assert others
    assert [path for path in others if not any(path.match(pattern) for pattern in patterns)] == []


def test_it_needs_what_it_imports() -> None:
    """Names all that it imports; its SDK is the one that is tested here."""
    imported = set()
    for path in _files():
        for node in ast.walk(ast.parse((FOLDER / path).read_text())) if path.suffix == ".py" else ():
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).partition(".")[0])
    for_types_only = {"_typeshed"}
    named = {re.split(r"[=<>]", needed)[0] for needed in PROJECT["dependencies"]}
    lock = (ROOT / "requirements/run.lock").read_text()

    assert imported - sys.stdlib_module_names - for_types_only == named
    assert re.findall(r"^stripe==\S+", lock, re.MULTILINE) == [PROJECT["dependencies"][0]]
    assert PROJECT["version"] == backend.__version__


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a sandbox that was put under its own name, far from this repository, and started by its command."""
    shutil.copytree(FOLDER, tmp_path / NAME)
    module, _, function = PROJECT["scripts"]["stripe-sandbox"].partition(":")
    code = f"from {module} import {function}; {function}()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "--port", "0", "--state", "state.json"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


def test_it_works_without_the_backend(address: str, tmp_path: Path) -> None:
    """A payment is made, and kept; no module of the backend is in reach."""
    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": address})
    given: Any = {"amount": 4_725, "currency": "cad", "confirm": True, "payment_method": "pm_card_visa"}
    payment = client.v1.payment_intents.create(given | {"return_url": "http://localhost/done"})
    saved = client.raw_request("post", "/_sandbox/save", content_type="application/json")

    assert (payment.status, saved.code) == ("succeeded", 200)
    assert payment.id in (tmp_path / "state.json").read_text()
