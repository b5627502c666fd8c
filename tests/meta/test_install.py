"""The environment that ``make run`` and ``make test`` make: without a network, half-made, and by an old Python."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

# A port of this machine at which nobody listens, as a machine without a network meets it.
NOBODY = "http://127.0.0.1:9/simple"
# pip's words, and Python's, which are of no use to a newcomer.
RAW = ("Traceback", "WARNING", "ERROR", "HTTPConnectionPool", "Retry(")


class Checkout:
    """A copy of what ``make`` needs. The lock holds one package, or none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.venv = folder / ".venv"
        (folder / "requirements").mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        shutil.copy(ROOT / "requirements/install.py", folder / "requirements")
        for name in ("run", "dev"):
            self.lock(name, "")

    def lock(self, name: str, text: str) -> None:
        """Lock these packages for running, or for testing."""
        (self.folder / f"requirements/{name}.lock").write_text(text, encoding="utf-8")

    def make(self, *goals: str) -> subprocess.CompletedProcess[str]:
        """Run ``make`` with no way to the network."""
        alone = {"PIP_INDEX_URL": NOBODY, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
        words = ["make", f"PYTHON={sys.executable}", *goals]
        environment = {**os.environ, **alone}
        return subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A folder with what `make` installs from, and no environment yet."""
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment without packages, to copy: making one takes seconds."""
    checkout = Checkout(tmp_path_factory.mktemp("whole"))
    done = checkout.make(".venv/.run-ready")
    assert done.returncode == 0, done.stderr
    return checkout.venv


@pytest.mark.parametrize(("goal", "ready"), [("run", ".run-ready"), ("test", ".dev-ready")])
def test_without_a_network_a_sentence_says_so_and_what_comes_next(
    checkout: Checkout, whole: Path, goal: str, ready: str
) -> None:
    """Nothing of pip's is shown, the exit code is not 0, and the next try begins at the same place."""
    shutil.copytree(whole, checkout.venv, symlinks=True)
    if goal == "run":
        (checkout.venv / ".run-ready").unlink()
    checkout.lock("dev" if goal == "test" else "run", "flask==3.1.3 --hash=sha256:" + "0" * 64 + "\n")
    done = checkout.make(goal)
    assert done.returncode != 0
    assert "The package index cannot be reached, so nothing was installed." in done.stderr
    assert f"Then run this again: make {goal}" in done.stderr
    assert not [word for word in RAW if word in done.stdout + done.stderr]
    assert not (checkout.venv / ready).exists()
    assert "Connection" in (checkout.venv / "install.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("damage", ["killed", "no pip", "no python"])
def test_a_half_made_environment_is_mended_by_the_next_try(checkout: Checkout, whole: Path, damage: str) -> None:
    """Nothing of the interrupted try is left, and the environment works."""
    shutil.copytree(whole, checkout.venv, symlinks=True)
    (checkout.venv / ".run-ready").unlink()
    left = checkout.venv / "left-by-the-first-try"
    left.touch()
    if damage == "killed":
        (checkout.venv / ".installing").touch()
    elif damage == "no pip":
        shutil.rmtree(next(checkout.venv.glob("lib/python*/site-packages/pip")))
    else:
        (checkout.venv / "bin/python").unlink()
    again = checkout.make(".venv/.run-ready")
    assert again.returncode == 0, again.stderr
    assert not left.exists()
    words = [str(checkout.venv / "bin/python"), "-m", "pip", "--version"]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_a_whole_environment_is_kept_when_the_lock_changes(checkout: Checkout, whole: Path) -> None:
    """After an update only what changed is installed."""
    shutil.copytree(whole, checkout.venv, symlinks=True)
    kept = checkout.venv / "kept"
    kept.touch()
    checkout.lock("run", "# nothing either\n")
    ready = checkout.venv / ".run-ready"
    os.utime(ready, (0, 0))
    assert checkout.make(".venv/.run-ready").returncode == 0
    assert kept.exists()
    assert ready.stat().st_mtime > 0


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "PIP_CERT"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the file that the lock"),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: No matching distribution found for flask==99", "lacks a version"),
        ("The virtual environment was not created successfully because ensurepip is not available.", "python3-venv"),
        ("ERROR: something that nobody has met", "something that nobody has met"),
        ("", "install.log"),
    ],
)
def test_each_cause_has_a_sentence(tmp_path: Path, said: str, sentence: str) -> None:
    """A Python that fails with these words stands in for pip."""
    stand_in = tmp_path / ".venv/bin/python"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(f'#!/bin/sh\n[ "$3" = --version ] && exit 0\nprintf %s {shlex.quote(said)}\nexit 1\n')
    stand_in.chmod(0o755)
    words = [sys.executable, str(ROOT / "requirements/install.py"), ".venv", "run.lock", "make run"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Then run this again: make run" in done.stderr
