"""The files around the code: editors, hooks, the workflow, the container to develop in, the change log, the version."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend import __version__
from backend.config.settings import DEFAULT_PORT
from tests.builders import Marketplace

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOW = (ROOT / ".github/workflows/check.yml").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
_PICTURES = (".png", ".svg", ".jpg", ".ico")
_KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split() if (ROOT / name).is_file()]


def test_every_text_is_written_as_the_editorconfig_says() -> None:
    """UTF-8, line feeds, one at the end, no blanks at the end of a line."""
    for name in _tracked():
        if name.endswith(_PICTURES):
            continue
        text = (ROOT / name).read_bytes().decode("utf-8")
        assert not text or text.endswith("\n"), name
        assert "\r" not in text, name
        assert not re.search(r"[ \t]$", text, re.MULTILINE), name


def test_the_line_length_is_said_once_to_editors_and_once_to_ruff() -> None:
    """And is the same."""
    told = re.findall(r"^max_line_length = (\d+)$", (ROOT / ".editorconfig").read_text(), re.MULTILINE)

    assert told == [str(PROJECT["tool"]["ruff"]["line-length"])]


def test_hooks_before_a_commit_run_targets_of_the_makefile_and_install_nothing() -> None:
    """So they cannot differ from what CI runs."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())

    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].removeprefix("make ") in TARGETS


def test_the_workflow_runs_make_check() -> None:
    """On every push to main and every pull request, and may do nothing but read."""
    workflow = yaml.safe_load(WORKFLOW)
    steps = workflow["jobs"]["check"]["steps"]

    assert "make check" in [step.get("run") for step in steps]
    assert set(workflow[True]) == {"push", "pull_request"}  # YAML reads "on" as true
    assert workflow["permissions"] == {"contents": "read"}


def test_the_workflow_pins_what_it_runs_on() -> None:
    """Actions by their commit, the container by the image's own name, the machine by its version."""
    workflow = yaml.safe_load(WORKFLOW)
    image = re.findall(r"^FROM (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    used = re.findall(r"uses: (\S+)", WORKFLOW)

    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert [workflow["jobs"]["check"]["container"]] == image
    assert "latest" not in WORKFLOW


def test_make_check_runs_everything_that_ci_runs() -> None:
    """Format, types, imports, tests, the audit and the SDK's own suite."""
    needs = re.findall(r"^check: ([a-z -]+) ##", MAKEFILE, re.MULTILINE)[0].split()

    assert set(needs) == {"lint", "types", "imports", "test", "audit", "sdk-suite"}


def test_new_versions_are_asked_for_wherever_something_is_pinned() -> None:
    """Each folder with a manifest is in the list, under its kind."""
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    asked = {
        (one["package-ecosystem"], folder)
        for one in updates
        for folder in one.get("directories", [one.get("directory")])
    }
    manifests = {"package.json": "npm", "requirements*.txt": "pip", "Dockerfile": "docker"}
    found = {
        (kind, f"/{Path(name).parent}".removesuffix("."))
        for name in _tracked()
        for pattern, kind in manifests.items()
        if fnmatch.fnmatch(Path(name).name, pattern) and "static" not in name
    }
    found.add(("pip", "/requirements"))

    assert found | {("github-actions", "/")} == asked


def test_the_container_to_develop_in_shows_both_ports_and_runs_a_target() -> None:
    """The backend's and the sandbox's."""
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())

    assert container["forwardPorts"] == [DEFAULT_PORT, DEFAULT_PORT + 1]
    assert container["postCreateCommand"].removeprefix("make ") in TARGETS


def test_the_version_stands_in_one_place(market: Marketplace) -> None:
    """In ``backend/__init__.py``: the project and the reference read it there, and the change log ends with it."""
    assert "version" in PROJECT["project"]["dynamic"]
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "backend.__version__"}
    assert (market.http.get("/openapi.json").json or {})["info"]["version"] == __version__
    for name in _tracked():
        if name.startswith("backend/") and name.endswith(".py") and name != "backend/__init__.py":
            assert f'"{__version__}"' not in (ROOT / name).read_text(), name


def test_the_change_log_is_kept_in_the_usual_form() -> None:
    """Newest first, each version with its day, each entry under the kind of change that it is."""
    versions = re.findall(r"^## \[(.+?)\](?: - (\S+))?$", CHANGELOG, re.MULTILINE)
    released = versions[1:]

    assert versions[0] == ("Unreleased", "")
    assert released[0][0] == __version__
    assert [day for _, day in released] == sorted((day for _, day in released), reverse=True)
    assert all(date.fromisoformat(day) for _, day in released)
    assert re.findall(r"^## (?!\[)", CHANGELOG, re.MULTILINE) == []
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= _KINDS


def test_the_package_says_that_it_is_typed() -> None:
    """A type checker believes the annotations of a package only with this file in it."""
    assert (ROOT / "backend/py.typed").is_file()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_first_pages_lead_to_the_others(name: str) -> None:
    """Both name the page on how it is built, and the page on what the tests promise."""
    text = (ROOT / name).read_text()

    assert "docs/architecture.md" in text
    assert "docs/testing.md" in text
